/** What gave access is what takes it back, whatever the policy file says by then. */

import SQLite from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Stage, setStage } from '../support/bot.ts';
import { jit } from '../support/cli.ts';

const MINUTE = 60_000;
const PAYMENTS = `{ kind: postgres, url: "\${PAYMENTS_DB_URL}" }`;
/** The same server, and other names for what is made there: under this one a revoke looks for something else. */
const OWN_LOGINS = `{ kind: postgres, url: "\${PAYMENTS_DB_URL}", login: "{email_name}" }`;
const ELSEWHERE = `{ kind: postgres, url: "\${ELSEWHERE_URL}" }`;

let stage: Stage;
beforeEach(async () => {
  stage = await setStage({
    env: { ELSEWHERE_URL: 'postgres://jitbot:not-in-use@127.0.0.1:1/payments' },
  });
});
afterEach(() => stage.close());

const people = () => stage.sandbox.slack.people;
const hold = async () => {
  await stage.ana.jit('request payments read 1h stuck payments');
  await stage.ana.readsDirect('You have Payments database (read)');
};
const moveTo = (target: string, more = '') =>
  stage.savePolicy((source) => `${source.replace(PAYMENTS, target)}\n${more}`);
const openReload = async (text: string) => {
  await stage.eve.jit('admin');
  await people().clickIn('U0EVE', await stage.eve.sees('Active: '), 'admin_reload');
  return stage.eve.sees(text);
};
const rolesAre = (count: number) =>
  expect.poll(async () => (await stage.madeRoles()).length, { timeout: 5_000 }).toBe(count);

describe('a policy that moves a target', () => {
  test.each([
    ['K4.1 another login template', OWN_LOGINS],
    ['K4.2 another host', ELSEWHERE],
  ])('%s: a reload that would strand live access is refused, with the list', async (_name, target) => {
    await hold();
    moveTo(target);
    await stage.reload();
    await stage.logged('the policy file is not put in force', 1);
    const [line] = stage.log.lines.filter(({ message }) => message.startsWith('the policy file is not put in force'));
    expect(JSON.stringify(line?.facts)).toContain('live access of Ana Kovač to payments-db/read');
    expect(stage.events().filter(({ type }) => type === 'policy.loaded')).toHaveLength(1);
  });

  test.each([
    ['K4.1 another login template', OWN_LOGINS],
    ['K4.2 another host', ELSEWHERE],
  ])('%s: confirmed by an administrator, access is taken back at the old place', async (_name, target) => {
    await hold();
    moveTo(target);
    const shown = await openReload('could not be ended any more');
    expect(stage.viewText(shown, 'U0EVE')).toContain('live access of Ana Kovač to payments-db/read');
    await people().submit('U0EVE', shown);
    await stage.eve.sees('In force');
    const loaded = await stage.recorded('policy.loaded', 2);
    expect(loaded.payload.changes.join('\n')).toContain('live access of Ana Kovač to payments-db/read');
    await rolesAre(1);
    await stage.ana.jit('revoke payments');
    await stage.recorded('grant.ended');
    expect(await stage.madeRoles()).toEqual([]);
  });

  test('K4.3 a confirmation counts for the list shown, not for access that came later', async () => {
    await hold();
    moveTo(ELSEWHERE);
    const shown = await openReload('could not be ended any more');
    await stage.ben.jit('break-glass payments admin 20m INC-4711 Checkout is down for everybody');
    await stage.ben.readsDirect('You have Payments database (admin)');
    await people().submit('U0EVE', shown);
    await stage.eve.sees('2 active grants');
    expect(stage.events().filter(({ type }) => type === 'policy.loaded')).toHaveLength(1);
  });

  test('K4.4 a target kept under retired_targets strands nothing, also across a restart', async () => {
    await hold();
    const retire = (source: string) =>
      `${source.replace(PAYMENTS, ELSEWHERE)}\nretired_targets: { old: ${PAYMENTS} }\n`;
    stage.savePolicy(retire);
    await stage.reload();
    await stage.recorded('policy.loaded', 2);
    await stage.restart({
      env: { ELSEWHERE_URL: 'postgres://jitbot:not-in-use@127.0.0.1:1/payments' },
      policy: retire,
    });
    await stage.ana.jit('revoke payments');
    await stage.recorded('grant.ended');
    expect(await stage.madeRoles()).toEqual([]);
    expect(stage.events().filter(({ type }) => type === 'grant.stranded')).toEqual([]);
  });

  test('K4.5 a restart without the old place says so, and never records an end', async () => {
    await hold();
    await stage.restart({ policy: (source) => source.replace(PAYMENTS, OWN_LOGINS) });
    const said = await stage.eve.readsIn('C0AUDIT', 'which the policy file no longer reaches');
    expect(stage.text(said, 'U0EVE')).toContain('payments-db/read of Ana Kovač cannot be ended');
    stage.clock.jump(61 * MINUTE);
    await stage.recorded('grant.overdue');
    expect(stage.events().filter(({ type }) => type === 'grant.ended')).toEqual([]);
    await rolesAre(1);
    // The target is put back where the message says.
    await stage.restart({
      policy: (source) => `${source.replace(PAYMENTS, OWN_LOGINS)}\nretired_targets: { old: ${PAYMENTS} }\n`,
    });
    stage.clock.jump(2 * MINUTE);
    await stage.recorded('grant.ended');
    expect(await stage.madeRoles()).toEqual([]);
  });

  test('K4.6 a retired target without its secrets blocks no start, and is reported', async () => {
    await hold();
    await stage.restart({
      policy: (source) =>
        `${source.replace(PAYMENTS, OWN_LOGINS)}\nretired_targets: { old: { kind: postgres, url: "\${GONE_URL}" } }\n`,
    });
    await stage.recorded('grant.stranded');
    await rolesAre(1);
  });

  test('K4.7 another password, or a second resource for the target, is the same place', async () => {
    await hold();
    await stage.restart({
      env: { PAYMENTS_DB_URL: `${stage.sandbox.env.PAYMENTS_DB_URL}?application_name=rotated` },
      policy: (source) =>
        source.replace('  payments-db:', '  ledger-db:').replace('role: payments-db', 'role: ledger-db'),
    });
    await stage.ana.jit('revoke payments-db');
    await stage.recorded('grant.ended');
    expect(await stage.madeRoles()).toEqual([]);
    expect(stage.events().filter(({ type }) => type === 'grant.stranded')).toEqual([]);
  });

  test('K4.8 access waiting to be given is given at no other place than was decided', async () => {
    stage.sandbox.proxy.cut();
    await stage.ana.jit('request payments read 1h stuck payments');
    await stage.logged('granting failed', 1);
    moveTo(OWN_LOGINS);
    const shown = await openReload('could not be ended any more');
    await people().submit('U0EVE', shown);
    await stage.eve.sees('In force');
    stage.sandbox.proxy.restore();
    stage.clock.jump(10_000);
    const failed = await stage.recorded('grant.failed');
    expect(failed.payload.problem).toContain('moved the resource to another target');
    expect(await stage.madeRoles()).toEqual([]);
  });

  test('K4.9 access that the version before gave gets its place at the first start', async () => {
    await hold();
    await stage.stopBot();
    const db = new SQLite(stage.sandbox.env.JIT_DATABASE ?? '');
    db.exec("UPDATE grants SET body = json_set(body, '$.place', json('null'))");
    db.exec(
      "INSERT INTO jobs (kind, key, due_at, attempts, lease_until, generation) VALUES ('stamp', 'earlier', 0, 0, 0, 1)",
    );
    db.close();
    await stage.restart();
    const places = () => {
      const reader = new SQLite(stage.sandbox.env.JIT_DATABASE ?? '', { readonly: true });
      const found = reader.prepare("SELECT json_extract(body, '$.place') FROM grants").pluck().all();
      reader.close();
      return found;
    };
    await expect.poll(places, { timeout: 5_000 }).toEqual([expect.stringMatching(/^postgres .*\/payments temporary$/)]);
  });

  test('K4.10 "policy check --live" names access that would strand, and the unknown', async () => {
    await hold();
    const policy = stage.sandbox.env.JIT_POLICY ?? '';
    const check = (env: Record<string, string>) =>
      jit(['policy', 'check', policy, '--live', '--database', stage.sandbox.env.JIT_DATABASE ?? ''], env);
    const same = { ...stage.sandbox.env } as Record<string, string>;
    expect(await check(same)).toMatchObject({ code: 0, out: '0 errors, 0 warnings\n' });
    const moved = await check({ ...same, PAYMENTS_DB_URL: 'postgres://jitbot:x@127.0.0.1:1/payments' });
    expect(moved).toMatchObject({
      code: 1,
      out: expect.stringMatching(/Ana Kovač to payments-db\/read was given at "postgres /),
    });
    const dark = await check({});
    expect(dark.out).toContain('which target this is was not checked, because its secrets are not in the environment');
  });
});
