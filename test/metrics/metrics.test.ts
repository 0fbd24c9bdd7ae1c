import { describe, expect, test } from 'vitest';
import { HOUR, MINUTE, SECOND } from '../../src/domain/terms.ts';
import { createGauges, type Standing } from '../../src/metrics/gauges.ts';
import { createMeter } from '../../src/metrics/meter.ts';
import type { Overview } from '../../src/ports/overview.ts';
import { NOON } from '../support/domain.ts';
import { everyEvent } from '../support/everyEvent.ts';

const OVERVIEW: Overview = {
  live: { active: 3, overdue: 1 },
  overdue: { count: 1, since: NOON - HOUR },
  pending: [NOON - 3 * HOUR, NOON - 30 * MINUTE, NOON - 5 * MINUTE],
  due: [
    { kind: 'end', count: 2, since: NOON - 7 * SECOND },
    { kind: 'expire', count: 1, since: NOON - 9 * SECOND },
    { kind: 'card', count: 4, since: NOON - 3 * SECOND },
  ],
  retried: 2,
  canary: null,
  auditBehind: { count: 5, since: NOON - 20 * SECOND },
  newestSeq: 99,
  frozenSince: null,
  drain: null,
  lastBeat: NOON - 30 * SECOND,
  lastAnchor: NOON - HOUR,
};

/** Lines of the exposition without comments, by name and labels. */
async function shown(more: Partial<Standing> = {}, meter = createMeter()) {
  createGauges(meter.registry)({
    now: NOON,
    overview: OVERVIEW,
    isLedgerTrusted: true,
    isSlackConnected: true,
    freeBytes: 1_000,
    clockDrift: -12 * SECOND,
    policyHash: 'abcdef0123456789ffff',
    version: '1.2.3',
    ...more,
  });
  return linesOf(await meter.registry.metrics());
}
const linesOf = (text: string): Record<string, number> =>
  Object.fromEntries(
    text
      .split('\n')
      .filter((line) => line !== '' && !line.startsWith('#'))
      .map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.slice(line.lastIndexOf(' ') + 1))]),
  );

describe('gauges', () => {
  test('show what is live, by state, with a zero for the others', async () => {
    expect(await shown()).toMatchObject({
      'jitbot_live_grants{state="active"}': 3,
      'jitbot_live_grants{state="overdue"}': 1,
      'jitbot_live_grants{state="provisioning"}': 0,
      'jitbot_live_grants{state="revoking"}': 0,
    });
  });

  test('show how many ends are overdue and for how long the oldest is', async () => {
    expect(await shown()).toMatchObject({ jitbot_overdue_ends: 1, jitbot_overdue_oldest_seconds: 3_600 });
  });

  test('show a freeze, and a drain before maintenance', async () => {
    expect(await shown()).toMatchObject({ jitbot_frozen: 0, jitbot_draining: 0 });
    expect(await shown({ overview: { ...OVERVIEW, frozenSince: NOON } })).toMatchObject({ jitbot_frozen: 1 });
    expect(await shown({ overview: { ...OVERVIEW, drain: { until: null } } })).toMatchObject({ jitbot_draining: 1 });
  });

  test('show the last result of the canary, and whether it waits', async () => {
    const last = { at: NOON - MINUTE, took: 3 * SECOND, problem: null };
    const canary = { role: 'db/read', every: HOUR, run: null, beganAt: NOON - HOUR, held: null, heldAt: null, last };
    expect(await shown({ overview: { ...OVERVIEW, canary } })).toMatchObject({
      jitbot_canary_ok: 1,
      jitbot_canary_held: 0,
      jitbot_canary_seconds: 3,
      jitbot_canary_result_timestamp_seconds: (NOON - MINUTE) / SECOND,
    });
    const failed = { ...canary, held: 'a freeze', last: { ...last, problem: 'it could not be given' } };
    expect(await shown({ overview: { ...OVERVIEW, canary: failed } })).toMatchObject({
      jitbot_canary_ok: 0,
      jitbot_canary_held: 1,
    });
    expect(Object.keys(await shown()).filter((name) => name.includes('canary'))).toEqual([]);
    const begun = Object.keys(
      await shown({ overview: { ...OVERVIEW, canary: { ...canary, last: null, beganAt: NOON } } }),
    );
    expect(begun.filter((name) => name.includes('canary'))).toEqual(['jitbot_canary_held']);
  });

  test('say nothing of access and work once the database cannot be read', async () => {
    const meter = createMeter();
    const show = createGauges(meter.registry);
    const standing = { now: NOON, isLedgerTrusted: true, isSlackConnected: true, freeBytes: 1, clockDrift: 1 };
    show({ ...standing, overview: OVERVIEW, policyHash: 'abc', version: '1' });
    expect(linesOf(await meter.registry.metrics())).toHaveProperty('jitbot_overdue_ends', 1);
    show({ ...standing, overview: null, freeBytes: null, clockDrift: null, policyHash: 'abc', version: '1' });
    const left = Object.keys(linesOf(await meter.registry.metrics()));
    expect(left.filter((name) => /overdue|live_grants|due_work|pending|canary|free|drift|frozen/.test(name))).toEqual(
      [],
    );
    expect(left).toContain('jitbot_database_readable');
  });

  test('show zero where nothing is overdue or behind', async () => {
    const overview = { ...OVERVIEW, overdue: null, auditBehind: null, due: [] };
    expect(await shown({ overview })).toMatchObject({
      jitbot_overdue_ends: 0,
      jitbot_overdue_oldest_seconds: 0,
      jitbot_audit_channel_behind_events: 0,
      jitbot_audit_channel_behind_seconds: 0,
      'jitbot_due_work{lane="ending"}': 0,
      'jitbot_due_work_lag_seconds{lane="ending"}': 0,
    });
  });

  test('sort pending requests by how long they have waited, the bound within', async () => {
    expect(await shown()).toMatchObject({
      'jitbot_pending_requests{waited="300"}': 1,
      'jitbot_pending_requests{waited="1800"}': 1,
      'jitbot_pending_requests{waited="7200"}': 0,
      'jitbot_pending_requests{waited="longer"}': 1,
    });
  });

  test('add up the due work of a lane, and show its oldest', async () => {
    expect(await shown()).toMatchObject({
      'jitbot_due_work{lane="ending"}': 3,
      'jitbot_due_work_lag_seconds{lane="ending"}': 9,
      'jitbot_due_work{lane="messages"}': 4,
      'jitbot_due_work_lag_seconds{lane="messages"}': 3,
      'jitbot_due_work{lane="giving"}': 0,
    });
  });

  test('show the audit channel, the ledger, the last anchor and the last write', async () => {
    expect(await shown()).toMatchObject({
      jitbot_audit_channel_behind_events: 5,
      jitbot_audit_channel_behind_seconds: 20,
      jitbot_ledger_events: 99,
      jitbot_last_anchor_timestamp_seconds: (NOON - HOUR) / SECOND,
      jitbot_last_write_timestamp_seconds: (NOON - 30 * SECOND) / SECOND,
      jitbot_retried_work: 2,
    });
  });

  test('show no last anchor where there never was one', async () => {
    expect(await shown({ overview: { ...OVERVIEW, lastAnchor: null } })).not.toHaveProperty(
      'jitbot_last_anchor_timestamp_seconds',
    );
  });

  test('show a ledger that is not trusted, and a Slack that does not reach the bot', async () => {
    expect(await shown()).toMatchObject({ jitbot_ledger_trusted: 1, jitbot_slack_connected: 1 });
    const bad = await shown({ isLedgerTrusted: false, isSlackConnected: false });
    expect(bad).toMatchObject({ jitbot_ledger_trusted: 0, jitbot_slack_connected: 0 });
  });

  test('show the policy in force, and only that after a reload', async () => {
    const meter = createMeter();
    const show = createGauges(meter.registry);
    const standing = {
      now: NOON,
      overview: null,
      isLedgerTrusted: true,
      isSlackConnected: true,
      freeBytes: null,
      clockDrift: null,
    };
    show({ ...standing, policyHash: 'a'.repeat(64), version: '1' });
    show({ ...standing, policyHash: 'b'.repeat(64), version: '1' });
    const names = Object.keys(linesOf(await meter.registry.metrics())).filter((name) => name.startsWith('jitbot_info'));
    expect(names).toEqual([`jitbot_info{version="1",policy="${'b'.repeat(16)}"}`]);
  });

  test('show how far other clocks are ahead, and nothing where none was heard', async () => {
    expect(await shown()).toMatchObject({ jitbot_clock_drift_seconds: -12 });
    expect(await shown({ clockDrift: null })).not.toHaveProperty('jitbot_clock_drift_seconds');
  });

  test('say that the database cannot be read, and show no free space that is not known', async () => {
    const found = await shown({ overview: null, freeBytes: null });
    expect(found.jitbot_database_readable).toBe(0);
    expect(found).not.toHaveProperty('jitbot_disk_free_bytes');
    expect(await shown()).toMatchObject({ jitbot_database_readable: 1, jitbot_disk_free_bytes: 1_000 });
  });
});

describe('counters', () => {
  test('count events by type, and decisions by what was decided', async () => {
    const meter = createMeter();
    const submitted = everyEvent().filter(({ type }) => type === 'request.submitted');
    const stopped = everyEvent().filter(({ type }) => type === 'bot.stopped');
    meter.committed([...submitted, ...stopped]);
    const effect = submitted.flatMap((event) =>
      'decision' in event.payload ? [event.payload.decision.effect] : [],
    )[0];
    expect(linesOf(await meter.registry.metrics())).toMatchObject({
      'jitbot_events_total{type="bot.stopped"}': stopped.length,
      'jitbot_events_total{type="request.submitted"}': submitted.length,
      [`jitbot_decisions_total{effect="${effect}"}`]: submitted.length,
    });
  });

  test('count calls by outcome, how long they took, and waits, in seconds', async () => {
    const meter = createMeter();
    const call = { service: 'target', kind: 'postgres', verb: 'revoke' } as const;
    meter.called(call, { ok: true, took: 200 });
    meter.called(call, { ok: false, took: 3_000 });
    meter.heldOff('slack', 30 * SECOND);
    meter.accessGiven('policy', 1_500);
    const labels = 'service="target",kind="postgres",verb="revoke"';
    expect(linesOf(await meter.registry.metrics())).toMatchObject({
      [`jitbot_outside_call_seconds_sum{${labels},outcome="ok"}`]: 0.2,
      [`jitbot_outside_call_seconds_count{${labels},outcome="failed"}`]: 1,
      'jitbot_rate_limit_wait_seconds_total{service="slack"}': 30,
      'jitbot_time_to_access_seconds_sum{by="policy"}': 1.5,
    });
  });
});
