/** What may hold the event loop, one by one. */

import { spawn } from 'node:child_process';
import { rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { weekPictureBeside } from '../../src/app/pictureBeside.ts';
import { readPolicyBeside } from '../../src/app/policyBeside.ts';
import { nextTurn } from '../../src/concurrency/turn.ts';
import { loadPolicy } from '../../src/config/policyFile.ts';
import type { Grant } from '../../src/domain/grant.ts';
import { summarize } from '../../src/domain/report.ts';
import { HOUR, known, SECOND } from '../../src/domain/terms.ts';
import { figuresInSteps } from '../../src/ledger/history/figures.ts';
import { verifyInSteps } from '../../src/ledger/history/verify.ts';
import { openLedgerToRead } from '../../src/ledger/sqlite/open.ts';
import { createDriftRound } from '../../src/lifecycle/grant/findDrift.ts';
import { reloadPolicy } from '../../src/lifecycle/reloadPolicy.ts';
import { possibleNow } from '../../src/lifecycle/request/outlook.ts';
import { submitRequest } from '../../src/lifecycle/request/submitRequest.ts';
import type { OnCall } from '../../src/ports/pagerDuty.ts';
import { PROVISIONERS } from '../../src/provisioners/registry.ts';
import { connectTargets } from '../../src/provisioners/targets.ts';
import { makeBigLedger } from '../support/bigLedger.ts';
import { POLICY_SECRETS, policySource } from '../support/bigPolicy.ts';
import { recordedLog } from '../support/log.ts';
import { type Box, benchPerson, createBenchBox } from './box.ts';
import { fill } from './grantBench.ts';
import { longestStretch, type Stretch } from './loop.ts';

interface Fault {
  readonly what: string;
  /** Waiting for a disk or a lock takes no processor time; computing takes nothing else. */
  readonly counts: keyof Stretch;
  readonly limitedBy: string;
  readonly measure: (path: (name: string) => string) => Promise<Found>;
}

export interface Found extends Stretch {
  /** When the last of 200 ends that are due at one moment began at its target, in ms after that. Absent: nothing ends. */
  readonly late?: number;
}

const RESOURCES = 5_000;
const GRANTS = 5_000;
const CLICKS = 500;
/** Clicks in one read of a socket, which is 64 kB. */
const A_READ = 40;
const ENDS = 200;
const TARGET_MS = 20;
/** Longer than what it may delay: an end that waits for it to be over is seen to. */
const FAULT_MS = 15_000;
/** 100,000 events. */
const ACCESSES = 14_600;

export const FAULTS: Readonly<Record<string, Fault>> = {
  database: {
    what: 'another process holds the database for 15 seconds',
    counts: 'wall',
    limitedBy: 'nothing is waited for: what is measured is the work beside it',
    measure: (path) => underWay(path, () => heldBy(path('jit.db'), FAULT_MS)),
  },
  disk: {
    what: 'a sync takes 500 ms',
    counts: 'wall',
    limitedBy: 'SQLite syncs on the thread that commits',
    measure: (path) => underWay(path, () => slowFor(FAULT_MS)),
  },
  reload: {
    what: 'a policy of 10,000 roles is reloaded',
    counts: 'cpu',
    limitedBy: 'where every target can be reached, which is asked in one go',
    measure: (path) => inBigPolicy(path, ({ core }) => reloadPolicy(core.deps, null)),
  },
  home: {
    what: 'Home and /jit oncall over 10,000 roles',
    counts: 'cpu',
    limitedBy: 'fifty roles at a time',
    measure: (path) => inBigPolicy(path, ({ core }) => possibleNow(core.deps, benchPerson(1))),
  },
  report: {
    what: 'the figures of the weekly summary, 100,000 events',
    counts: 'cpu',
    limitedBy: 'a batch of rows',
    measure: (path) => overEvents(path, (reader, period) => figuresInSteps(reader, period)),
  },
  picture: {
    what: 'the picture of the weekly summary',
    counts: 'cpu',
    limitedBy: 'loading the library that draws it',
    measure: async (path) => {
      const figures = await withEvents(path, (reader, { to }) =>
        figuresInSteps(reader, { from: to - 7 * 24 * HOUR, to }),
      );
      return longestStretch(async () => weekPictureBeside(summarize(figures, 'UTC')));
    },
  },
  verify: {
    what: 'the ledger is verified, 100,000 events',
    counts: 'cpu',
    limitedBy: 'a batch of rows',
    measure: (path) => overEvents(path, (reader) => verifyInSteps(reader)),
  },
  drift: {
    what: 'drift over 5,000 grants of one target',
    counts: 'cpu',
    limitedBy: 'reading every grant of it',
    measure: drift,
  },
  clicks: {
    what: '500 requests, as many a turn as a read of the socket brings',
    counts: 'cpu',
    limitedBy: 'what each of them decides before it first waits',
    measure: clicks,
  },
};

const ON_CALL: OnCall = {
  entries: async () => known([]),
  onCallFor: async () => known({ addresses: [], unread: null }),
  knows: async () => known(true),
  incident: async () => ({ known: false, problem: 'none' }),
  check: async () => known(true),
  nameOf: async () => known('Checkout'),
  openIncidents: async () => known([]),
};

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

const asked = (index: number) => ({
  submissionKey: `K${index}`,
  personId: benchPerson(100_000 + index).slackId,
  roles: ['db/read'],
  duration: HOUR,
  reason: 'stuck payments',
  incidentId: null,
  startsAt: null,
  factor: null,
});

/** People ask and access ends while a fault lasts. */
async function underWay(path: (name: string) => string, fault: () => Promise<void>): Promise<Found> {
  const endsAt = Date.now() + 3 * SECOND;
  fill(path('jit.db'), ENDS, endsAt);
  let late = 0;
  const begun = new Set<string>();
  const revoke = async ({ id }: Grant) => {
    // What cannot be recorded is done again meanwhile.
    if (!begun.has(id)) late = Math.max(late, Date.now() - endsAt);
    begun.add(id);
    await pause(TARGET_MS);
    return [];
  };
  const box = await createBenchBox(path('jit.db'), { onCall: ON_CALL, targets: { revoke } });
  await box.core.start();
  await pause(SECOND);
  const stretch = await longestStretch(async () => {
    const over = fault();
    for (let index = 0; index < 40; index += 1) {
      submitRequest(box.core.deps, asked(index)).catch(() => undefined);
      await pause(100);
    }
    await over;
  });
  while (begun.size < ENDS) await pause(100);
  return { ...stretch, late };
}

/** Another process holds the write lock. */
function heldBy(database: string, ms: number): Promise<void> {
  const driver = createRequire(import.meta.url).resolve('better-sqlite3');
  const script = `const other = require(${JSON.stringify(driver)})(${JSON.stringify(database)});
    other.exec('BEGIN IMMEDIATE'); setTimeout(() => other.exec('ROLLBACK'), ${ms});`;
  const child = spawn(process.execPath, ['-e', script], { stdio: 'inherit' });
  return new Promise((resolve) => child.on('exit', () => resolve()));
}

/** Every sync of this process takes 500 ms longer. */
async function slowFor(ms: number): Promise<void> {
  const flag = process.env.JIT_BENCH_SLOW;
  if (!flag) throw new Error('no slow disk');
  writeFileSync(flag, '');
  await pause(ms);
  rmSync(flag);
}

/** With ten thousand roles in force, read as the bot reads them, on real connections. */
async function inBigPolicy(path: (name: string) => string, work: (box: Box) => Promise<unknown>): Promise<Stretch> {
  Object.assign(process.env, POLICY_SECRETS);
  writeFileSync(path('policy.yaml'), policySource(RESOURCES));
  const { policy } = loadPolicy(path('policy.yaml'), PROVISIONERS, process.env);
  const notUsed = () => Promise.reject(new Error('no target is asked'));
  const targets = connectTargets(policy, {
    log: recordedLog(),
    clock: { now: Date.now },
    seats: { at: notUsed, of: notUsed, keep: notUsed, drop: notUsed },
    ids: { keep: notUsed, of: notUsed },
  });
  const readPolicy = async () => (await readPolicyBeside(path('policy.yaml'))) ?? { problem: 'not handed over' };
  const box = await createBenchBox(path('jit.db'), { onCall: ON_CALL, targets, readPolicy });
  await box.core.start();
  await pause(SECOND);
  await box.core.deps.policyFile.use(policy);
  await work(box);
  writeFileSync(path('policy.yaml'), policySource(RESOURCES + 1));
  return longestStretch(() => work(box));
}

type Reader = ReturnType<typeof openLedgerToRead>;
type Period = { from: number; to: number };

async function withEvents<T>(
  path: (name: string) => string,
  work: (reader: Reader, period: Period) => Promise<T>,
): Promise<T> {
  const from = Date.UTC(2026, 0, 1);
  const to = from + 90 * 24 * HOUR;
  await makeBigLedger({
    path: path('big.db'),
    accesses: ACCESSES,
    people: 500,
    start: from,
    every: (to - from) / ACCESSES,
  });
  const reader = openLedgerToRead(path('big.db'));
  return work(reader, { from, to });
}

const overEvents = (
  path: (name: string) => string,
  work: (reader: Reader, period: Period) => Promise<unknown>,
): Promise<Stretch> => withEvents(path, (reader, period) => longestStretch(() => work(reader, period)));

async function drift(path: (name: string) => string): Promise<Stretch> {
  fill(path('jit.db'), GRANTS, Date.now() + 4 * HOUR);
  const holdings = Array.from({ length: GRANTS }, (_, index) => ({
    account: `G${index}`,
    role: 'db/read',
    grantId: `G${index}`,
  }));
  const box = await createBenchBox(path('jit.db'), {
    onCall: ON_CALL,
    targets: { canList: () => true, list: async () => holdings.toReversed() },
  });
  const round = createDriftRound(box.core.deps);
  return longestStretch(() => round('resources', 1));
}

async function clicks(path: (name: string) => string): Promise<Stretch> {
  const box = await createBenchBox(path('jit.db'), { onCall: ON_CALL, targets: {} });
  await box.core.start();
  await pause(SECOND);
  const click = (index: number) => submitRequest(box.core.deps, asked(index));
  for (let index = 0; index < 20; index += 1) await click(CLICKS + index);
  return longestStretch(async () => {
    const all: Promise<unknown>[] = [];
    for (let index = 0; index < CLICKS; index += 1) {
      all.push(click(index));
      if (index % A_READ === 0) await nextTurn();
    }
    await Promise.all(all);
  });
}
