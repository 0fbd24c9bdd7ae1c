/** A bot, PagerDuty's events and a webhook, each a server whose answers a test decides. */

import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createWatch, type Watch } from '../../src/app/watch.ts';
import { MINUTE, SECOND } from '../../src/domain/terms.ts';
import { type ManualClock, manualClock } from '../support/clock.ts';
import { type RecordedLog, recordedLog } from '../support/log.ts';

let clock: ManualClock;
let log: RecordedLog;
let watch: Watch;
let servers: Server[];
let bot: number;
let takes: number;
/** What the webhook answers, where it is another answer than PagerDuty's. */
let webhookTakes: number | null;
let events: Record<string, unknown>[];
let posts: Record<string, unknown>[];

const serve = async (answer: (body: string) => [number, string]): Promise<string> => {
  const server = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => {
      body += chunk.toString();
    });
    request.on('end', () => {
      const [status, text] = answer(body);
      response.writeHead(status).end(text);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  servers.push(server);
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
};

beforeEach(async () => {
  [clock, log, servers, events, posts] = [manualClock(), recordedLog(), [], [], []];
  [bot, takes, webhookTakes] = [200, 202, null];
  const keep = (list: Record<string, unknown>[], status: () => number) => (body: string) => {
    if (status() < 300) list.push(JSON.parse(body) as Record<string, unknown>);
    return [status(), ''] as [number, string];
  };
  watch = createWatch({
    url: await serve(() => [bot, '{"ready":false,"slack":"the bot is not connected to Slack"}']),
    every: 30 * SECOND,
    after: 2 * MINUTE,
    routingKey: 'r'.repeat(32),
    pagerDutyEventsUrl: await serve(keep(events, () => takes)),
    webhook: await serve(keep(posts, () => webhookTakes ?? takes)),
    clock,
    log,
  });
  watch.begin();
  await watch.idle();
});
afterEach(async () => {
  await watch.stop();
  for (const server of servers) server.close();
});

/** Half a minute at a time, each with the look that it brings. */
const passes = async (ms: number) => {
  for (let left = ms; left > 0; left -= 30 * SECOND) {
    clock.advance(30 * SECOND);
    await watch.idle();
  }
};

describe('a watched bot', () => {
  test('that is well raises nothing', async () => {
    await passes(10 * MINUTE);
    expect([events, posts, log.lines]).toEqual([[], [], []]);
  });

  test('that is not well for less than two minutes raises nothing', async () => {
    bot = 503;
    await passes(90 * SECOND);
    bot = 200;
    await passes(10 * MINUTE);
    expect([events, posts]).toEqual([[], []]);
  });

  test('that is not well for two minutes pages and posts once, with its answer', async () => {
    bot = 503;
    await passes(10 * MINUTE);
    expect(events).toEqual([
      {
        routing_key: 'r'.repeat(32),
        event_action: 'trigger',
        dedup_key: expect.stringMatching(/^jitbot watch http/),
        payload: {
          summary: 'jitbot has not been well for 2 min: access may not end on time',
          source: expect.stringMatching(/^http/),
          severity: 'critical',
          custom_details: expect.objectContaining({ problem: expect.stringContaining('it answers 503') }),
        },
      },
    ]);
    expect(posts).toEqual([expect.objectContaining({ alarm: 'trigger', since: '2026-01-15T12:00:00.000Z' })]);
  });

  test('that is gone altogether raises an alarm too', async () => {
    await new Promise<void>((resolve) => {
      servers[0]?.close(() => resolve());
      servers[0]?.closeAllConnections();
    });
    await passes(3 * MINUTE);
    expect(posts).toEqual([expect.objectContaining({ problem: expect.stringContaining('it does not answer') })]);
  });

  test('that is well again resolves its alarm, under the same key', async () => {
    bot = 503;
    await passes(2 * MINUTE);
    bot = 200;
    await passes(2 * MINUTE);
    expect(events.map(({ event_action }) => event_action)).toEqual(['trigger', 'resolve']);
    expect(events[1]?.dedup_key).toBe(events[0]?.dedup_key);
    expect(posts.map(({ alarm }) => alarm)).toEqual(['trigger', 'resolve']);
  });

  test('that fails again raises another alarm', async () => {
    for (const status of [503, 200, 503]) {
      bot = status;
      await passes(3 * MINUTE);
    }
    expect(events.map(({ event_action }) => event_action)).toEqual(['trigger', 'resolve', 'trigger']);
  });
});

test('an alarm that is not delivered is raised again until it is', async () => {
  [bot, takes] = [503, 500];
  await passes(4 * MINUTE);
  expect(events).toEqual([]);
  takes = 202;
  await passes(2 * MINUTE);
  expect(events).toHaveLength(1);
  expect(posts).toHaveLength(1);
});

test('an alarm that one of two receivers took is raised until the other has it too', async () => {
  [bot, webhookTakes] = [503, 500];
  await passes(4 * MINUTE);
  expect(events.length).toBeGreaterThan(1);
  expect(posts).toEqual([]);
  webhookTakes = 200;
  await passes(2 * MINUTE);
  expect(posts).toHaveLength(1);
});

test('an alarm that one of two places took is over there, too, once the bot is well', async () => {
  [bot, webhookTakes] = [503, 500];
  await passes(4 * MINUTE);
  [bot, webhookTakes] = [200, 200];
  await passes(MINUTE);
  expect(events.at(-1)?.event_action).toBe('resolve');
  expect(posts.map(({ alarm }) => alarm)).toEqual(['resolve']);
});
