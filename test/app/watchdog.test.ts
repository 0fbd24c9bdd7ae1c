/** What the bot finds when it looks after itself, and when that wakes somebody. */

import { beforeEach, describe, expect, test } from 'vitest';
import { createWatchdog, type Watchdog } from '../../src/app/watchdog.ts';
import { MINUTE, SECOND } from '../../src/domain/terms.ts';
import type { Overview } from '../../src/ports/overview.ts';
import { type ManualClock, manualClock } from '../support/clock.ts';
import { NOON } from '../support/domain.ts';
import { type RecordedLog, recordedLog } from '../support/log.ts';

let clock: ManualClock;
let log: RecordedLog;
let overview: Overview;
let watchdog: Watchdog;
/** What alarms were told of at each look. */
let sounded: string[][];
let ledgerProblem: () => string | null;

beforeEach(() => {
  [clock, log, sounded, ledgerProblem] = [manualClock(NOON), recordedLog(), [], () => null];
  overview = {
    live: {},
    overdue: null,
    pending: [],
    due: [],
    retried: 0,
    canary: null,
    auditBehind: null,
    newestSeq: 1,
    frozenSince: null,
    drain: null,
    lastBeat: NOON,
    lastAnchor: null,
  };
  watchdog = createWatchdog({
    clock,
    log,
    alarms: {
      sound: async (found) => void sounded.push([...found].map(([kind, problem]) => `${kind}: ${problem}`)),
    },
    databasePath: 'no-such-folder/jit.db',
    overview: async () => overview,
    ledgerProblem: () => ledgerProblem(),
    drift: () => null,
    problems: async () => [],
    heartbeatUrl: null,
  });
});

const look = async (): Promise<readonly string[] | undefined> => {
  watchdog.begin();
  await watchdog.stop();
  return sounded.at(-1);
};
/** At the second look, which is when alarms are told. */
const lookTwice = async () => {
  await look();
  return look();
};
const OVERDUE = { count: 2, since: NOON - MINUTE };
const TOLD = 'overdue: 2 to be ended, the first should have ended 1 min ago';

describe('an alarm', () => {
  test('is told for what is found twice in a row', async () => {
    overview = { ...overview, overdue: OVERDUE };
    expect(await look()).toEqual([]);
    expect(await look()).toEqual([TOLD]);
  });

  test('is not told for what was gone in between', async () => {
    const well = overview;
    overview = { ...well, overdue: OVERDUE };
    await look();
    overview = well;
    expect(await look()).toEqual([]);
    overview = { ...well, overdue: OVERDUE };
    expect(await look()).toEqual([]);
    expect(await look()).toEqual([TOLD]);
  });

  test('is told for an end that nobody has taken for more than two minutes', async () => {
    const due = [
      { kind: 'card', count: 9, since: NOON - 60 * MINUTE },
      { kind: 'end', count: 3, since: NOON - 2 * MINUTE },
    ] as const;
    overview = { ...overview, due };
    expect(await lookTwice()).toEqual([]);
    clock.advance(1);
    expect(await lookTwice()).toEqual(['overdue: 3 to be ended, the first should have ended 2 min ago']);
  });

  test('names what a target refuses rather than what is due behind it', async () => {
    overview = { ...overview, overdue: OVERDUE, due: [{ kind: 'end', count: 9, since: NOON - 9 * MINUTE }] };
    expect(await lookTwice()).toEqual([TOLD]);
  });
});

describe('a look', () => {
  test('comes every half minute until it is stopped', async () => {
    watchdog.begin();
    clock.advance(30 * SECOND - 1);
    clock.advance(1);
    await watchdog.stop();
    expect(sounded).toHaveLength(2);
    clock.advance(MINUTE);
    await watchdog.stop();
    expect(sounded).toHaveLength(2);
  });

  test('that fails is in the log, and the next one comes all the same', async () => {
    ledgerProblem = () => {
      throw new Error('nobody was prepared for this');
    };
    expect(await look()).toBeUndefined();
    expect(log.lines).toMatchObject([{ level: 'error', message: 'the bot could not look after itself' }]);
    ledgerProblem = () => 'event 3 was changed';
    expect(await lookTwice()).toEqual(['ledger: event 3 was changed']);
  });
});
