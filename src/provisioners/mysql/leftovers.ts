/**
 * Leftovers: what somebody made with the access and outlives it. Views, routines, triggers and events run with the rights of
 * their definer, which is the login or the role of the grant. Both are gone and their names are never used again, so leftovers
 * give nobody access. But a trigger without its definer blocks all writes to its table, and an event fails each time it is
 * due: those two are dropped. Routines are changed to run with the rights of their caller.
 *
 * For the clean-up, the bot sets each granted role in turn: what the holder could make with a role, the bot can see and remove
 * with the same role. So it needs no rights beyond those that it grants.
 */

import type { Residue } from '../../domain/grant.ts';
import { errorText } from '../../domain/text.ts';
import type { Log } from '../../ports/host.ts';
import { MYSQL_LEFT } from '../../wording/targets/mysql.ts';
import { TargetRefusal } from '../provisioner.ts';
import { type Account, name, shown } from './accounts.ts';
import { isBlocked, isDenied } from './errors.ts';
import type { Session } from './session.ts';
import type { Sql } from './sql.ts';

type Kind = 'trigger' | 'event' | 'procedure' | 'function' | 'view' | 'package' | 'package body';

interface Thing {
  readonly kind: Kind;
  readonly schema: string;
  readonly name: string;
  /** The table of a trigger; empty for other kinds. */
  readonly on: string;
  readonly definer: string;
  readonly security: string;
  /** When it was created, by the server's clock. Only known for triggers. */
  readonly made: string | null;
}

const LISTED = `
  SELECT 'trigger' AS kind, TRIGGER_SCHEMA AS \`schema\`, TRIGGER_NAME AS name, EVENT_OBJECT_TABLE AS \`on\`, DEFINER AS definer, 'DEFINER' AS security,
         DATE_FORMAT(CREATED, '%Y-%m-%d %H:%i:%S') AS made
    FROM information_schema.TRIGGERS
  UNION ALL SELECT 'event', EVENT_SCHEMA, EVENT_NAME, '', DEFINER, 'DEFINER', NULL FROM information_schema.EVENTS
  UNION ALL SELECT LOWER(ROUTINE_TYPE), ROUTINE_SCHEMA, ROUTINE_NAME, '', DEFINER, SECURITY_TYPE, NULL FROM information_schema.ROUTINES
    WHERE ROUTINE_TYPE IN ('PROCEDURE', 'FUNCTION', 'PACKAGE', 'PACKAGE BODY')
  UNION ALL SELECT 'view', TABLE_SCHEMA, TABLE_NAME, '', DEFINER, SECURITY_TYPE, NULL FROM information_schema.VIEWS`;

export interface Left {
  readonly bridge: string;
  readonly roles: readonly string[];
  readonly accounts: readonly Account[];
  /** The login that was made for the grant, if one was: everything with it as definer was made with the access. */
  readonly login: Account | null;
  /** When the grant began, by the server's clock; null if unknown. */
  readonly since: string | null;
}

export interface Cleaned {
  readonly left: readonly Residue[];
  /** Whether something could not be cleaned up now and is worth another attempt. */
  readonly isOwed: boolean;
}

/** Finds leftovers and makes them harmless. No failure in here prevents the end of access. */
export async function cleanUp(session: Session, left: Left, log: Log): Promise<Cleaned> {
  const found = new Map<string, Outcome>();
  for (const role of left.roles) {
    try {
      // This needs a connection of its own, because the role that is set stays with it.
      await session.alone((sql) => cleanWith(sql, { role, left, found }));
    } catch (error) {
      log.warn({ err: error, role }, 'cannot look for leftovers of a login');
      found.set(MYSQL_LEFT.madeWith(role), {
        isDone: false,
        isBlocked: true,
        text: MYSQL_LEFT.notSearched(errorText(error)),
      });
    }
  }
  const residue = [...found].map(([what, { text }]) => ({ what, done: text }));
  if (residue.length > 0) log.warn({ bridge: left.bridge, left: residue }, 'a login left something behind');
  return { left: residue, isOwed: [...found.values()].some((one) => one.isBlocked) };
}

interface Outcome {
  readonly isDone: boolean;
  /** Whether somebody is using it at the moment. */
  readonly isBlocked: boolean;
  readonly text: string;
}

/**
 * The definers of leftovers, as the server writes them (a role has no host). A person's own login is not among them,
 * because it also made things before.
 */
const definersOf = ({ bridge, accounts, login }: Left): ReadonlySet<string> =>
  new Set([bridge, `${bridge}@`, `${bridge}@%`, ...(login ? accounts.map(shown) : [])]);

async function cleanWith(
  sql: Sql,
  { role, left, found }: { role: string; left: Left; found: Map<string, Outcome> },
): Promise<void> {
  await sql.query(`SET ROLE ${name(role)}`);
  const definers = definersOf(left);
  for (const thing of await sql.query<Thing>(LISTED)) {
    const what = labelOf(thing);
    if (isTheirOwn(thing, left)) found.set(what, done(THEIR_OWN(thing)));
    // One role may be allowed to do what an earlier one was not.
    else if (definers.has(thing.definer) && !found.get(what)?.isDone) found.set(what, await disarm(sql, thing));
  }
}

/**
 * Whether a trigger was made with the person's own login while they had the access. It is theirs to keep, and the bot cannot
 * know whether their own rights are enough for it.
 */
const isTheirOwn = ({ kind, definer, made }: Thing, { login, accounts, since }: Left): boolean =>
  kind === 'trigger' &&
  login === null &&
  since !== null &&
  made !== null &&
  made >= since &&
  accounts.map(shown).includes(definer);

const THEIR_OWN = ({ definer, schema, on }: Thing): string => MYSQL_LEFT.theirOwn(definer, `${schema}.${on}`);

const labelOf = ({ kind, schema, name: called, on }: Thing): string =>
  `${kind} ${schema}.${called}${on === '' ? '' : ` on ${schema}.${on}`}`;

async function disarm(sql: Sql, thing: Thing): Promise<Outcome> {
  const where = `${name(thing.schema)}.${name(thing.name)}`;
  if (thing.security !== 'DEFINER' || (thing.kind === 'view' && !sql.isMariaDb)) return done(ASLEEP[thing.kind](thing));
  // No statement can change with whose rights a package runs.
  if (thing.kind === 'package' || thing.kind === 'package body') return done(ASLEEP[thing.kind](thing));
  const statement = thing.kind === 'view' ? null : statementFor(thing.kind, where);
  try {
    await sql.query(statement ?? (await remadeView(sql, where)));
    return done(DONE[thing.kind]);
  } catch (error) {
    // A role that may not replace views is normal, so people are not told.
    const why = statement === null && isDenied(error) ? '' : ` (${errorText(error)})`;
    const text = `${ASLEEP[thing.kind](thing)}${why}${statement === null ? '' : `: ${statement}`}`;
    return { isDone: false, isBlocked: isBlocked(error), text };
  }
}

const done = (text: string): Outcome => ({ isDone: true, isBlocked: false, text });

const statementFor = (kind: Exclude<Kind, 'view' | 'package' | 'package body'>, where: string): string =>
  kind === 'trigger' || kind === 'event'
    ? `DROP ${kind.toUpperCase()} IF EXISTS ${where}`
    : `ALTER ${kind.toUpperCase()} ${where} SQL SECURITY INVOKER`;

/** A view's definition as the server prints it: algorithm and definer, which change, then the part that is kept. */
const VIEW = /^CREATE (ALGORITHM=\w+ )?DEFINER=`(?:[^`]|``)*`(?:@`(?:[^`]|``)*`)? SQL SECURITY DEFINER (VIEW .*)$/s;

/**
 * The statement that remakes a view so that it runs with its reader's rights. It is not dropped, because the holder may have
 * replaced a view that an application uses. Its definer becomes the granted role, which cannot log in and whose rights it does
 * not use.
 */
async function remadeView(sql: Sql, where: string): Promise<string> {
  const [row] = await sql.query<Record<string, string>>(`SHOW CREATE VIEW ${where}`);
  const [, algorithm = '', rest] = VIEW.exec(row?.['Create View'] ?? '') ?? [];
  if (rest === undefined) throw new TargetRefusal(MYSQL_LEFT.definitionHidden);
  return `CREATE OR REPLACE ${algorithm}DEFINER=CURRENT_ROLE SQL SECURITY INVOKER ${rest}`;
}

const DONE: Readonly<Record<Exclude<Kind, 'package' | 'package body'>, string>> = {
  trigger: MYSQL_LEFT.triggerDropped,
  event: 'was dropped',
  procedure: MYSQL_LEFT.asCaller,
  function: MYSQL_LEFT.asCaller,
  view: MYSQL_LEFT.viewAsReader,
};

const byCaller = ({ security }: Thing): string => (security === 'DEFINER' ? MYSQL_LEFT.noDefiner : MYSQL_LEFT.asCaller);

/** What happens to each kind of thing by itself once its definer is gone. */
const ASLEEP: Readonly<Record<Kind, (thing: Thing) => string>> = {
  trigger: ({ schema, on }) => MYSQL_LEFT.blocksTable(`${schema}.${on}`),
  event: () => MYSQL_LEFT.eventFails,
  procedure: byCaller,
  function: byCaller,
  package: byCaller,
  'package body': byCaller,
  view: ({ security }) => (security === 'DEFINER' ? MYSQL_LEFT.noDefiner : MYSQL_LEFT.asReader),
};
