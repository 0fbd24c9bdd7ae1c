import { Counter, collectDefaultMetrics, Histogram, Registry } from 'prom-client';
import type { LedgerEvent } from '../domain/events.ts';
import { SECOND } from '../domain/terms.ts';
import type { Meter } from '../ports/meter.ts';

/** The prefix of all names. Names and labels are a public interface, listed in docs/monitoring.md. */
export const PREFIX = 'jitbot_';

/** Buckets in seconds, from an instant answer to one past every deadline. */
const CALL_BUCKETS = [0.05, 0.1, 0.25, 0.5, 1, 2, 5, 10, 30];
/** Buckets in seconds, from instant to a reviewer who answers the next morning. */
const ACCESS_BUCKETS = [0.5, 1, 2, 5, 15, 60, 300, 900, 3_600, 14_400, 43_200];

/** A meter that Prometheus can read. */
export interface CountingMeter extends Meter {
  readonly registry: Registry;
}

/** Counts from the start of the process, as Prometheus expects of counters. */
export function createMeter(): CountingMeter {
  const registry = new Registry();
  const registers = [registry];
  collectDefaultMetrics({ register: registry, prefix: PREFIX });
  const calls = new Histogram({
    name: `${PREFIX}outside_call_seconds`,
    help: 'Calls to Slack, PagerDuty and targets: what was asked, how long it took, and whether it went well.',
    labelNames: ['service', 'kind', 'verb', 'outcome'],
    buckets: CALL_BUCKETS,
    registers,
  });
  const waits = new Counter({
    name: `${PREFIX}rate_limit_wait_seconds_total`,
    help: 'For how long Slack and PagerDuty said not to ask them.',
    labelNames: ['service'],
    registers,
  });
  const events = new Counter({
    name: `${PREFIX}events_total`,
    help: 'Events that were written to the ledger, by type.',
    labelNames: ['type'],
    registers,
  });
  const decisions = new Counter({
    name: `${PREFIX}decisions_total`,
    help: 'What the policy decided about requests: allow, ask, deny, break_glass or canary.',
    labelNames: ['effect'],
    registers,
  });
  const access = new Histogram({
    name: `${PREFIX}time_to_access_seconds`,
    help: 'From the request to the access, by who decided: policy, reviewers or break_glass.',
    labelNames: ['by'],
    buckets: ACCESS_BUCKETS,
    registers,
  });

  const count = (event: LedgerEvent): void => {
    events.inc({ type: event.type });
    if (event.type === 'request.submitted') decisions.inc({ effect: event.payload.decision.effect });
  };
  return {
    registry,
    called: (call, { ok, took }) => calls.observe({ ...call, outcome: ok ? 'ok' : 'failed' }, took / SECOND),
    heldOff: (service, wait) => waits.inc({ service }, wait / SECOND),
    committed: (committed) => committed.forEach(count),
    accessGiven: (by, after) => access.observe({ by }, after / SECOND),
  };
}
