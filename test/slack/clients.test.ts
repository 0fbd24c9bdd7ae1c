/** The clients of Slack's Web API: how long each waits, what it counts, and which refusals are of the token. */

import { createServer } from 'node:http';
import { afterEach, expect, onTestFinished, test, vi } from 'vitest';
import { SILENT_METER } from '../../src/ports/meter.ts';
import { closeServer, listen } from '../../src/sandbox/http.ts';
import { createClients, isAuthFailure, slackProblem } from '../../src/slack/link/clients.ts';
import { recordedLog } from '../support/log.ts';
import { refusedBySlack } from '../support/slackClient.ts';

afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

const options = { token: 'xoxb-1', apiUrl: 'http://127.0.0.1:1/', log: recordedLog() };

/** A Slack that takes a call and never answers, on the clock of the test. */
function silentSlack() {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  vi.spyOn(AbortSignal, 'timeout').mockImplementation((ms) => {
    const late = new AbortController();
    setTimeout(() => late.abort(new DOMException('late', 'TimeoutError')), ms);
    return late.signal;
  });
  const silence = (_to: unknown, init?: RequestInit) =>
    new Promise<never>((_, reject) => {
      init?.signal?.addEventListener('abort', () => reject(init.signal?.reason));
    });
  vi.stubGlobal('fetch', silence);
}

test.each([
  ['somebody waits for', 'interactive', 3_000],
  ['nobody waits for', 'background', 10_000],
] as const)('a call that %s is given up after its own time', async (_, which, most) => {
  silentSlack();
  let isOver = false;
  const call = createClients(options)
    [which].auth.test()
    .catch((error: unknown) => error)
    .finally(() => {
      isOver = true;
    });
  await vi.advanceTimersByTimeAsync(most - 1);
  expect(isOver).toBe(false);
  await vi.advanceTimersByTimeAsync(1);
  expect(slackProblem(await call)).toContain('Slack cannot be reached');
});

test('a used-up rate limit counts in ms, and reads in seconds', async () => {
  const server = createServer((_, response) => void response.writeHead(429, { 'retry-after': '7' }).end());
  const apiUrl = `http://127.0.0.1:${await listen(server)}/`;
  onTestFinished(() => closeServer(server));
  const heldOff = vi.fn();
  const { interactive, background } = createClients({ ...options, apiUrl, meter: { ...SILENT_METER, heldOff } });
  for (const client of [interactive, background]) {
    const error = await client.auth.test().catch((failed: unknown) => failed);
    expect(slackProblem(error)).toBe("Slack's rate limit is used up for another 7 s");
    expect(heldOff).toHaveBeenLastCalledWith('slack', 7_000);
  }
  expect(heldOff).toHaveBeenCalledTimes(2);
});

test.each([
  ['invalid_auth', true],
  ['not_authed', true],
  ['not_allowed_token_type', true],
  ['token_revoked', true],
  ['token_expired', true],
  ['account_inactive', true],
  // A scope, a channel or Slack itself is the trouble, and the token is good.
  ['missing_scope', false],
  ['channel_not_found', false],
  ['internal_error', false],
])('whether %s refuses the token', (code, isRefused) => {
  expect(isAuthFailure(refusedBySlack(code))).toBe(isRefused);
});

test('an unreachable Slack refuses no token', () => {
  expect(isAuthFailure(new Error('invalid_auth'))).toBe(false);
  expect(slackProblem(new Error('down'))).toBe('Slack cannot be reached: down');
});

test.each([
  ['not_in_channel', 'the bot is not in the channel; type "/invite @jit" there (not_in_channel)'],
  ['ratelimited_somehow', 'Slack refused: ratelimited_somehow'],
])('%s is reported with what to do, if there is anything', (code, told) => {
  expect(slackProblem(refusedBySlack(code))).toBe(told);
});
