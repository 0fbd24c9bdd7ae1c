import type { Lane } from '../jobs/lane.ts';
import { JOBS, type JobHandler, type JobKind, type LaneName } from '../ports/jobs.ts';

/** What does each kind of due work; the rest of its row is in `ports/jobs.ts`. */
export type Handlers = Readonly<Record<JobKind, JobHandler>>;

/** Calls to targets that give, and that take back, at the same time. */
export const TARGET_CONCURRENCY = 16;
/** More is under way than targets are asked at a time, so that what is recorded meanwhile keeps no target waiting. */
const ACCESS_CONCURRENCY = 2 * TARGET_CONCURRENCY;

/** How much of each lane's work goes on at the same time. */
const CONCURRENCY: Readonly<Record<LaneName, number>> = {
  ending: ACCESS_CONCURRENCY,
  giving: ACCESS_CONCURRENCY,
  // Questions to PagerDuty and Slack that nobody waits for.
  checking: 4,
  messages: 4,
  forwarding: 2,
  digest: 1,
  // The audit channel shows events in their order.
  audit: 1,
};

/** What lanes wait for. What gives access waits for all of it, and never stands in the way of what takes it back. */
export interface Gates {
  /** The start is recorded. */
  readonly started: Promise<void>;
  /** The ledger was looked at. */
  readonly checked: Promise<void>;
  /** The audit channel was compared with it. */
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
