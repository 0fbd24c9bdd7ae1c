import type { Connection as Client } from 'mysql2/promise';
import { describe, expect, test } from 'vitest';
import type { Residue } from '../../../src/domain/grant.ts';
import { inAnHour } from '../../provisioners/contract.ts';
import { leftOf, mysqlStage, type Role, works } from '../../provisioners/mysqlStage.ts';
import { chanceFrom } from '../../simulation/chance.ts';
import { hasMariaDb } from '../../support/mariadb.ts';
import { seeds } from '../play.ts';
import { type Catalogue, differences, readCatalogue } from './catalogue.ts';
import { judge, type Names } from './judge.ts';
import { type Holder, MOVES } from './moves.ts';

/**
 * A hostile holder on a real MariaDB: with the rights that were given they do whatever a seed says, then the end comes, and
 * everything is compared with how it was. `HOSTILE_ROUNDS=200 HOSTILE_SEED=1000` tries more.
 */
/** No new use so long after the end, whatever the holder does. */
const BOUND_MS = 30_000;
const quoted = (name: string): string => `\`${name.replaceAll('`', '``')}\``;
const ROLES = ['writer', 'reader_of_all', 'flusher', 'granter', 'replacer'];

describe.skipIf(!hasMariaDb)('a hostile holder on MariaDB', () => {
  const stage = mysqlStage();

  async function holderOf(seed: number, role: Role): Promise<Holder & { secret: string }> {
    await stage.temporary.grant(stage.access(role), inAnHour());
    const secret = (await stage.temporary.issueCredential?.(stage.access(role), inAnHour()))?.secret ?? '';
    const open = async (): Promise<Client> => {
      const client = await stage.connectAs(stage.loginName(), secret);
      await client.query(`SET ROLE ${stage.bridge()}`);
      return client;
    };
    let made = 0;
    return {
      chance: chanceFrom(seed),
      sessions: [await open(), await open()],
      open,
      friend: await stage.connectAs('evil', 'evil'),
      bridge: stage.bridge(),
      login: stage.loginName(),
      loops: [],
      running: [],
      serial: () => (made += 1),
      secret,
    };
  }

  /** As the flow does it: revokes, reads back, and tries again. */
  async function end(role: Role): Promise<{ took: number; left: readonly Residue[]; problems: string[] }> {
    const from = Date.now();
    const problems: string[] = [];
    const left: Residue[] = [];
    while (Date.now() - from < BOUND_MS) {
      try {
        left.push(...leftOf(await stage.temporary.revoke(stage.access(role))));
        if (!(await stage.temporary.isActive(stage.access(role)))) return { took: Date.now() - from, left, problems };
        problems.push('still active');
      } catch (error) {
        problems.push(String(error));
      }
    }
    return { took: Date.now() - from, left, problems };
  }

  /** What goes on beside the end, until it is told to stop. */
  function keepOn(loops: readonly (() => Promise<unknown>)[]): () => Promise<void> {
    const state = { goesOn: true };
    const going = loops.map(async (act) => {
      // A try that fails at once leaves others their turn.
      while (state.goesOn) await act().catch(() => new Promise((resolve) => setTimeout(resolve, 5)));
    });
    return async () => {
      state.goesOn = false;
      await Promise.all(going);
    };
  }

  /** In each session, and with each password that the holder knows. */
  async function stillUse(holder: Holder & { secret: string }): Promise<string[]> {
    const used: string[] = [];
    for (const statement of ['SELECT 1 FROM shop.payments LIMIT 1', 'SELECT 1 FROM mysql.global_priv LIMIT 1'])
      for (const session of holder.sessions)
        if (await works(session, statement)) used.push(`an open session: ${statement}`);
    for (const password of [holder.secret, 'one of their own', 'another']) {
      const client = await stage.connectAs(holder.login, password).catch(() => null);
      if (client) used.push(`logging in with ${password}`);
    }
    return used;
  }

  async function clear(before: Catalogue): Promise<void> {
    for (const { what } of differences(before, await readCatalogue(stage.server))) {
      const [kind = '', schema = '', name = '', type = ''] = what.split(' ');
      if (['view', 'table', 'event', 'trigger'].includes(kind))
        await stage.server.query(`DROP ${kind} IF EXISTS ${schema}.${quoted(name)}`);
      if (kind === 'routine') await stage.server.query(`DROP ${type} IF EXISTS ${schema}.${quoted(name)}`);
      if (kind === 'prepared') await stage.server.query(`XA ROLLBACK '${what.split(' ').at(-1)}'`);
    }
    await stage.server.query("REVOKE ALL PRIVILEGES ON shop.payments FROM evil@'%'").catch(() => undefined);
  }

  const namesFor = (role: Role): Names => ({
    definers: [`${stage.loginName()}@%`, stage.bridge(), `${stage.bridge()}@`],
    mayHandOn: role.roles.includes('granter'),
  });

  test.each(seeds(12))(
    'leaves no use and no session, and nothing unrecorded: seed %i',
    async (seed) => {
      const chance = chanceFrom(seed * 7_919);
      const role = { roles: ['writer', ...ROLES.slice(1).filter(() => chance.happens(0.4))] };
      const before = await readCatalogue(stage.server);
      const holder = await holderOf(seed, role);
      const done: string[] = [];
      for (let left = 4 + holder.chance.int(10); left > 0; left -= 1) {
        const [name, move] = holder.chance.pick(Object.entries(MOVES));
        // Where a lock of their own holds them up, the next move comes all the same.
        const moved = await Promise.race([
          move(holder).then(
            () => 'done',
            (error: unknown) => String(error).slice(0, 80),
          ),
          new Promise<string>((resolve) => setTimeout(resolve, 700, 'waits')),
        ]);
        done.push(`${name}: ${moved}`);
      }
      const stop = keepOn(holder.loops);
      const { took, left, problems } = await end(role);
      await stop();
      await Promise.all(holder.running);
      // What the server showed under another name is found by the next drift round.
      const strays =
        (await stage.temporary.list?.([{ roleKey: 'shop/writer', role }]))?.filter(({ grantId }) => grantId !== null) ??
        [];
      for (const stray of strays) await stage.temporary.remove?.(stray, role);
      const app = await stage.connectAs('app', 'app');
      const told = {
        took: took < BOUND_MS ? 'in time' : problems,
        used: await stillUse(holder),
        survivors: judge(differences(before, await readCatalogue(stage.server)), left, namesFor(role)),
        appWrites: await works(app, 'INSERT INTO shop.payments VALUES (3)'),
        friendLives: await works(holder.friend, 'SELECT 1'),
      };
      await clear(before);
      expect(told, `seed ${seed}, ${role.roles.join(' and ')}:\n${done.join('\n')}`).toEqual({
        took: 'in time',
        used: [],
        survivors: [],
        appWrites: true,
        friendLives: true,
      });
    },
    90_000,
  );

  test.each([
    ['an account', "CREATE USER left_one@'%'", 'DROP USER left_one'],
    ['a role', 'CREATE ROLE left_role', 'DROP ROLE left_role'],
    ['a role that was given', 'GRANT writer TO evil', 'REVOKE writer FROM evil'],
    ['rights on a schema', "GRANT SELECT ON shop.* TO evil@'%'", "REVOKE SELECT ON shop.* FROM evil@'%'"],
    ['rights on a table', "GRANT SELECT ON shop.payments TO evil@'%'", "REVOKE SELECT ON shop.payments FROM evil@'%'"],
    ['rights on the whole server', "GRANT SELECT ON *.* TO evil@'%'", "REVOKE SELECT ON *.* FROM evil@'%'"],
    ['a proxy', "GRANT PROXY ON app@'%' TO evil@'%'", "REVOKE PROXY ON app@'%' FROM evil@'%'"],
    [
      'rights on a routine',
      "GRANT EXECUTE ON PROCEDURE shop.slow TO evil@'%'",
      "REVOKE EXECUTE ON PROCEDURE shop.slow FROM evil@'%'",
    ],
    [
      'a trigger',
      'CREATE TRIGGER shop.left_t AFTER INSERT ON shop.payments FOR EACH ROW SET @x = 1',
      'DROP TRIGGER shop.left_t',
    ],
    ['an event', 'CREATE EVENT shop.left_e ON SCHEDULE EVERY 1 DAY DO DO 1', 'DROP EVENT shop.left_e'],
    [
      'a routine with the rights of its definer',
      "CREATE DEFINER=jitbot@'%' PROCEDURE shop.left_p() DO 1",
      'DROP PROCEDURE shop.left_p',
    ],
    [
      'a view with the rights of somebody who is there',
      "CREATE DEFINER=jitbot@'%' VIEW shop.left_v AS SELECT 1",
      'DROP VIEW shop.left_v',
    ],
    [
      'a view that the end did not name',
      "CREATE DEFINER=jit_x@'%' VIEW shop.left_v AS SELECT 1",
      'DROP VIEW shop.left_v',
    ],
    ['a changed account', "ALTER USER evil@'%' IDENTIFIED BY 'changed'", "ALTER USER evil@'%' IDENTIFIED BY 'evil'"],
    [
      'a changed routine',
      'ALTER PROCEDURE shop.slow SQL SECURITY INVOKER',
      'ALTER PROCEDURE shop.slow SQL SECURITY DEFINER',
    ],
    ['a setting', 'SET GLOBAL event_scheduler = OFF', 'SET GLOBAL event_scheduler = ON'],
  ])('the judge finds what was planted: %s', async (_, plant, undo) => {
    const before = await readCatalogue(stage.server);
    const names = { definers: ['jit_x@%'], mayHandOn: false };
    expect(judge(differences(before, await readCatalogue(stage.server)), [], names)).toEqual([]);
    await stage.server.query(plant);
    const found = judge(differences(before, await readCatalogue(stage.server)), [], names);
    await stage.server.query(undo);
    expect(found).not.toEqual([]);
  });

  test('the judge finds a session that lives on and a password that still works', async () => {
    const holder = await holderOf(1, { roles: ['writer'] });
    const used = await stillUse(holder);
    expect(used).toContain(`logging in with ${holder.secret}`);
    expect(used).toContain('an open session: SELECT 1 FROM shop.payments LIMIT 1');
  });
});
