/** What is wrong with the configuration at a start is named, with what to do. */

import { createServer } from 'node:http';
import { expect, onTestFinished, test } from 'vitest';
import { createHttpServer } from '../../src/http/server.ts';
import { closeServer, listen } from '../../src/sandbox/http.ts';
import { socketConnection } from '../../src/slack/link/connection.ts';
import { recordedLog } from '../support/log.ts';

async function connectionTo(answer: string) {
  const server = createServer((_request, response) => {
    response.writeHead(200, { 'content-type': 'application/json' }).end(answer);
  });
  const apiUrl = `http://127.0.0.1:${await listen(server)}/`;
  onTestFinished(() => closeServer(server));
  const log = recordedLog();
  const connection = socketConnection('xapp-wrong', { apiUrl, log });
  onTestFinished(() => connection.close());
  return { connection, log };
}

test.each(['invalid_auth', 'not_allowed_token_type', 'account_inactive'])(
  'an app token that Slack refuses (%s) is named, at start and in the log',
  async (code) => {
    const { connection, log } = await connectionTo(JSON.stringify({ ok: false, error: code }));
    const problem = `Slack does not accept SLACK_APP_TOKEN (${code})`;
    await expect(connection.open()).rejects.toMatchObject({
      name: 'TokenRefused',
      message: expect.stringContaining(problem),
    });
    expect(log.lines.find(({ message }) => message.startsWith('not connected to Slack'))).toMatchObject({
      level: 'error',
      message: expect.stringContaining(problem),
    });
  },
);

test('Slack being down refuses no token: start and connecting go on', async () => {
  const { connection, log } = await connectionTo('{"ok":false,"error":"internal_error"}');
  await connection.open();
  expect(log.lines.map(({ message }) => message)).toContainEqual(expect.stringContaining('not connected to Slack'));
});

test('a port in use is named, with what to set', async () => {
  const taken = createServer();
  await new Promise<void>((resolve) => taken.listen(0, resolve));
  onTestFinished(() => closeServer(taken));
  const address = taken.address();
  const port = typeof address === 'object' && address ? address.port : 0;
  const second = createHttpServer(port, new Map(), recordedLog());
  await expect(second.open()).rejects.toThrow(
    `cannot listen on port ${port}: another program listens there already; set PORT to a free one`,
  );
});
