import { createServer } from 'node:http';
import { expect, onTestFinished, test, vi } from 'vitest';
import { createHttpServer } from '../../src/http/server.ts';
import { closeServer, listen } from '../../src/sandbox/http.ts';
import { createConnection } from '../../src/slack/connection.ts';
import { recordedLog } from '../support/log.ts';

/** What is wrong with the configuration at a start is named, with what to do. */

test('16 an app token that Slack refuses is named', async () => {
  const server = createServer((_request, response) => {
    response.writeHead(200, { 'content-type': 'application/json' }).end('{"ok":false,"error":"invalid_auth"}');
  });
  const apiUrl = `http://127.0.0.1:${await listen(server)}/`;
  onTestFinished(() => closeServer(server));
  const log = recordedLog();
  const connection = createConnection({ mode: 'socket', appToken: 'xapp-wrong' }, { apiUrl, log });
  await connection.open();
  await vi.waitFor(() =>
    expect(log.lines.find(({ message }) => message.startsWith('not connected to Slack'))).toMatchObject({
      level: 'error',
      message: expect.stringContaining('Slack does not accept SLACK_APP_TOKEN (invalid_auth)'),
    }),
  );
  await connection.close();
});

test('16 a port that is taken is said to be, with what to set', async () => {
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
