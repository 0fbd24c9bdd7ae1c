/** A ledger that lived on SQLite goes to PostgreSQL and back, and nothing of it is lost or changed. */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { verifyLedger } from '../../../src/ledger/history/verify.ts';
import { copyInto } from '../../../src/ledger/open/copy.ts';
import { putInto } from '../../../src/ledger/open/putInto.ts';
import { CHANGING, GROWING } from '../../../src/ledger/open/tables.ts';
import { openPostgres, type PostgresLedger } from '../../../src/ledger/postgres/open.ts';
import { type OpenLedger, openLedger, openLedgerToRead } from '../../../src/ledger/sqlite/open.ts';
import { anEvent } from '../../support/aLedger.ts';
import { type ADatabase, ENGINES } from '../../support/engines.ts';
import { aSite, type Site } from '../../support/flowWorld.ts';
import { aLivedLedger, type Lived } from '../../support/livedLedger.ts';

const engine = ENGINES.find(({ name }) => name === 'PostgreSQL');
if (!engine) throw new Error('there is no PostgreSQL among the engines');

let stop: () => Promise<void>;
let folder: string;
let site: Site;
let lived: Lived;
let one: ADatabase;
let target: PostgresLedger;
beforeAll(async () => {
  stop = await engine.start();
  folder = mkdtempSync(join(tmpdir(), 'jitbot-move-'));
  site = aSite(join(folder, 'lived.db'));
  lived = await aLivedLedger(site);
  one = await engine.open();
  target = await openPostgres(one.place);
  const from = openLedgerToRead(site.path);
  await putInto(target, from.sqlite);
  from.close();
});
afterAll(async () => {
  await target.close();
  await one.close();
  await stop();
  rmSync(folder, { recursive: true, force: true });
});

const contentOf = ({ sqlite }: OpenLedger) =>
  Object.fromEntries(
    [...GROWING, ...CHANGING].map(({ name, columns, rowOrder }) => {
      // Who has claimed what is a matter of the process.
      const kept = columns.filter((column) => column !== 'lease_until' && column !== 'generation');
      return [name, sqlite.prepare(`SELECT ${kept.join(', ')} FROM ${name} ORDER BY ${rowOrder}`).all()];
    }),
  );

test('there, chain and tables are whole, and all that is live is known', async () => {
  expect(await one.verify([])).toMatchObject({ whole: true });
  const check = one.createStateCheck(site.clock);
  expect(await check.suspects()).toEqual([]);
  await check.close();
  const live = (await one.store.liveGrants({})).map(({ value }) => value.id);
  expect(live.sort()).toEqual(Object.values(lived.live).sort());
});

test('back again, every row is as it was', async () => {
  const back = openLedger(join(folder, 'back.db'), { waitsForLocks: true });
  await copyInto(back.sqlite, target);
  const before = openLedgerToRead(site.path);
  expect(contentOf(back)).toEqual(contentOf(before));
  expect(verifyLedger(back)).toEqual(verifyLedger(before));
  before.close();
  back.close();
});

test('what is recorded there continues the chain', async () => {
  const newest = await one.events.newest();
  const [next] = await one.record(anEvent('bot.stopped', { signal: 'x' }));
  expect(next).toMatchObject({ seq: (newest?.seq ?? 0) + 1, prevHash: newest?.hash });
  expect(await one.verify([])).toMatchObject({ whole: true });
});

test('into a database that has a ledger already, nothing is put', async () => {
  const from = openLedgerToRead(site.path);
  await expect(putInto(target, from.sqlite)).rejects.toThrow(/there is a ledger in it already/);
  from.close();
});
