/** The statements that the documentation asks for are what the doctor asks for, and enough. */

import { expect, test } from 'vitest';
import { postgres } from '../../src/provisioners/postgres/provisioner.ts';
import { query } from '../../src/sandbox/postgres.ts';
import { VERSIONS } from '../support/postgres.ts';
import { accessOf, inAnHour, newGrantId, useForTests } from './contract.ts';
import { BASE, KEEP_OWNER, RESERVED } from './postgresDocs.ts';

test.each(VERSIONS)(
  'the rights that the documentation gives the bot are all it needs, $name',
  async ({ start, hasGrantOptions }) => {
    const server = await start({
      postgres: [
        'CREATE ROLE payments_read NOLOGIN',
        'CREATE ROLE payments_admin NOLOGIN',
        'CREATE ROLE app_owner NOLOGIN',
        'CREATE DATABASE payments',
      ],
      payments: [
        'CREATE TABLE payments (id int)',
        'GRANT SELECT ON payments TO payments_read',
        'GRANT CREATE ON SCHEMA public TO payments_admin',
      ],
    });
    const use = useForTests();
    await query(server.url('payments'), [
      ...BASE,
      ...(hasGrantOptions ? RESERVED : []),
      ...KEEP_OWNER.map((one) => (hasGrantOptions ? one : one.replace(' WITH INHERIT FALSE, SET TRUE', ''))),
      "ALTER ROLE jitbot PASSWORD 'jitbot'",
    ]);
    const connection = postgres.connect(
      {
        kind: 'postgres',
        url: server.url('payments', 'jitbot', 'jitbot'),
        login: 'temporary',
        keep_owner: 'app_owner',
      },
      use,
    );
    const role = { roles: ['payments_read', 'payments_admin'] };
    const findings = await connection.check([{ roleKey: 'payments-db/admin', role }]);
    expect(findings.filter(({ ok }) => !ok)).toEqual([]);
    const id = newGrantId();
    await connection.grant(accessOf(role, id), inAnHour());
    const credential = await connection.issueCredential?.(accessOf(role, id), inAnHour());
    await query(credential?.usage ?? '', [
      'CREATE TABLE hotfix (n serial)',
      'CREATE FUNCTION helper() RETURNS int LANGUAGE sql SECURITY DEFINER AS $$SELECT 1$$',
    ]);
    expect(await connection.revoke(accessOf(role, id))).toEqual({
      left: [
        {
          what: 'function public.helper()',
          done: 'runs with the rights of its caller now; nobody else may use it; belongs to jitbot_leftovers',
        },
        { what: 'table public.hotfix', done: 'belongs to app_owner' },
      ],
    });
    const [made] = await query(server.url('payments'), ["SELECT rolname FROM pg_roles WHERE rolname LIKE 'jit\\_%'"]);
    expect(made?.rows).toEqual([]);
    await connection.close();
    await server.stop();
    use.close();
  },
);
