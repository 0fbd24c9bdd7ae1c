/** Another program holds the bot's database, for as long as it likes. */

import SQLite, { type Database } from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Stage, setStage } from '../support/bot.ts';

const MINUTE = 60_000;
let stage: Stage;
let other: Database;
beforeEach(async () => {
  stage = await setStage();
  other = new SQLite(stage.sandbox.env.JIT_DATABASE ?? '');
});
afterEach(async () => {
  other.close();
  await stage.close();
});

const hold = async () => {
  await stage.ana.jit('request payments read 1h stuck payments');
  await stage.ana.readsDirect('You have Payments database (read)');
  await stage.ana.jit('request orders read 1h stuck orders');
  await stage.ana.readsDirect('You have Orders database (read)');
};
const rolesAre = (count: number) =>
  expect.poll(async () => (await stage.madeRoles()).length, { timeout: 10_000 }).toBe(count);

describe('while another program holds the database', () => {
  test('due access ends at the targets, and is recorded when the database is free', async () => {
    await hold();
    other.exec('BEGIN IMMEDIATE');
    stage.clock.jump(61 * MINUTE);
    await rolesAre(0);
    expect(stage.events().filter(({ type }) => type === 'grant.ended')).toEqual([]);
    other.exec('ROLLBACK');
    await stage.recorded('grant.ended', 2);
    await stage.ana.readsDirect('Orders database (read) has ended');
  });

  test('a starting bot takes back what is due, and is reachable once it is recorded', async () => {
    await hold();
    await stage.stopBot();
    stage.clock.jump(61 * MINUTE);
    other.exec('BEGIN IMMEDIATE');
    const started = stage.restart();
    await rolesAre(0);
    expect(stage.events().at(-1)?.type).toBe('bot.stopped');
    other.exec('ROLLBACK');
    stage.clock.jump(MINUTE);
    await started;
    await stage.recorded('grant.ended', 2);
    await stage.ana.readsDirect('Orders database (read) has ended');
  });

  test('a freeze that the bot died right after leaves nothing at the targets', async () => {
    await hold();
    await stage.stopBot();
    const at = stage.clock.now();
    other
      .prepare(
        "INSERT INTO jobs (kind, key, due_at, attempts, lease_until, generation) VALUES ('freeze', ?, ?, 0, 0, 1)",
      )
      .run(String(at), at);
    other.exec('BEGIN IMMEDIATE');
    const started = stage.restart();
    await rolesAre(0);
    expect(stage.events().at(-1)?.type).toBe('bot.stopped');
    other.exec('ROLLBACK');
    stage.clock.jump(MINUTE);
    await started;
    await stage.recorded('grant.ended', 2);
  });

  test('people are answered: what only reads works, and what cannot be recorded is said', async () => {
    await hold();
    other.exec('BEGIN IMMEDIATE');
    await stage.ana.jit('list');
    await stage.ana.told('Payments database (read)');
    await stage.ben.jit('request orders read 30m numbers');
    await stage.ben.told('nothing was requested');
    other.exec('ROLLBACK');
    await stage.ben.jit('request orders read 30m numbers');
    await stage.ben.readsDirect('waiting for');
  });
});
