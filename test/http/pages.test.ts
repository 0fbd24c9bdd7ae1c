import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Page } from '../../src/http/page.ts';
import { createHttpServer, type HttpServer } from '../../src/http/server.ts';
import { recordedLog } from '../support/log.ts';
import { freePort } from '../support/ports.ts';

let port: number;
let server: HttpServer;
const pages = new Map<string, Page>([
  ['/open', { show: async () => ({ status: 503, type: 'text/plain', text: 'as it is' }) }],
  [
    '/closed',
    {
      refuses: ({ authorization }) => (authorization === 'Bearer right' ? null : 'wrong'),
      show: async () => ({ status: 200, type: 'text/plain', text: 'inside' }),
    },
  ],
  ['/broken', { show: () => Promise.reject(new Error('no')) }],
]);
beforeEach(async () => {
  port = await freePort();
  server = createHttpServer(port, new Map(), recordedLog(), { openFiles: 64, pages });
  await server.open();
});
afterEach(() => server.close());
const ask = (path: string, init?: RequestInit) => fetch(`http://127.0.0.1:${port}${path}`, init);

describe('a page', () => {
  test('is read with GET, whatever query follows', async () => {
    const answer = await ask('/open?full');
    expect([answer.status, answer.headers.get('content-type'), await answer.text()]).toEqual([
      503,
      'text/plain',
      'as it is',
    ]);
    expect(answer.headers.get('cache-control')).toBe('no-store');
  });

  test('is answered to HEAD without its text', async () => {
    const answer = await ask('/open', { method: 'HEAD' });
    expect([answer.status, await answer.text()]).toEqual([503, '']);
  });

  test('refuses any other method with 405, and says which are allowed', async () => {
    const answer = await ask('/open', { method: 'POST', body: '{}' });
    expect([answer.status, answer.headers.get('allow')]).toEqual([405, 'GET, HEAD']);
  });

  test('that needs a token is shown only with it', async () => {
    expect((await ask('/closed')).status).toBe(401);
    expect((await ask('/closed', { headers: { authorization: 'Bearer wrong' } })).status).toBe(401);
    const answer = await ask('/closed', { headers: { authorization: 'Bearer right' } });
    expect([answer.status, await answer.text()]).toEqual([200, 'inside']);
  });

  test('that fails is a 500, and the next one is answered', async () => {
    expect((await ask('/broken')).status).toBe(500);
    expect((await ask('/open')).status).toBe(503);
  });
});
