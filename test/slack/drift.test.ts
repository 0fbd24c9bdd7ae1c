/** What targets hold is compared with the ledger every ten minutes: a real PostgreSQL, changed behind the bot's back. */

import { afterEach, beforeEach, expect, test } from 'vitest';
import { HOUR, MINUTE } from '../../src/domain/terms.ts';
import { query } from '../../src/sandbox/postgres.ts';
import { type Stage, setStage } from '../support/bot.ts';

let stage: Stage;
beforeEach(async () => {
  stage = await setStage();
});
afterEach(() => stage.close());

const sql = (...statements: string[]) => query(stage.sandbox.postgres.url('postgres'), statements);
const round = () => stage.clock.jump(11 * MINUTE);
/** Rounds go by until there are so many. A round that is under way when the clock jumps is none. */
const roundsUntil = (type: string, so: number) =>
  expect
    .poll(
      () => {
        round();
        return count(type);
      },
      { timeout: 10_000, interval: 100 },
    )
    .toBe(so);
const auditSays = (text: string) =>
  stage.until(`the audit channel says "${text}"`, () =>
    stage.sandbox.slack.workspace
      .visible('C0AUDIT', 'U0EVE')
      .some((message) => stage.text(message, 'U0EVE').includes(text)),
  );
const count = (type: string) => stage.events().filter((event) => event.type === type).length;
const hold = async () => {
  await stage.ana.jit('request payments read 4h stuck payments');
  await stage.ana.readsDirect('You have Payments database (read)');
};

test('while targets hold what the ledger says, nothing is reported', async () => {
  await hold();
  round();
  stage.clock.jump(4 * HOUR);
  await stage.recorded('grant.ended');
  // Only what is given now, by another way, is found: all before was as it should be.
  await sql('GRANT payments_read TO ben');
  await roundsUntil('drift.found', 1);
  const found = stage.events().filter(({ type }) => type.startsWith('drift.'));
  expect(found.map(({ payload }) => payload)).toMatchObject([{ account: 'ben', kind: 'standing' }]);
});

test('ungranted standing access is reported once, left alone, and reported as gone', async () => {
  await sql('GRANT payments_read TO ben');
  round();
  const found = await stage.recorded('drift.found');
  expect(found.payload).toEqual({
    resource: 'payments-db',
    kind: 'standing',
    role: 'payments-db/read',
    account: 'ben',
    grantId: null,
  });
  await auditSays('payments-db/read on ben is standing access: it was not granted here');
  round();
  round();
  await sql('REVOKE payments_read FROM ben');
  await roundsUntil('drift.gone', 1);
  expect(count('drift.found')).toBe(1);
});

test('what a grant left is removed where the policy says so, both on record', async () => {
  await hold();
  stage.clock.jump(4 * HOUR + MINUTE);
  const ended = await stage.recorded('grant.ended');
  // Somebody put back from a backup what the bot had taken away.
  const role = `jit_ana_${ended.grantId?.toLowerCase()}`;
  await sql(
    `CREATE ROLE ${role} LOGIN`,
    `COMMENT ON ROLE ${role} IS 'jitbot: payments-db/read for ana@harbor.example, grant ${ended.grantId}'`,
    `GRANT payments_read TO ${role}`,
    `GRANT ${role} TO jitbot WITH ADMIN OPTION`,
  );
  round();
  await stage.recorded('drift.found');
  await stage.recorded('drift.removed');
  expect(await stage.madeRoles()).toEqual([]);
});

test('access that should be there and was taken away at the target is reported', async () => {
  await hold();
  const [role] = await stage.madeRoles();
  await sql(`DROP ROLE ${role}`);
  round();
  const found = await stage.recorded('drift.found');
  expect(found.payload).toMatchObject({ kind: 'missing', account: role });
  await auditSays('is gone, and its grant is active');
});

test('standing access is removed where the policy says so, except expected accounts', async () => {
  await stage.restart({
    policy: (text) => text.replace('drift: { remove: [leftover] }', 'drift: { remove: [standing], expected: [ana] }'),
  });
  await query(stage.sandbox.postgres.url('postgres', 'jitbot', 'jitbot-sandbox'), [
    'GRANT payments_read TO ben',
    'GRANT payments_read TO ana',
  ]);
  round();
  await stage.recorded('drift.removed');
  const [held] = await query(stage.sandbox.postgres.url('payments'), [
    "SELECT has_table_privilege('ben', 'payments', 'SELECT') AS ben, has_table_privilege('ana', 'payments', 'SELECT') AS ana",
  ]);
  expect(held?.rows).toEqual([{ ben: false, ana: true }]);
  expect(count('drift.found')).toBe(1);
});

test('access of a grant that this ledger never saw is reported, and never removed', async () => {
  await sql(
    'CREATE ROLE jit_zoe_g0000000001 LOGIN',
    "COMMENT ON ROLE jit_zoe_g0000000001 IS 'jitbot: payments-db/read for zoe@elsewhere, grant G0000000001'",
    'GRANT payments_read TO jit_zoe_g0000000001',
  );
  round();
  await auditSays('was made for a grant that this ledger does not know');
  await sql('GRANT payments_read TO ben');
  await roundsUntil('drift.found', 2);
  expect(await stage.madeRoles()).toEqual(['jit_zoe_g0000000001']);
});
