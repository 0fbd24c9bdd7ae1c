import { EnvHttpProxyAgent } from 'undici';
import { expect, test } from 'vitest';
import { socketProxy } from '../../src/slack/link/socketProxy.ts';

test.each(['HTTPS_PROXY', 'https_proxy', 'HTTP_PROXY', 'http_proxy'])('%s is for the socket, too', async (name) => {
  const dispatcher = socketProxy({ [name]: 'http://proxy.example:3128' });
  expect(dispatcher).toBeInstanceOf(EnvHttpProxyAgent);
  await dispatcher?.close();
});

test('without a proxy the library connects by itself', () => {
  expect(socketProxy({ HTTPS_PROXY: '', NO_PROXY: '*' })).toBeUndefined();
});
