import { hasGrantOptions, quote } from './identity.ts';
import type { Session } from './session.ts';
import type { Client } from './transaction.ts';

/**
 * Makes the bot a member of roles during some work, because only members can change what a role owns. Afterwards it is no
 * member any more: things that others made must not be the bot's, not even through a role.
 */
export async function lent<T>(session: Session, roles: readonly string[], work: () => Promise<T>): Promise<T> {
  const borrowed = await session.transaction((client) => borrow(client, roles));
  try {
    return await work();
  } finally {
    for (const role of borrowed) await session.transaction((client) => giveBack(client, role));
  }
}

async function borrow(client: Client, roles: readonly string[]): Promise<string[]> {
  const options = await hasGrantOptions(client);
  const borrowed: string[] = [];
  for (const role of roles) {
    if (await isMember(client, role, options)) continue;
    await client.query(`GRANT ${quote(role)} TO CURRENT_USER${options ? ' WITH INHERIT TRUE, SET TRUE' : ''}`);
    borrowed.push(role);
  }
  return borrowed;
}

async function isMember(client: Client, role: string, options: boolean): Promise<boolean> {
  const { rows } = await client.query<{ may: boolean }>(
    `SELECT pg_catalog.pg_has_role(current_user, r.oid, 'USAGE')
       ${options ? "AND pg_catalog.pg_has_role(current_user, r.oid, 'SET')" : ''} AS may
     FROM pg_catalog.pg_roles r WHERE r.rolname = $1`,
    [role],
  );
  return rows[0]?.may === true;
}

/** Ends the bot's membership. If the role was dropped meanwhile, it has ended already. */
async function giveBack(client: Client, role: string): Promise<void> {
  const { rowCount } = await client.query('SELECT FROM pg_catalog.pg_roles WHERE rolname = $1', [role]);
  if (rowCount === 0) return;
  const by = (await hasGrantOptions(client)) ? ' GRANTED BY CURRENT_USER' : '';
  await client.query(`REVOKE ${quote(role)} FROM CURRENT_USER${by}`);
}
