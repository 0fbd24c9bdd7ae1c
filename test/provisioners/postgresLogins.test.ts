/** Issue 16: logins as hardened servers have them. */

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { postgres } from '../../src/provisioners/postgres/provisioner.ts';
import { query } from '../../src/sandbox/postgres.ts';
import { type Stage, setHostileStage } from '../support/hostileStage.ts';
import { VERSIONS } from '../support/postgres.ts';
import { accessOf, BEN, inAnHour, newGrantId } from './contract.ts';

describe.each(VERSIONS)('logins of a hardened server, $name', (version) => {
  let stage: Stage;
  const role = { roles: ['payments_read'] };
  beforeAll(async () => {
    stage = await setHostileStage(version);
  });
  afterAll(() => stage.close());

  test('a login without inheritance can use its access, or is told how', async () => {
    await stage.does("CREATE ROLE cara LOGIN NOINHERIT PASSWORD 'cara'", "CREATE ROLE dan LOGIN PASSWORD 'dan'");
    const connection = stage.connect({ login: '{email_name}' });
    const of = (name: string) => ({
      ...accessOf(role, newGrantId()),
      person: { ...BEN, name, email: `${name}@harbor.example` },
    });
    const may = async (name: string) =>
      (await query(stage.server.url('payments', name, name), ['SELECT * FROM payments']))[0]?.rowCount;
    const [cara, dan] = [of('cara'), of('dan')];
    await connection.grant(dan, inAnHour());
    expect(await may('dan')).toBe(2);
    if (version.hasGrantOptions) {
      await connection.grant(cara, inAnHour());
      expect(await may('cara')).toBe(2);
    } else {
      await expect(connection.grant(cara, inAnHour())).rejects.toThrow(
        /"cara" is NOINHERIT.*payments_read.*ALTER ROLE "cara" INHERIT/,
      );
      expect(await connection.isActive(cara)).toBe(false);
      await stage.does('ALTER ROLE cara INHERIT');
      await connection.grant(cara, inAnHour());
      expect(await may('cara')).toBe(2);
    }
    await connection.revoke(cara);
    await expect(may('cara')).rejects.toThrow(/permission denied/);
    expect(await may('dan')).toBe(2);
    await connection.revoke(dan);
  });

  test.each([
    ["with odd letters in the bot's password", 'a#b/c?d%e f:g&h=i', encodeURIComponent],
    ['with an @ in it as it is', 'a@b', (password: string) => password],
  ])('an address %s is understood', async (_how, password, written) => {
    await stage.does(`ALTER ROLE jitbot PASSWORD '${password}'`);
    const url = `postgres://jitbot:${written(password)}@127.0.0.1:${stage.server.port}/payments`;
    const target = postgres.targetSchema.parse({ kind: 'postgres', url });
    const connection = postgres.connect(target, stage.use);
    const access = accessOf(role, newGrantId());
    await connection.grant(access, inAnHour());
    expect(await connection.isActive(access)).toBe(true);
    await connection.revoke(access);
    expect(await connection.isActive(access)).toBe(false);
    await connection.close();
    await stage.does("ALTER ROLE jitbot PASSWORD 'jitbot'");
  });

  /** Names as identity providers have them; PostgreSQL takes any, within quotes. */
  test.each([
    'Ana.Kovac@Harbor.example',
    'a_b.example#EXT#@harbor.example',
    "o'neil+x@harbor.example",
    'x" ; DROP TABLE payments; --@harbor.example',
  ])('%s by an own login of exactly that name, and by a temporary one', async (email) => {
    const named = `"${email.replaceAll('"', '""')}"`;
    await stage.does(`CREATE ROLE ${named} LOGIN`, `CREATE ROLE ${named.toLowerCase().replace('"', '"z')} LOGIN`);
    const may = async (login: string) =>
      (await stage.says<{ yes: boolean }>(`SELECT has_table_privilege($q$${login}$q$, 'payments', 'SELECT') AS yes`))[0]
        ?.yes;
    const access = { ...accessOf(role, newGrantId()), person: { ...BEN, email } };
    const twin = { ...accessOf(role, newGrantId()), person: { ...BEN, slackId: 'U0TWIN', email: `${email}.other` } };
    const own = stage.connect({ login: '{email}' });
    expect(await own.grant(access, inAnHour())).toEqual({ account: email });
    expect(await may(email)).toBe(true);
    await own.revoke(access);
    expect(await may(email)).toBe(false);
    const temporary = stage.connect();
    // One name in two domains: two logins.
    const [one, two] = [await temporary.grant(access, inAnHour()), await temporary.grant(twin, inAnHour())];
    expect(one.account).not.toBe(two.account);
    expect(
      (await temporary.list?.([{ roleKey: 'payments-db/read', role }]))?.map(({ grantId }) => grantId).sort(),
    ).toEqual([access.grantId, twin.grantId].sort());
    await temporary.revoke(access);
    expect([await may(two.account), await temporary.isActive(access)]).toEqual([true, false]);
    await temporary.revoke(twin);
  });
});
