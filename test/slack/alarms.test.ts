/** Somebody is woken for the bot itself, and a place outside hears that it is there. */

import { createServer, type Server } from 'node:http';
import SQLite from 'better-sqlite3';
import { afterEach, describe, expect, test } from 'vitest';
import type { EventType } from '../../src/domain/events.ts';
import { type Stage, setStage } from '../support/bot.ts';
import { freePort } from '../support/ports.ts';

const MINUTE = 60_000;
let stage: Stage;
let server: Server | null = null;
afterEach(async () => {
  await stage.close();
  server?.close();
  server = null;
});

const paging = (source: string) => `${source}\nalarms: { page: PSECURITY }\n`;
const incident = (title: string) => () =>
  stage.sandbox.pagerDuty.account.incidents.find((one) => one.title.includes(title));

/** Half a minute at a time, as the bot looks after itself. */
const passesUntil = (type: EventType) =>
  expect
    .poll(
      () => {
        stage.clock.jump(MINUTE / 2);
        return stage.events().some((event) => event.type === type);
      },
      { timeout: 20_000, interval: 300 },
    )
    .toBe(true);

describe('an alarm', () => {
  test('for an audit channel behind pages, tells an administrator, and ends with it', async () => {
    stage = await setStage({ policy: paging });
    stage.sandbox.slack.faults.add({ kind: 'error_500', match: 'chat.postMessage C0AUDIT' });
    await stage.ana.jit('request payments read 1h stuck payments');
    await stage.ana.readsDirect('You have Payments database (read)');
    stage.clock.jump(11 * MINUTE);
    await passesUntil('alarm.raised');
    await expect.poll(() => incident('the audit channel is behind')()?.status, { timeout: 10_000 }).toBe('triggered');
    await stage.eve.readsDirect('The audit channel is behind');
    stage.sandbox.slack.faults.clear();
    await passesUntil('alarm.ended');
    stage.clock.jump(2 * MINUTE);
    await expect.poll(() => incident('the audit channel is behind')()?.status, { timeout: 10_000 }).toBe('resolved');
    await stage.eve.readsDirect('Over');
  });

  test('for an unwritable database is raised without it, and its end is recorded', async () => {
    stage = await setStage({ policy: paging });
    const other = new SQLite(stage.sandbox.env.JIT_DATABASE ?? '');
    other.exec('BEGIN IMMEDIATE');
    await expect
      .poll(
        () => {
          stage.clock.jump(3 * MINUTE);
          return incident('the database cannot be written')()?.status;
        },
        { timeout: 30_000, interval: 500 },
      )
      .toBe('triggered');
    await stage.eve.readsDirect('The database cannot be written');
    other.exec('ROLLBACK');
    other.close();
    await passesUntil('alarm.ended');
    await expect.poll(() => incident('the database cannot be written')()?.status, { timeout: 10_000 }).toBe('resolved');
  });
});

describe('the heartbeat', () => {
  test('tells outside that the bot can serve people, and stops when it cannot', async () => {
    const port = await freePort();
    let heard = 0;
    server = createServer((_request, response) => {
      heard += 1;
      response.end();
    }).listen(port);
    stage = await setStage({ env: { JIT_HEARTBEAT_URL: `http://127.0.0.1:${port}/secret-address-of-mine` } });
    const next = () => {
      stage.clock.jump(MINUTE / 2);
      return heard;
    };
    await expect.poll(next, { timeout: 10_000, interval: 200 }).toBeGreaterThan(1);
    stage.sandbox.slack.faults.add({ kind: 'dropped', match: 'apps.connections.open' });
    stage.sandbox.slack.link.dropAll();
    await stage.logged('not connected to Slack', 1);
    stage.clock.jump(MINUTE / 2);
    await stage.stays('silent', () => true);
    const before = heard;
    stage.clock.jump(MINUTE / 2);
    await stage.stays('silent', () => heard === before);
    stage.sandbox.slack.faults.clear();
    await expect.poll(next, { timeout: 40_000, interval: 500 }).toBeGreaterThan(before);
  });

  test('that is not accepted is in the log, without its address', async () => {
    stage = await setStage({ env: { JIT_HEARTBEAT_URL: 'http://127.0.0.1:9/secret-address-of-mine' } });
    await expect
      .poll(
        () => {
          stage.clock.jump(MINUTE / 2);
          return stage.log.lines.some(({ message }) => message.startsWith('the heartbeat could not be sent'));
        },
        { timeout: 10_000, interval: 200 },
      )
      .toBe(true);
    expect(JSON.stringify(stage.log.lines)).not.toContain('secret-address-of-mine');
  });
});
