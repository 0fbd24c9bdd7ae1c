import type { Lane } from '../jobs/lane.ts';
import { JOBS, type JobHandler, type JobKind, type LaneName } from '../ports/jobs.ts';

/** The handler of each kind of due work. The rest of its row is in `ports/jobs.ts`. */
export type Handlers = Readonly<Record<JobKind, JobHandler>>;

/** Maximum number of concurrent grants at targets, and of concurrent revokes. */
export const TARGET_CONCURRENCY = 16;
/** More jobs run than targets are called at once, so that writing records leaves no target idle. */
const GIVING_CONCURRENCY = 2 * TARGET_CONCURRENCY;
/** An end that waits for its record, on a slow disk or for another program's lock, keeps no other from its target. */
const ENDING_CONCURRENCY = 16 * TARGET_CONCURRENCY;
/** Maximum number of concurrent read-backs: ends have most of it, whatever those who give and check are doing. */
export const LOOK_CONCURRENCY = 2 * GIVING_CONCURRENCY;

/** Maximum number of concurrent jobs in each lane. */
const CONCURRENCY: Readonly<Record<LaneName, number>> = {
  ending: ENDING_CONCURRENCY,
  giving: GIVING_CONCURRENCY,
  // Questions to PagerDuty and Slack that nobody waits for.
  checking: 4,
  messages: 4,
  forwarding: 2,
  digest: 1,
  // The audit channel shows events in their order.
  audit: 1,
};

/**
 * What lanes wait for. The lane that grants waits for all of it; lanes that end access wait only for the record of the
 * start.
 */
export interface Gates {
  /** The start is recorded. */
  readonly started: Promise<void>;
  /** The ledger was checked. */
  readonly checked: Promise<void>;
  /** The audit channel was compared with the ledger. */
  readonly compared: Promise<void>;
}

export function lanesOf(handlers: Handlers, { started, checked, compared }: Gates): Lane[] {
  const kinds = Object.keys(JOBS) as JobKind[];
  return (Object.keys(CONCURRENCY) as LaneName[]).map((lane) => ({
    concurrency: CONCURRENCY[lane],
    after: lane === 'giving' ? Promise.all([started, checked, compared]).then(() => undefined) : started,
    kinds: Object.fromEntries(
      kinds.filter((kind) => JOBS[kind].lane === lane).map((kind) => [kind, { ...JOBS[kind], handle: handlers[kind] }]),
    ),
  }));
}
