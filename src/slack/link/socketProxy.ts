import { createRequire } from 'node:module';
import type { Dispatcher } from 'undici';

const PROXIES = ['HTTPS_PROXY', 'https_proxy', 'HTTP_PROXY', 'http_proxy'];

/**
 * The dispatcher of the socket. Without one, the library's own connector ignores the proxy.
 * @returns undefined if the environment sets no proxy
 */
export function socketProxy(variables: NodeJS.ProcessEnv): Dispatcher | undefined {
  if (!PROXIES.some((name) => variables[name])) return undefined;
  const { EnvHttpProxyAgent } = createRequire(import.meta.url)('undici') as typeof import('undici');
  // A WebSocket needs a connection of its own, which neither HTTP/2 nor a forwarding proxy provides.
  return new EnvHttpProxyAgent({ allowH2: false, proxyTunnel: true });
}
