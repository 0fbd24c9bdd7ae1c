import { ConfigError } from '../config/configError.ts';
import { START } from '../wording/terminal/settings.ts';

const PROXIES = ['HTTPS_PROXY', 'https_proxy', 'HTTP_PROXY', 'http_proxy'];

/** Sends requests through the proxy of the environment, except to hosts in NO_PROXY. @throws ConfigError */
export function useProxyOf(
  variables: NodeJS.ProcessEnv,
  http?: Pick<typeof import('node:http'), 'setGlobalProxyFromEnv'>,
): void {
  if (!PROXIES.some((name) => variables[name])) return;
  // Importing it would take 50 ms, because it loads all of fetch.
  const { setGlobalProxyFromEnv } = http ?? process.getBuiltinModule('node:http');
  if (typeof setGlobalProxyFromEnv !== 'function') throw new ConfigError(START.oldNode(process.versions.node));
  try {
    setGlobalProxyFromEnv(variables);
  } catch (error) {
    throw new ConfigError(START.proxy, {
      cause: error,
    });
  }
}
