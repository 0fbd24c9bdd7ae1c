/** What those who watch over a bot read on its port. */

import SQLite from 'better-sqlite3';
import { afterEach, describe, expect, test } from 'vitest';
import { type Stage, setStage } from '../support/bot.ts';
import { freePort } from '../support/ports.ts';

const MINUTE = 60_000;
const PATIENTLY = { timeout: 10_000 };
const TOKEN = 'a-token-of-the-metrics';
let stage: Stage;
let port: number;
afterEach(() => stage.close());

async function set(env: Record<string, string> = {}): Promise<void> {
  port = await freePort();
  stage = await setStage({ env: { PORT: String(port), ...env } });
}
const ask = (path: string, headers: Record<string, string> = {}) =>
  fetch(`http://127.0.0.1:${port}${path}`, { headers });
const text = async (path: string) => (await ask(path)).text();
const isReady = async () => (await ask('/readyz')).status;
const becomes = (status: number) => expect.poll(isReady, { timeout: 10_000 }).toBe(status);

describe('health', () => {
  test('is told in Socket Mode too, as soon as there is a PORT', async () => {
    await set();
    expect(await (await ask('/healthz')).json()).toEqual({ alive: true, version: expect.stringMatching(/^\d+\./) });
    await becomes(200);
    expect(await (await ask('/readyz')).json()).toEqual({
      ready: true,
      ledger: 'ok',
      database: 'ok',
      slack: 'ok',
      due_work: 'ok',
    });
  });

  test('a bot that Slack does not reach is not ready, and is again when it does', async () => {
    await set();
    await becomes(200);
    stage.sandbox.slack.faults.add({ kind: 'dropped', match: 'apps.connections.open' });
    stage.sandbox.slack.link.dropAll();
    await becomes(503);
    expect(await text('/readyz')).toContain('the bot is not connected to Slack');
    stage.sandbox.slack.faults.clear();
    await becomes(200);
  });

  test('a bot that cannot write its database is alive and not ready', async () => {
    await set();
    await becomes(200);
    const other = new SQLite(stage.sandbox.env.JIT_DATABASE ?? '');
    other.exec('BEGIN IMMEDIATE');
    stage.clock.jump(3 * MINUTE);
    await becomes(503);
    expect(await text('/readyz')).toContain('nothing was written since');
    expect((await ask('/healthz')).status).toBe(200);
    other.exec('ROLLBACK');
    other.close();
    await expect
      .poll(
        () => {
          stage.clock.jump(MINUTE);
          return text('/readyz');
        },
        { timeout: 10_000, interval: 500 },
      )
      .toContain('"ready":true');
  });

  test('a bot that starts on a locked database is alive before its start is recorded', async () => {
    await set();
    await stage.stopBot();
    const other = new SQLite(stage.sandbox.env.JIT_DATABASE ?? '');
    other.exec('BEGIN IMMEDIATE');
    const started = stage.restart();
    await expect
      .poll(
        () =>
          ask('/healthz').then(
            ({ status }) => status,
            () => 0,
          ),
        { timeout: 10_000 },
      )
      .toBe(200);
    expect(await isReady()).toBe(503);
    other.exec('ROLLBACK');
    other.close();
    stage.clock.jump(MINUTE);
    await started;
    await becomes(200);
  });
});

describe('metrics', () => {
  test('count what was decided, given and asked of others', async () => {
    await set();
    await stage.ana.jit('request payments read 1h stuck payments');
    await stage.ana.readsDirect('You have Payments database (read)');
    await expect
      .poll(() => text('/metrics'), PATIENTLY)
      .toContain('jitbot_time_to_access_seconds_count{by="policy"} 1');
    const found = await text('/metrics');
    expect(found).toContain('jitbot_decisions_total{effect="allow"} 1');
    expect(found).toContain('jitbot_live_grants{state="active"} 1');
    expect(found).toMatch(
      /jitbot_outside_call_seconds_count\{service="target",kind="postgres",verb="grant",outcome="ok"\} 1/,
    );
    expect(found).toMatch(
      /jitbot_outside_call_seconds_count\{service="slack",kind="",verb="chat.postMessage",outcome="ok"\}/,
    );
    expect(found).toMatch(
      /jitbot_outside_call_seconds_count\{service="pagerduty",kind="",verb="GET \/oncalls",outcome="ok"\}/,
    );
    expect(found).not.toMatch(/\bana\b|kova|stuck/i);
  });

  test('count a target that fails, and access that is overdue', async () => {
    await set();
    await stage.ana.jit('request payments read 1h stuck payments');
    await stage.ana.readsDirect('You have Payments database (read)');
    stage.sandbox.proxy.cut();
    stage.clock.jump(61 * MINUTE);
    await expect
      .poll(() => text('/metrics'), PATIENTLY)
      .toMatch(/outside_call_seconds_count\{service="target",kind="postgres",verb="revoke",outcome="failed"\} [1-9]/);
    stage.sandbox.proxy.restore();
    stage.clock.jump(2 * MINUTE);
    await stage.recorded('grant.ended');
  });

  test('count a rate limit of Slack and how long it said to wait', async () => {
    await set();
    stage.sandbox.slack.faults.add({ kind: 'rate_limited', match: 'chat.postMessage', times: 1 });
    await stage.ana.jit('request payments read 1h stuck payments');
    await expect
      .poll(() => text('/metrics'), PATIENTLY)
      .toContain('jitbot_rate_limit_wait_seconds_total{service="slack"} ');
  });

  test('are for whoever carries the token alone, where there is one', async () => {
    await set({ JIT_METRICS_TOKEN: TOKEN });
    expect((await ask('/metrics')).status).toBe(401);
    expect((await ask('/metrics', { authorization: `Bearer ${TOKEN}x` })).status).toBe(401);
    expect((await ask('/metrics', { authorization: `Bearer ${TOKEN}` })).status).toBe(200);
    expect((await ask('/healthz')).status).toBe(200);
  });
});
