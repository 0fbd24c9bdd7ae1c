import { ConfigError } from '../config/configError.ts';

const PROXIES = ['HTTPS_PROXY', 'https_proxy', 'HTTP_PROXY', 'http_proxy'];

/** Requests go through the proxy that the environment names, but for hosts in NO_PROXY. @throws ConfigError */
export function useProxyOf(
  variables: NodeJS.ProcessEnv,
  http?: Pick<typeof import('node:http'), 'setGlobalProxyFromEnv'>,
): void {
  if (!PROXIES.some((name) => variables[name])) return;
  // As a module of its own it takes 50 ms to load, with all that fetch needs.
  const { setGlobalProxyFromEnv } = http ?? process.getBuiltinModule('node:http');
  if (typeof setGlobalProxyFromEnv !== 'function')
    throw new ConfigError(
      `HTTPS_PROXY or HTTP_PROXY is set, which needs Node.js 24.14 or newer; this is ${process.versions.node}`,
    );
  try {
    setGlobalProxyFromEnv(variables);
  } catch (error) {
    throw new ConfigError('HTTPS_PROXY or HTTP_PROXY is no address such as http://proxy.example:3128', {
      cause: error,
    });
  }
}
