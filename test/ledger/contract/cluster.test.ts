/** Several instances on one PostgreSQL. */

import { setTimeout as pause } from 'node:timers/promises';
import pg from 'pg';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { MINUTE } from '../../../src/domain/terms.ts';
import { GENESIS_HASH } from '../../../src/ledger/book/chain.ts';
import type { Claim } from '../../../src/ports/jobs.ts';
import { ConflictError } from '../../../src/ports/store.ts';
import { aDeniedRequest, anEvent } from '../../support/aLedger.ts';
import { type ADatabase, ENGINES, type Instance } from '../../support/engines.ts';

const engine = ENGINES.find(({ name }) => name === 'PostgreSQL');
if (!engine) throw new Error('there is no PostgreSQL among the engines');

let stop: () => Promise<void>;
let one: ADatabase;
let others: readonly [Instance, Instance];
beforeAll(async () => {
  stop = await engine.start();
});
afterAll(() => stop());
beforeEach(async () => {
  one = await engine.open();
  others = [await one.again(), await one.again()];
});
afterEach(() => one.close());

const stopped = (signal: string) => anEvent('bot.stopped', { signal });
const chain = async () => {
  const rows = await one.rows('SELECT seq, prev_hash, hash FROM events ORDER BY seq');
  return rows.map(({ seq, prev_hash, hash }) => ({ seq: Number(seq), before: prev_hash, hash }));
};
const whole = async () => {
  const rows = await chain();
  for (const [index, { seq, before }] of rows.entries())
    expect([seq, before]).toEqual([index + 1, rows[index - 1]?.hash ?? GENESIS_HASH]);
  return rows.length;
};

describe('commits of three at once', () => {
  test('make one chain without a gap, each told its own numbers', async () => {
    const all = await Promise.all(
      [one, ...others].flatMap(({ store }, who) =>
        Array.from({ length: 40 }, (_, n) =>
          store.commit({ events: [stopped(`${who} ${n}`), stopped(`${who} ${n} too`)] }),
        ),
      ),
    );
    expect(await whole()).toBe(240);
    const numbers = all.flat().map(({ seq }) => seq);
    expect(new Set(numbers).size).toBe(240);
    for (const [first, second] of all) expect(second?.seq).toBe((first?.seq ?? 0) + 1);
  });

  test('change one state once: the others are told that somebody was faster', async () => {
    await one.store.commit({ requests: [{ value: aDeniedRequest('R1'), version: 0 }] });
    const change = {
      requests: [{ value: aDeniedRequest('R1', { reason: 'changed' }), version: 1 }],
      events: [stopped('x')],
    };
    const outcomes = await Promise.allSettled([one, ...others].map(({ store }) => store.commit(change)));
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    for (const outcome of outcomes)
      if (outcome.status === 'rejected') expect(outcome.reason).toBeInstanceOf(ConflictError);
    expect(await whole()).toBe(1);
  });
});

/** A connection of its own, as another process would have it. */
async function connected(): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: one.place });
  await client.connect();
  return client;
}

describe('due work of three at once', () => {
  test('that somebody is taking right now is passed over, and nobody waits for it', async () => {
    await one.store.commit({ jobs: ['G1', 'G2'].map((key) => ({ kind: 'end', key, dueAt: 0 }) as const) });
    const another = await connected();
    await another.query("BEGIN; SELECT 1 FROM jobs WHERE key = 'G1' FOR UPDATE");
    expect((await one.queue.claim(['end'], 100, 9, 50)).map(({ key }) => key)).toEqual(['G2']);
    expect(await others[0].queue.mayBegin(['end'], 100, 9)).toEqual([]);
    await another.end();
  });

  test('is claimed by exactly one', async () => {
    const jobs = Array.from({ length: 90 }, (_, n) => ({ kind: 'end', key: `G${n}`, dueAt: n }) as const);
    await one.store.commit({ jobs });
    const claims = await Promise.all(
      [one, ...others].flatMap(({ queue }) => [1, 2, 3].map(() => queue.claim(['end'], 100, 20, 50))),
    );
    const keys = claims.flat().map(({ key }) => key);
    expect(new Set(keys).size).toBe(keys.length);
    const left = await one.queue.claim(['end'], 100, 100, 50);
    expect(keys.length + left.length).toBe(90);
  });

  test('is settled by nobody whose claim somebody else has taken over', async () => {
    await one.store.commit({ jobs: [{ kind: 'end', key: 'G1', dueAt: 0 }] });
    const [late] = await one.queue.claim(['end'], 100, 1, 50);
    const [current] = await others[0].queue.claim(['end'], 150, 1, 50);
    if (!late || !current) throw new Error('both were to claim it');
    await one.queue.settle({ claim: late, next: 'done' });
    await one.queue.settle({ claim: late, next: { dueAt: 900, after: 'failed' } });
    // Neither gone, nor moved, nor free for a third.
    expect(await others[1].queue.claim(['end'], 199, 1, 50)).toEqual([]);
    await others[0].queue.settle({ claim: current, next: 'done' });
    expect(await others[1].queue.claim(['end'], 1000, 1, 50)).toEqual([]);
  });

  test('put again under a claim that was taken over is not freed by the late one', async () => {
    const due = { jobs: [{ kind: 'end', key: 'G1', dueAt: 0 }] } as const;
    await one.store.commit(due);
    const [late] = await one.queue.claim(['end'], 100, 1, 50);
    const [current] = await others[0].queue.claim(['end'], 150, 1, 50);
    if (!late || !current) throw new Error('both were to claim it');
    await one.store.commit(due);
    await one.queue.settle({ claim: late, next: 'done' });
    expect(await others[1].queue.claim(['end'], 199, 1, 50)).toEqual([]);
    await others[0].queue.settle({ claim: current, next: 'done' });
    expect(await others[1].queue.claim(['end'], 199, 1, 50)).toHaveLength(1);
  });

  test('claimed by one that starts again is released, and that of others is not', async () => {
    await one.store.commit({ jobs: ['G1', 'G2'].map((key) => ({ kind: 'end', key, dueAt: 0 }) as const) });
    const mine: readonly Claim[] = await one.queue.claim(['end'], 100, 1, 500);
    await others[0].queue.claim(['end'], 100, 1, 500);
    await one.queue.releaseAll();
    expect((await others[1].queue.claim(['end'], 100, 9, 500)).map(({ key }) => key)).toEqual(
      mine.map(({ key }) => key),
    );
  });
});

describe('ends of three at once', () => {
  const end = (key: string) => ({ kind: 'end', key, dueAt: 0 }) as const;
  const begun = async ({ queue }: Instance, now: number) =>
    (await queue.mayBegin(['end'], now, 9)).map(({ key }) => key);

  test('begin at one of them, which keeps them as long as it looks', async () => {
    await one.store.commit({ jobs: [end('G1'), end('G2')] });
    const all = await Promise.all([one, ...others].map((instance) => begun(instance, 100)));
    expect(all.flat().sort()).toEqual(['G1', 'G2']);
    const holder = [one, ...others].find((_one, index) => all[index]?.includes('G1'));
    if (!holder) throw new Error('nobody has it');
    for (const now of [4 * MINUTE, 8 * MINUTE, 12 * MINUTE]) expect(await begun(holder, now)).toContain('G1');
    for (const other of [one, ...others].filter((instance) => instance !== holder))
      expect(await begun(other, 12 * MINUTE)).not.toContain('G1');
  });

  test('begin at another one when their holder is gone, which is known beforehand', async () => {
    await one.store.commit({ jobs: [end('G1')] });
    const [late] = await one.queue.mayBegin(['end'], 0, 9);
    if (!late) throw new Error('it was due');
    expect(await begun(others[0], MINUTE)).toEqual([]);
    const next = await others[0].queue.nextDueAt(['end'], MINUTE);
    expect(next).toBeLessThanOrEqual(5 * MINUTE);
    expect(await begun(others[0], next ?? 0)).toEqual(['G1']);
    await one.queue.settle({ claim: late, next: 'done' });
    expect(await begun(others[0], 6 * MINUTE)).toEqual(['G1']);
  });

  test('begin at all of them while the database takes no writes', async () => {
    await one.store.commit({ jobs: [end('G1')] });
    expect(await begun(one, 0)).toEqual(['G1']);
    await one.rows(
      "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET default_transaction_read_only = on', current_database()); END $$",
    );
    await one.rows(
      'SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()',
    );
    for (const instance of [one, ...others]) expect(await begun(instance, 10)).toEqual(['G1']);
  });
});

describe('a commit whose answer is lost', () => {
  const cut = () =>
    one.rows(
      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'SELECT jit_commit%' AND pid <> pg_backend_pid()",
    );

  test('waits for the first try to be over, and has its outcome', async () => {
    const event = { type: 'x', requestId: null, grantId: null, people: [], actor: '{}', payload: '{}' };
    const nothing = { requests: [], grants: [], records: [], unseated: [], names: [], done: [], jobs: [] };
    const change = JSON.stringify([{ at: 1, keepsOut: 'x%', ...nothing, events: [event] }]);
    const [holder, first, again] = [await connected(), await connected(), await connected()];
    await holder.query("SELECT jit_writer('w')");
    await holder.query('BEGIN; SELECT 1 FROM head FOR UPDATE');
    const commits = [first, again].map((client) =>
      client.query<{ outcomes: unknown }>("SELECT jit_commit('w', 1, $1) AS outcomes", [change]),
    );
    await pause(200);
    await holder.query('COMMIT');
    const [once, twice] = (await Promise.all(commits)).map(({ rows }) => rows[0]?.outcomes);
    expect(twice).toEqual(once);
    expect(await whole()).toBe(1);
    await Promise.all([holder, first, again].map((client) => client.end()));
  });

  test('happens once, however often the connection is cut', async () => {
    const commits = Promise.all(
      [one, ...others].flatMap(({ store }, who) =>
        Array.from({ length: 60 }, async (_, n) => {
          await pause(n * 5);
          return store.commit({
            requests: [{ value: aDeniedRequest(`R${who}-${n}`), version: 0 }],
            events: [stopped(`${who} ${n}`)],
          });
        }),
      ),
    );
    for (let n = 0; n < 20; n += 1) {
      await cut();
      await pause(20);
    }
    const events = (await commits).flat();
    expect(await whole()).toBe(180);
    expect(new Set(events.map(({ seq }) => seq)).size).toBe(180);
    const recorded = await chain();
    for (const { seq, hash } of events) expect(recorded[seq - 1]?.hash).toBe(hash);
  });
});
