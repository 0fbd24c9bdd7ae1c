import { createRequire } from 'node:module';
import type { Dispatcher } from 'undici';

const PROXIES = ['HTTPS_PROXY', 'https_proxy', 'HTTP_PROXY', 'http_proxy'];

/**
 * How the socket reaches Slack. The library opens it with a connector of its own, which knows of no proxy, unless it is given one.
 * @returns undefined without a proxy in the environment
 */
export function socketProxy(variables: NodeJS.ProcessEnv): Dispatcher | undefined {
  if (!PROXIES.some((name) => variables[name])) return undefined;
  const { EnvHttpProxyAgent } = createRequire(import.meta.url)('undici') as typeof import('undici');
  // A socket needs a connection to itself, which HTTP/2 does not give, nor a proxy that passes requests on.
  return new EnvHttpProxyAgent({ allowH2: false, proxyTunnel: true });
}
