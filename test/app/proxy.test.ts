import { expect, test } from 'vitest';
import { useProxyOf } from '../../src/app/proxy.ts';

/** What a Node is asked to do about these variables. */
function asked(variables: Record<string, string>): NodeJS.ProcessEnv[] {
  const calls: NodeJS.ProcessEnv[] = [];
  const setGlobalProxyFromEnv = (given: NodeJS.ProcessEnv = {}) => {
    calls.push(given);
    return () => undefined;
  };
  useProxyOf(variables, { setGlobalProxyFromEnv } as unknown as typeof import('node:http'));
  return calls;
}

test.each(['HTTPS_PROXY', 'https_proxy', 'HTTP_PROXY', 'http_proxy'])('%s names a proxy', (name) => {
  const variables = { [name]: 'http://proxy.example:3128', NO_PROXY: 'flags.example' };
  expect(asked(variables)).toEqual([variables]);
});

test('without a proxy nothing is set, whatever NO_PROXY says', () => {
  expect(asked({ NO_PROXY: '*', HTTPS_PROXY: '' })).toEqual([]);
});

test('a proxy that is not an address is refused', () => {
  expect(() => useProxyOf({ HTTPS_PROXY: 'not an address' })).toThrow(
    'HTTPS_PROXY or HTTP_PROXY is no address such as http://proxy.example:3128',
  );
});

test('a Node.js without support for proxies refuses rather than going around it', () => {
  const old = {} as unknown as typeof import('node:http');
  expect(() => useProxyOf({ HTTPS_PROXY: 'http://proxy.example:3128' }, old)).toThrow('needs Node.js 24.14 or newer');
});
