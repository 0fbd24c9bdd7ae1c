/**
 * Leftovers: what the holder of a role made with it, in one database. First they are disarmed. Then they go to a role that can
 * do nothing, or tables to the role that the policy names. The bot is a member of the roles meanwhile, and never the owner.
 */

import type { Residue } from '../../domain/grant.ts';
import { POSTGRES_LEFT } from '../../wording/targets/postgres.ts';
import { type Made, quote } from './identity.ts';
import { newerThan, type Owned, ownedBy, ownsNothing, switchesOf, type UseByOthers, usesByOthers } from './owned.ts';
import { attempt, attemptAll, type Budget, LATER } from './statements.ts';
import { type Client, inTransaction } from './transaction.ts';

export interface Heirs {
  /** The role that can do nothing; null if there is none to be trusted, so that things stay with the grant's role. */
  readonly powerless: string | null;
  /** The role that gets tables and sequences instead; null if there is no other. */
  readonly tables: string | null;
}

interface Cleaning {
  readonly made: Made;
  readonly heirs: Heirs;
  /** The roles that the access gave. */
  readonly roles: readonly string[];
  readonly hasTime: Budget;
}

/** The keyword of ALTER and DROP for a kind of thing, if it differs from the name of the kind. */
const KEYWORDS: Readonly<Record<string, string>> = {
  function: 'ROUTINE',
  procedure: 'ROUTINE',
  aggregate: 'ROUTINE',
  'statistics object': 'STATISTICS',
  'foreign-data wrapper': 'FOREIGN DATA WRAPPER',
};
/** The keyword of REVOKE for a kind of thing, if it can have rights. */
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
/** Kinds that hold data, or that data depends on. They are never dropped. */
const HOLDS_DATA = new Set([
  ...['table', 'foreign table', 'materialized view', 'sequence', 'large object', 'type', 'extension'],
]);
const PERMISSION_DENIED = '42501';

/** An identity as people write it. */
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
    done: routine !== null && dropped.has(routine) ? 'dropped' : POSTGRES_LEFT.runsForOthers,
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
      done: POSTGRES_LEFT.appeared(roles.join(', ')),
    });
  // DROP OWNED removes the role's rights and default privileges. It comes last, because it would also drop what the role owns.
  await inTransaction(client, async () => {
    if (await ownsNothing(client, made.oid)) await client.query(`DROP OWNED BY ${quote(made.name)}`);
  });
  return residue;
}

/** Drops functions of the role together with what runs them on tables of others. @returns which are gone */
async function dropUsed(client: Client, uses: readonly UseByOthers[], hasTime: Budget): Promise<ReadonlySet<string>> {
  const dropped = new Set<string>();
  for (const routine of new Set(uses.flatMap((one) => one.routine ?? [])))
    if (hasTime() && (await attempt(client, `DROP ROUTINE ${routine} CASCADE`)) === null) dropped.add(routine);
  return dropped;
}

/**
 * Makes things harmless: none runs with its owner's rights any more, and nobody else may use it.
 * @returns what was done, by thing
 */
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
    const text = problem === undefined ? says : POSTGRES_LEFT.notDisarmed(problem === LATER ? LATER : problem.message);
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
      says: POSTGRES_LEFT.asCaller,
    });
  if (one.type === 'subscription')
    steps.push({ sql: `ALTER SUBSCRIPTION ${one.identity} DISABLE`, says: POSTGRES_LEFT.copiesNothing });
  if (kind !== undefined && one.grantees.length > 0)
    steps.push({
      sql: `REVOKE ALL ON ${kind} ${one.identity} FROM ${one.grantees.join(', ')} CASCADE`,
      says: POSTGRES_LEFT.forNobodyElse,
    });
  // New owners need a right to the schema of what they get.
  if (one.type === 'schema')
    for (const heir of [heirs.powerless, heirs.tables])
      if (heir !== null)
        steps.push({ sql: `GRANT USAGE, CREATE ON SCHEMA ${one.identity} TO ${quote(heir)}`, says: '' });
  return steps;
}

/** Hands things over to their new owners. @returns what happened to each; things that no longer exist have no entry */
async function handOver(client: Client, owned: readonly Owned[], cleaning: Cleaning): Promise<Map<Owned, string>> {
  const { made, heirs, hasTime } = cleaning;
  const became = new Map<Owned, string>();
  for (const one of owned) {
    const done = heirs.tables !== null && hasTime() ? await giveTable(client, one, heirs.tables) : null;
    if (done !== null) became.set(one, done);
  }
  const rest = owned.filter((one) => !became.has(one));
  const { powerless } = heirs;
  const shell = POSTGRES_LEFT.staysWith(made.name);
  if (powerless === null) return new Map([...became, ...rest.map((one) => [one, shell] as const)]);
  const failed = await attemptAll(
    client,
    rest.map((one) => giveTo(one, powerless)),
    hasTime,
  );
  for (const one of rest) {
    const problem = failed.get(giveTo(one, powerless));
    // PostgreSQL has no ALTER EXTENSION … OWNER TO.
    const isRefused =
      one.type === 'extension' || (problem !== undefined && problem !== LATER && problem.code === PERMISSION_DENIED);
    const instead =
      isRefused && hasTime() ? await dropOrReassign(client, one, { from: made.name, to: powerless }) : null;
    const why = problem === LATER ? LATER : problem?.message;
    became.set(one, problem === undefined ? POSTGRES_LEFT.belongsTo(powerless) : (instead ?? `${shell} (${why})`));
  }
  return became;
}

/** Hands over a table that an application may need. Its triggers and rules, which the holder may have made, are switched off. */
async function giveTable(client: Client, one: Owned, heir: string): Promise<string | null> {
  if (one.type !== 'table' && one.type !== 'sequence') return null;
  const switches = one.type === 'table' ? await inTransaction(client, () => switchesOf(client, one.oid)) : [];
  const statements = [...switches.map((clause) => `ALTER TABLE ${one.identity} ${clause}`), giveTo(one, heir)];
  if ((await attempt(client, statements.join('; '))) !== null) return null;
  return switches.length > 0 ? POSTGRES_LEFT.belongsSwitchedOff(heir) : POSTGRES_LEFT.belongsTo(heir);
}

/**
 * For a new owner without CREATE on the schema, which PostgreSQL demands. Things that run are dropped. Tables are handed over
 * with REASSIGN OWNED, which needs no such right, once nothing else is left.
 */
async function dropOrReassign(client: Client, one: Owned, { from, to }: { from: string; to: string }) {
  if (!HOLDS_DATA.has(one.type) && (await attempt(client, `DROP ${keywordOf(one)} ${one.identity} RESTRICT`)) === null)
    return 'dropped';
  const reassigned = await attempt(client, `REASSIGN OWNED BY ${quote(from)} TO ${quote(to)}`);
  return reassigned === null ? POSTGRES_LEFT.belongsTo(to) : null;
}
