/**
 * What the holder of a role made with it, in one database: first it is disarmed, then it goes to a role that can do nothing,
 * or to the one that the policy names for tables. The bot is a member of the roles meanwhile, and never the owner.
 */

import type { Residue } from '../../domain/grant.ts';
import { type Made, quote } from './identity.ts';
import { newerThan, type Owned, ownedBy, ownsNothing, switchesOf, type UseByOthers, usesByOthers } from './owned.ts';
import { attempt, attemptAll, type Budget, LATER } from './statements.ts';
import { type Client, inTransaction } from './transaction.ts';

export interface Heirs {
  /** The role that can do nothing; null: there is none that may be trusted, so things stay with the role of the grant. */
  readonly powerless: string | null;
  /** Where tables and sequences go instead; null: nowhere else. */
  readonly tables: string | null;
}

interface Cleaning {
  readonly made: Made;
  readonly heirs: Heirs;
  /** The roles that the access gave. */
  readonly roles: readonly string[];
  readonly hasTime: Budget;
}

/** PostgreSQL's word for a kind of thing, as ALTER and DROP have it, where that is another one. */
const KEYWORDS: Readonly<Record<string, string>> = {
  function: 'ROUTINE',
  procedure: 'ROUTINE',
  aggregate: 'ROUTINE',
  'statistics object': 'STATISTICS',
  'foreign-data wrapper': 'FOREIGN DATA WRAPPER',
};
/** What REVOKE calls it, where there is anything to revoke. */
const GRANTABLE: Readonly<Record<string, string>> = {
  table: 'TABLE',
  view: 'TABLE',
  'materialized view': 'TABLE',
  'foreign table': 'TABLE',
  sequence: 'SEQUENCE',
  function: 'ROUTINE',
  procedure: 'ROUTINE',
  aggregate: 'ROUTINE',
  type: 'TYPE',
  schema: 'SCHEMA',
  language: 'LANGUAGE',
  server: 'FOREIGN SERVER',
  'foreign-data wrapper': 'FOREIGN DATA WRAPPER',
  'large object': 'LARGE OBJECT',
};
/** What holds data, or what data hangs on, is never dropped. */
const HOLDS_DATA = new Set([
  ...['table', 'foreign table', 'materialized view', 'sequence', 'large object', 'type', 'extension'],
]);
const PERMISSION_DENIED = '42501';

/** As people write it. */
const shown = (identity: string): string => identity.replaceAll('pg_catalog.', '');

const keywordOf = ({ type }: Owned): string => KEYWORDS[type] ?? type.toUpperCase();
const giveTo = (one: Owned, heir: string): string => `ALTER ${keywordOf(one)} ${one.identity} OWNER TO ${quote(heir)}`;

export async function cleanDatabase(client: Client, cleaning: Cleaning): Promise<Residue[]> {
  const { made, roles, hasTime } = cleaning;
  const found = await inTransaction(client, async () => ({
    owned: await ownedBy(client, made.oid),
    uses: await usesByOthers(client, made.oid),
    newer: await newerThan(client, made.oid, roles),
  }));
  const disarmed = await disarm(client, found.owned, cleaning);
  const dropped = await dropUsed(client, found.uses, hasTime);
  const residue: Residue[] = found.uses.map(({ what, routine }) => ({
    what: shown(what),
    done:
      routine !== null && dropped.has(routine)
        ? 'dropped'
        : 'still there: drop it, since it runs with the rights of whoever uses the table',
  }));
  const remaining = found.owned.filter(({ follows, identity }) => !follows && !dropped.has(identity));
  const became = await handOver(client, remaining, cleaning);
  for (const one of found.owned.filter(({ follows }) => !follows)) {
    const parts = [...(disarmed.get(one) ?? []), became.get(one) ?? 'dropped'];
    residue.push({ what: `${one.type} ${shown(one.identity)}`, done: parts.join('; ') });
  }
  for (const what of found.newer)
    residue.push({
      what: shown(what),
      done: `left alone: it appeared while the access lived, in what the access opened (${roles.join(', ')}); look at it`,
    });
  // Rights that the role was given, and what it gives by default. While it owns anything, that would be dropped too.
  await inTransaction(client, async () => {
    if (await ownsNothing(client, made.oid)) await client.query(`DROP OWNED BY ${quote(made.name)}`);
  });
  return residue;
}

/** Drops functions of the role's with what runs them on tables of others. @returns which are gone */
async function dropUsed(client: Client, uses: readonly UseByOthers[], hasTime: Budget): Promise<ReadonlySet<string>> {
  const dropped = new Set<string>();
  for (const routine of new Set(uses.flatMap((one) => one.routine ?? [])))
    if (hasTime() && (await attempt(client, `DROP ROUTINE ${routine} CASCADE`)) === null) dropped.add(routine);
  return dropped;
}

/** Nothing of it runs with the rights of its owner any more, and nobody else may use it. @returns what was done, by thing */
async function disarm(client: Client, owned: readonly Owned[], { heirs, hasTime }: Cleaning) {
  const steps = owned.flatMap((one) => disarmingSteps(one, heirs).map((step) => ({ one, ...step })));
  const failed = await attemptAll(
    client,
    steps.map(({ sql }) => sql),
    hasTime,
  );
  const done = new Map<Owned, string[]>();
  for (const { one, sql, says } of steps) {
    const problem = failed.get(sql);
    const text = problem === undefined ? says : `not disarmed yet (${problem === LATER ? LATER : problem.message})`;
    if (text !== '') done.set(one, [...(done.get(one) ?? []), text]);
  }
  return done;
}

function disarmingSteps(one: Owned, heirs: Heirs): { sql: string; says: string }[] {
  const steps: { sql: string; says: string }[] = [];
  const kind = GRANTABLE[one.type];
  if (one.definer)
    steps.push({
      sql: `ALTER ROUTINE ${one.identity} SECURITY INVOKER`,
      says: 'runs with the rights of its caller now',
    });
  if (one.type === 'subscription')
    steps.push({ sql: `ALTER SUBSCRIPTION ${one.identity} DISABLE`, says: 'copies nothing any more' });
  if (kind !== undefined && one.grantees.length > 0)
    steps.push({
      sql: `REVOKE ALL ON ${kind} ${one.identity} FROM ${one.grantees.join(', ')} CASCADE`,
      says: 'nobody else may use it',
    });
  // The heirs need a right to the schema of what they are handed.
  if (one.type === 'schema')
    for (const heir of [heirs.powerless, heirs.tables])
      if (heir !== null)
        steps.push({ sql: `GRANT USAGE, CREATE ON SCHEMA ${one.identity} TO ${quote(heir)}`, says: '' });
  return steps;
}

/** @returns what became of each; without an entry: not there any more */
async function handOver(client: Client, owned: readonly Owned[], cleaning: Cleaning): Promise<Map<Owned, string>> {
  const { made, heirs, hasTime } = cleaning;
  const became = new Map<Owned, string>();
  for (const one of owned) {
    const done = heirs.tables !== null && hasTime() ? await giveTable(client, one, heirs.tables) : null;
    if (done !== null) became.set(one, done);
  }
  const rest = owned.filter((one) => !became.has(one));
  const { powerless } = heirs;
  const shell = `stays with ${made.name}, which nobody can use`;
  if (powerless === null) return new Map([...became, ...rest.map((one) => [one, shell] as const)]);
  const failed = await attemptAll(
    client,
    rest.map((one) => giveTo(one, powerless)),
    hasTime,
  );
  for (const one of rest) {
    const problem = failed.get(giveTo(one, powerless));
    // There is no ALTER EXTENSION … OWNER TO.
    const isRefused =
      one.type === 'extension' || (problem !== undefined && problem !== LATER && problem.code === PERMISSION_DENIED);
    const instead =
      isRefused && hasTime() ? await dropOrReassign(client, one, { from: made.name, to: powerless }) : null;
    const why = problem === LATER ? LATER : problem?.message;
    became.set(one, problem === undefined ? `belongs to ${powerless}` : (instead ?? `${shell} (${why})`));
  }
  return became;
}

/** For the table that an application needs. What it runs for whoever uses it is switched off: that is the holder's too. */
async function giveTable(client: Client, one: Owned, heir: string): Promise<string | null> {
  if (one.type !== 'table' && one.type !== 'sequence') return null;
  const switches = one.type === 'table' ? await inTransaction(client, () => switchesOf(client, one.oid)) : [];
  const statements = [...switches.map((clause) => `ALTER TABLE ${one.identity} ${clause}`), giveTo(one, heir)];
  if ((await attempt(client, statements.join('; '))) !== null) return null;
  return `belongs to ${heir}${switches.length > 0 ? ', with its triggers and rules switched off' : ''}`;
}

/**
 * PostgreSQL wants CREATE on the schema of the new owner. What runs is dropped without it; tables go to the new owner all
 * the same in this way, once nothing else is left that does not.
 */
async function dropOrReassign(client: Client, one: Owned, { from, to }: { from: string; to: string }) {
  if (!HOLDS_DATA.has(one.type) && (await attempt(client, `DROP ${keywordOf(one)} ${one.identity} RESTRICT`)) === null)
    return 'dropped';
  const reassigned = await attempt(client, `REASSIGN OWNED BY ${quote(from)} TO ${quote(to)}`);
  return reassigned === null ? `belongs to ${to}` : null;
}
