/** Monitors the bot itself, even while nothing can be recorded, and sends a heartbeat to an outside address. */

import { statfs } from 'node:fs/promises';
import { dirname } from 'node:path';
import { type AlarmKind, alarmsIn, type Observed } from '../domain/alarm.ts';
import { canaryProblem } from '../domain/canary.ts';
import { MINUTE, type Millis, SECOND } from '../domain/terms.ts';
import { errorText } from '../domain/text.ts';
import { isPostgresAddress } from '../ledger/open/place.ts';
import type { Alarms } from '../lifecycle/health/alarms.ts';
import type { Clock, Log } from '../ports/host.ts';
import type { Overview } from '../ports/overview.ts';

interface WatchdogOptions {
  readonly clock: Clock;
  readonly log: Log;
  readonly alarms: Alarms;
  readonly databasePath: string;
  /** null: the database cannot be read. */
  readonly overview: () => Promise<Overview | null>;
  readonly ledgerProblem: () => string | null;
  readonly drift: () => Millis | null;
  /** What prevents the bot from serving people. Empty if nothing does. */
  readonly problems: () => Promise<readonly string[]>;
  /** Where to send the heartbeat, or null. */
  readonly heartbeatUrl: string | null;
}

export interface Watchdog {
  begin(): void;
  /** Waits for a running check, and starts no other. */
  stop(): Promise<void>;
}

/**
 * How often it checks. A problem raises an alarm when it is found twice in a row: after a machine has slept, much is
 * late for a moment.
 */
const LOOK_EVERY: Millis = 30 * SECOND;
/** Far above the normal delay before an end starts. */
const LATE_END: Millis = 2 * MINUTE;
const HEARTBEAT_TIMEOUT: Millis = 10 * SECOND;

export function createWatchdog(options: WatchdogOptions): Watchdog {
  const { clock, log, alarms } = options;
  let cancel = (): void => undefined;
  let looking: Promise<void> = Promise.resolve();
  let before: ReadonlyMap<AlarmKind, string> = new Map();

  async function look(): Promise<void> {
    try {
      const found = alarmsIn(await observe(options));
      await alarms.sound(new Map([...found].filter(([kind]) => before.has(kind))));
      before = found;
    } catch (error) {
      log.error({ err: error }, 'the bot could not look after itself');
    }
    await tellOutside(options);
  }

  function begin(): void {
    looking = looking.then(look);
    cancel = clock.wakeAt(clock.now() + LOOK_EVERY, begin);
  }

  return {
    begin,
    stop: async () => {
      cancel();
      await looking;
    },
  };
}

async function observe({ clock, overview, ledgerProblem, drift, databasePath }: WatchdogOptions): Promise<Observed> {
  const now = clock.now();
  const seen = await overview();
  return {
    now,
    overdue: seen === null ? null : overdueIn(seen, now),
    ledgerProblem: ledgerProblem(),
    lastWrite: seen?.lastBeat ?? null,
    auditBehind: seen?.auditBehind ?? null,
    canaryProblem: seen?.canary ? canaryProblem(seen.canary, now) : null,
    disk: await diskOf(databasePath),
    drift: drift(),
  };
}

/** Ends that a target refuses, and ends that nothing starts. */
function overdueIn({ overdue, due }: Overview, now: number): Observed['overdue'] {
  if (overdue !== null) return overdue;
  const late = due.find(({ kind, since }) => kind === 'end' && now - since > LATE_END);
  return late === undefined ? null : { count: late.count, since: late.since };
}

/** Free space on the disk of a file, in bytes. @returns null if the system does not say, or it is on a server */
export const diskOf = async (place: string): Promise<{ free: number; size: number } | null> =>
  isPostgresAddress(place)
    ? null
    : statfs(dirname(place)).then(
        ({ bavail, blocks, bsize }) => ({ free: bavail * bsize, size: blocks * bsize }),
        () => null,
      );

/** Only a bot that can serve people sends the heartbeat: its absence is the alarm. */
async function tellOutside({ heartbeatUrl, problems, log }: WatchdogOptions): Promise<void> {
  if (heartbeatUrl === null || (await problems()).length > 0) return;
  try {
    const { ok, status } = await fetch(heartbeatUrl, { signal: AbortSignal.timeout(HEARTBEAT_TIMEOUT) });
    if (!ok) log.warn({ status }, 'the place in JIT_HEARTBEAT_URL did not take the heartbeat');
  } catch (error) {
    log.warn({ problem: errorText(error) }, 'the heartbeat could not be sent to JIT_HEARTBEAT_URL');
  }
}
