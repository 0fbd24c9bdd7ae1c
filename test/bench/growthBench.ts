/** How things grow: the same work at ten, a hundred and a thousand times the size. Processor time of one thread. */

import { statSync } from 'node:fs';
import { HOUR } from '../../src/domain/terms.ts';
import { figuresOf } from '../../src/ledger/history/figures.ts';
import { verifyLedger } from '../../src/ledger/history/verify.ts';
import { openLedger, openLedgerToRead } from '../../src/ledger/sqlite/open.ts';
import { createOverviewReader } from '../../src/ledger/sqlite/overview.ts';
import { possibleNow } from '../../src/lifecycle/request/outlook.ts';
import { roleOptions } from '../../src/slack/features/request/modal.ts';
import { makeBigLedger } from '../support/bigLedger.ts';
import { benchPerson, createBenchBox, grantsNow, inFolder, NO_ON_CALL } from './box.ts';
import { fill } from './grantBench.ts';
import { cpuOf, cpuOfAsync, type Measure, median } from './measure.ts';
import { policyOf, policySource } from './policies.ts';

const ROLES = [10, 100, 1_000, 10_000];
const ACCESSES = [15, 146, 1_460, 14_600];
const LIVE = [100, 1_000, 10_000, 100_000];
const PASSES = 3;

/** The size stands in `what`, behind the name of the curve: test/bench/growthPicture.ts takes it apart. */
export async function growthBench(): Promise<Measure[]> {
  const all: Measure[] = [];
  for (const roles of ROLES) all.push(...(await withRoles(roles)));
  for (const accesses of ACCESSES) all.push(...(await withEvents(accesses)));
  for (const live of LIVE) all.push(...(await withLive(live)));
  return all;
}

const point = (curve: string, size: number, of: string, unit: string, value: number): Measure => ({
  what: `${curve}, ${size.toLocaleString('en')} ${of}`,
  unit,
  value,
  limitedBy: 'see docs/reliability.md',
});

const passes = (work: () => void): number => median(Array.from({ length: PASSES }, () => cpuOf(work)));

async function passesOf(work: () => Promise<unknown>): Promise<number> {
  const times: number[] = [];
  for (let pass = 0; pass < PASSES; pass += 1) times.push(await cpuOfAsync(work));
  return median(times);
}

const withRoles = (roles: number): Promise<Measure[]> =>
  inFolder(async (path) => {
    const source = policySource(roles, 2);
    const policy = policyOf(source);
    const box = await createBenchBox(path('jit.db'), { onCall: NO_ON_CALL, targets: {} });
    await box.core.deps.policyFile.use(policy);
    await grantsNow(box);
    const outlook = await passesOf(() => possibleNow(box.core.deps, benchPerson(1)));
    await box.end();
    return [
      point(
        'policy loaded',
        roles,
        'roles',
        'ms',
        passes(() => policyOf(source)),
      ),
      point('Home and oncall', roles, 'roles', 'ms', outlook),
      point(
        'options for what is typed',
        roles,
        'roles',
        'ms',
        passes(() => roleOptions(policy, 'service-4 read')),
      ),
    ];
  });

const withEvents = (accesses: number): Promise<Measure[]> =>
  inFolder(async (path) => {
    const period = 90 * 24 * HOUR;
    const start = Date.UTC(2026, 0, 1);
    await makeBigLedger({ path: path('jit.db'), accesses, people: 500, start, every: period / accesses });
    const reader = openLedgerToRead(path('jit.db'));
    const events = reader.sqlite.prepare<[], number>('SELECT max(seq) FROM events').pluck().get() ?? 0;
    const measures = [
      point(
        'verify',
        events,
        'events',
        'ms',
        passes(() => verifyLedger(reader)),
      ),
      point(
        'figures of a report',
        events,
        'events',
        'ms',
        passes(() => figuresOf(reader, { from: start, to: start + period })),
      ),
      point('database', events, 'events', 'MB', statSync(path('jit.db')).size / 1e6),
    ];
    reader.close();
    return measures;
  });

const withLive = (live: number): Promise<Measure[]> =>
  inFolder(async (path) => {
    fill(path('jit.db'), live, Date.now() + HOUR);
    const opened = passes(() => openLedger(path('jit.db')).close());
    const ledger = openLedgerToRead(path('jit.db'));
    const reader = createOverviewReader(ledger);
    const overview = await passesOf(() => reader.read(Date.now()));
    ledger.close();
    return [
      point('database opened', live, 'live grants', 'ms', opened),
      point('status and metrics', live, 'live grants', 'ms', overview),
    ];
  });
