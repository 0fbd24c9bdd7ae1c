/** What takes access back while PostgreSQL cannot be reached. */

import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { type ActiveGrant, activate, intendGrant } from '../../../src/domain/grant.ts';
import { HOUR, MINUTE } from '../../../src/domain/terms.ts';
import type { Ledger } from '../../../src/ledger/open/ledger.ts';
import { openForBot } from '../../../src/ledger/open/postgres.ts';
import { StorageError, type Store } from '../../../src/ports/store.ts';
import { startTargetProxy } from '../../../src/sandbox/targetProxy.ts';
import { aDeniedRequest, person } from '../../support/aLedger.ts';
import { NO_TIES } from '../../support/domain.ts';
import { type ADatabase, ENGINES } from '../../support/engines.ts';

const engine = ENGINES.find(({ name }) => name === 'PostgreSQL');
if (!engine) throw new Error('there is no PostgreSQL among the engines');

let stop: () => Promise<void>;
let one: ADatabase;
let cable: Awaited<ReturnType<typeof startTargetProxy>>;
let bot: Ledger;
let store: Store;
beforeAll(async () => {
  stop = await engine.start();
});
afterAll(() => stop());
beforeEach(async () => {
  one = await engine.open();
  const address = new URL(one.place);
  cable = await startTargetProxy(Number(address.port));
  address.port = String(cable.port);
  bot = await openForBot(address.href, () => undefined);
  store = bot.createStore({ clock: one.clock, followUps: () => [], onDue: () => undefined });
});
afterEach(async () => {
  cable.restore();
  await bot.close();
  await cable.close();
  await one.close();
});

const soon = () => one.clock.now() + 10 * MINUTE;
async function give(id: string, endsAt: number): Promise<ActiveGrant> {
  const intended = intendGrant(
    {
      ...{ id, requestId: `R-${id}`, person: person('U0ANA'), resourceId: 'db', place: 'here', role: `db/${id}` },
      ...{ grants: {}, duration: HOUR, ties: NO_TIES },
    },
    one.clock.now(),
  );
  const value = { ...activate(intended, 'a', one.clock.now()), endsAt };
  await store.commit({
    requests: [{ value: aDeniedRequest(`R-${id}`), version: 0 }],
    grants: [{ value, version: 0 }],
    jobs: [{ kind: 'end', key: id, dueAt: endsAt }],
  });
  return value;
}
const due = async () => (await bot.queue.mayBegin(['end', 'watch'], one.clock.now(), 9)).map(({ key }) => key);

test('an end that is due begins, with the grant and what was kept of it', async () => {
  const grant = await give('G1', soon());
  await bot.ids.keep('G1', 'login', '42');
  const seat = { grantId: 'G1', place: 'here', account: 'Ana', level: 'w', role: 'db/G1', before: null };
  await bot.seats.keep(seat);
  await bot.close();
  await one.rows('DELETE FROM instances');
  bot = await openForBot(one.place.replace(/:\d+\//, `:${cable.port}/`), () => undefined);
  store = bot.createStore({ clock: one.clock, followUps: () => [], onDue: () => undefined });
  cable.cut();
  expect(await due()).toEqual([]);
  expect(await bot.queue.nextDueAt(['end'], one.clock.now())).toBe(grant.endsAt);
  one.clock.advance(10 * MINUTE);
  expect(await due()).toEqual(['G1']);
  expect(await store.grant('G1')).toEqual({ value: grant, version: 1 });
  expect(await bot.ids.of('G1')).toEqual(new Map([['login', '42']]));
  expect(await bot.seats.of('G1')).toEqual([seat]);
  expect(await bot.seats.at('here', 'ANA')).toEqual([seat]);
});

test('one that was committed a moment before is known as well', async () => {
  const grant = await give('G1', soon());
  one.clock.advance(10 * MINUTE);
  cable.cut();
  expect(await due()).toEqual(['G1']);
  expect((await store.grant('G1'))?.value).toEqual(grant);
});

test('one that was moved or is over is not begun', async () => {
  const grant = await give('G1', soon());
  await give('G2', soon());
  await store.commit({
    grants: [{ value: { ...grant, endsAt: grant.endsAt + HOUR }, version: 1 }],
    jobs: [{ kind: 'end', key: 'G1', dueAt: grant.endsAt + HOUR }],
  });
  await store.commit({ done: [{ kind: 'end', key: 'G2' }] });
  one.clock.advance(10 * MINUTE);
  cable.cut();
  expect(await due()).toEqual([]);
});

test('a grant whose end is not due is known to nobody, and nothing is committed', async () => {
  await give('G1', soon());
  cable.cut();
  await expect(store.grant('G1')).rejects.toThrow(StorageError);
  await expect(store.liveGrants({})).rejects.toThrow(StorageError);
});

test('when it can be reached again, what it says counts', async () => {
  await give('G1', soon());
  one.clock.advance(10 * MINUTE);
  cable.cut();
  expect(await due()).toEqual(['G1']);
  cable.restore();
  await one.rows("DELETE FROM jobs WHERE kind = 'end'");
  await expect.poll(due, { timeout: 10_000 }).toEqual([]);
});
