import { Gauge, type Registry } from 'prom-client';
import { type Canary, canaryProblem } from '../domain/canary.ts';
import { LIVE_STATES } from '../domain/grant.ts';
import { type Instant, type Millis, SECOND } from '../domain/terms.ts';
import { JOBS, type LaneName } from '../ports/jobs.ts';
import type { Overview } from '../ports/overview.ts';
import { PREFIX } from './meter.ts';

/** Values that are read at scrape time, in addition to the counters. */
export interface Standing {
  readonly now: Instant;
  /** null: the database cannot be read. */
  readonly overview: Overview | null;
  readonly isLedgerTrusted: boolean;
  readonly isSlackConnected: boolean;
  /** Free space on the disk of the database, in bytes. null if unknown. */
  readonly freeBytes: number | null;
  /** How far other clocks are ahead of this machine's, in ms. null if unknown. */
  readonly clockDrift: Millis | null;
  readonly policyHash: string;
  readonly version: string;
}

/** Classes of waiting time of requests, in seconds: from quick ones to forgotten ones. */
const PENDING_AGES = [300, 1_800, 7_200] as const;
const LANES: readonly LaneName[] = [...new Set(Object.values(JOBS).map(({ lane }) => lane))];

/** Reports current values at scrape time. An unknown value is left out, so that an alert can detect it. */
export function createGauges(registry: Registry): (standing: Standing) => void {
  const forget: (() => void)[] = [];
  const gauge = <Label extends string>(name: string, help: string, labelNames: readonly Label[] = []) => {
    const one = new Gauge<Label>({
      name: `${PREFIX}${name}`,
      help,
      labelNames: [...labelNames],
      registers: [registry],
    });
    forget.push(labelNames.length === 0 ? () => one.remove() : () => one.reset());
    return one;
  };
  const info = gauge('info', 'Always 1: the version, and the hash of the policy in force.', ['version', 'policy']);
  const readable = gauge('database_readable', 'Whether the database could be read just now.');
  const trusted = gauge('ledger_trusted', 'Whether the ledger is whole as far as it is known; 0 stops new grants.');
  const connected = gauge('slack_connected', 'Whether Slack reaches the bot.');
  const free = gauge('disk_free_bytes', 'Free space on the disk of the database.');
  const drift = gauge('clock_drift_seconds', 'How far the clocks of Slack and PagerDuty are ahead of this machine.');
  const work = workGauges(gauge);

  return ({ now, overview, ...rest }) => {
    // What is not known now is not what it was.
    for (const one of forget) one();
    info.set({ version: rest.version, policy: rest.policyHash.slice(0, 16) }, 1);
    readable.set(overview === null ? 0 : 1);
    trusted.set(rest.isLedgerTrusted ? 1 : 0);
    connected.set(rest.isSlackConnected ? 1 : 0);
    if (rest.freeBytes !== null) free.set(rest.freeBytes);
    if (rest.clockDrift !== null) drift.set(rest.clockDrift / SECOND);
    if (overview !== null) work(overview, now);
  };
}

type MakeGauge = <Label extends string>(name: string, help: string, labelNames?: readonly Label[]) => Gauge<Label>;

function workGauges(gauge: MakeGauge): (overview: Overview, now: Instant) => void {
  const live = gauge('live_grants', 'Grants that are not over, by state.', ['state']);
  const overdue = gauge('overdue_ends', 'Access that should be gone and could not be taken back yet.');
  const overdueAge = gauge('overdue_oldest_seconds', 'How long the oldest of them should have been gone; 0: none.');
  const pending = gauge('pending_requests', 'Requests that wait for reviewers, by how long: at most so many seconds.', [
    'waited',
  ]);
  const due = gauge('due_work', 'Work that is due and not taken up, by lane.', ['lane']);
  const lag = gauge('due_work_lag_seconds', 'How long the oldest of it has been due, by lane; 0: none is.', ['lane']);
  const frozen = gauge('frozen', 'Whether all access is frozen.');
  const draining = gauge('draining', 'Whether nothing new is granted before maintenance.');
  const retried = gauge('retried_work', 'Work that has failed and is tried again.');
  const behind = gauge('audit_channel_behind_events', 'Events that the audit channel does not show yet.');
  const behindAge = gauge('audit_channel_behind_seconds', 'How long the first of them has waited; 0: it shows all.');
  const canary = canaryGauges(gauge);
  const newest = gauge('ledger_events', 'The number of the newest event.');
  const anchored = gauge('last_anchor_timestamp_seconds', 'When a position of the ledger was last signed and kept.');
  const beat = gauge('last_write_timestamp_seconds', 'When the bot last wrote the time down in its database.');

  return (overview, now) => {
    const age = (since: Instant | undefined) => (since === undefined ? 0 : Math.max(0, now - since) / SECOND);
    for (const state of LIVE_STATES) live.set({ state }, overview.live[state] ?? 0);
    overdue.set(overview.overdue?.count ?? 0);
    overdueAge.set(age(overview.overdue?.since));
    for (const [waited, count] of byAge(overview.pending.map(age))) pending.set({ waited }, count);
    for (const lane of LANES) {
      const ofLane = overview.due.filter(({ kind }) => JOBS[kind].lane === lane);
      due.set(
        { lane },
        ofLane.reduce((sum, { count }) => sum + count, 0),
      );
      lag.set({ lane }, Math.max(0, ...ofLane.map(({ since }) => age(since))));
    }
    frozen.set(overview.frozenSince === null ? 0 : 1);
    draining.set(overview.drain === null ? 0 : 1);
    retried.set(overview.retried);
    behind.set(overview.auditBehind?.count ?? 0);
    behindAge.set(age(overview.auditBehind?.since));
    canary(overview.canary, now);
    newest.set(overview.newestSeq);
    if (overview.lastAnchor !== null) anchored.set(overview.lastAnchor / SECOND);
    beat.set(overview.lastBeat / SECOND);
  };
}

/** None is shown where there is no canary, and no result before there is one. */
function canaryGauges(gauge: MakeGauge): (canary: Canary | null, now: Instant) => void {
  const isWell = gauge(
    'canary_ok',
    'Whether the canary was last given and taken back as it should be, and not too long ago.',
  );
  const passed = gauge('canary_result_timestamp_seconds', 'When the last run of the canary was over.');
  const took = gauge('canary_seconds', 'How long that run took, from its request to its end.');
  const held = gauge('canary_held', 'Whether the canary waits, because nothing is granted to anybody.');

  return (canary, now) => {
    if (canary === null) return;
    held.set(canary.held === null ? 0 : 1);
    const problem = canaryProblem(canary, now);
    if (problem !== null || canary.last !== null) isWell.set(problem === null ? 1 : 0);
    if (canary.last === null) return;
    passed.set(canary.last.at / SECOND);
    took.set(canary.last.took / SECOND);
  };
}

/** Counts each request in exactly one class. */
function byAge(ages: readonly number[]): [string, number][] {
  const bounds = [...PENDING_AGES, Number.POSITIVE_INFINITY];
  return bounds.map((bound, index) => [
    bound === Number.POSITIVE_INFINITY ? 'longer' : String(bound),
    ages.filter((age) => age <= bound && age > (bounds[index - 1] ?? -1)).length,
  ]);
}
