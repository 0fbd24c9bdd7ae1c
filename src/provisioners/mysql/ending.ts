/** Takes back what a grant gave. Nothing that its holder can lock, create or rename prevents the end. */

import type { Residue } from '../../domain/grant.ts';
import { errorText } from '../../domain/text.ts';
import type { Log } from '../../ports/host.ts';
import { StorageError } from '../../ports/store.ts';
import type { IdBook } from '../../ports/targets.ts';
import { MYSQL, MYSQL_LEFT } from '../../wording/targets/mysql.ts';
import { TargetRefusal } from '../provisioner.ts';
import { type Account, accountName, bridgeExists, exists, holdersOfBridge, isSame, name, shown } from './accounts.ts';
import {
  ALL,
  beginningOf,
  distinct,
  keepAccounts,
  keepServer,
  keepSessions,
  keptAccounts,
  keptSessions,
  knownAccounts,
  type Made,
  usersIn,
} from './book.ts';
import { Unreachable } from './connections.ts';
import { isBlocked } from './errors.ts';
import { cleanUp, type Left } from './leftovers.ts';
import { preparedAfter } from './prepared.ts';
import { isSameServer, OTHER_SERVER, serverId } from './server.ts';
import type { Session } from './session.ts';
import { endingSessions, endSessions, type Open, sessionsOf } from './sessions.ts';
import type { Sql } from './sql.ts';

/** Attempts for a statement that waits for somebody's lock. Once a step was blocked, each later step is tried only once. */
const TRIES = 2;

export interface Books {
  readonly ids: IdBook;
  readonly log: Log;
  /** Called with leftovers that could not be cleaned up now. */
  readonly owe: (left: Left) => void;
}

/** Where the progress of an end is stored. */
interface Notes {
  readonly ids: IdBook;
  readonly noted: (write: Promise<void>) => Promise<void>;
}

/**
 * Takes back a grant in steps that each commit by themselves, those that end its use first. Sessions are ended before and
 * during steps that wait. A step that fails undoes no earlier step and prevents no later one.
 * @returns what is left, none of which gives anybody access
 */
export async function end(session: Session, made: Made, books: Books): Promise<readonly Residue[]> {
  const { ids, log, owe } = books;
  const problems: unknown[] = [];
  const attempt = <T>(work: () => Promise<T>, otherwise: T): Promise<T> =>
    work().catch((error: unknown) => {
      // Every other step would wait for the same connection in vain.
      if (error instanceof Unreachable) throw error;
      problems.push(error);
      return otherwise;
    });
  const step = (statement: string, users: ReadonlySet<string>): Promise<void> =>
    attempt(
      () => endingSessions(session, users, () => patiently(session, statement, problems.some(isBlocked) ? 1 : TRIES)),
      undefined,
    );

  /** If the bot's own database cannot be written, the end continues: the notes only help a later attempt. */
  const noted = (write: Promise<void>): Promise<void> =>
    write.catch((error: unknown) => {
      if (!(error instanceof StorageError)) throw error;
      log.error({ err: error, grantId: made.grantId }, 'cannot record the progress of an end; it goes on');
    });

  // Lock the logins first, so that nobody can log in any more. This needs no right to read anything.
  const known = await knownAccounts(made, ids);
  const lock = (account: Account) =>
    step(`ALTER USER IF EXISTS ${accountName(account)} ACCOUNT LOCK`, usersIn(made, known));
  if (made.login) await lock(made.login);
  const isOther = await attempt(() => isOtherServer(session, made, { ids, noted }), false);
  const { accounts, ours } = await attempt(() => whoseItIs(session, made, { ids, noted }), {
    accounts: known,
    ours: made.login ? [made.login] : [],
  });
  const users = usersIn(made, accounts);
  for (const account of ours) if (!made.login || !isSame(account, made.login)) await lock(account);
  // Drop the role, which also takes it from open sessions.
  if (await attempt(() => session.run((sql) => bridgeExists(sql, made.bridge)), true))
    await noted(keepSessions(made.grantId, ALL, ids));
  await step(`DROP ROLE IF EXISTS ${name(made.bridge)}`, users);
  const undoing = await attempt(() => endOpen(session, { grantId: made.grantId, users, ids, noted }), []);
  for (const account of ours) await step(`DROP USER IF EXISTS ${accountName(account)}`, users);
  if (problems.length > 0) throw oneOf(problems);
  if (isOther) throw new TargetRefusal(OTHER_SERVER);

  const things: Left = { ...made, accounts, since: await beginningOf(made.grantId, ids) };
  const { left, isOwed } = await cleanUp(session, things, log);
  if (isOwed) owe(things);
  return [
    ...undoing.map(({ id }) => ({
      what: `session ${id}`,
      done: MYSQL_LEFT.rollingBack,
    })),
    ...renamed(made, ours),
    ...left,
    ...(await preparedAfter(session, made.grantId, { ids, log })),
  ];
}

/**
 * Whether nothing of the grant is here and this is not the server that gave it. If something of it is here, this server
 * counts as the right one, for example a replica that took over.
 */
const isOtherServer = (session: Session, made: Made, { ids, noted }: Notes): Promise<boolean> =>
  session.run(async (sql) => {
    if (!(await isMade(sql, made))) return !(await isSameServer(sql, made.grantId, ids));
    await noted(keepServer(made.grantId, await serverId(sql), ids));
    return false;
  });

/**
 * Ends the sessions that were opened before the role was dropped. Later ones never had the role, and somebody who keeps
 * opening sessions with their own login must not prevent the end. The session ids are stored, in case this attempt is cut short.
 */
async function endOpen(
  session: Session,
  { grantId, users, ids, noted }: Notes & { grantId: string; users: ReadonlySet<string> },
): Promise<readonly Open[]> {
  const kept = (await keptSessions(grantId, ids)) ?? ALL;
  const which = kept === ALL ? (await session.run((sql) => sessionsOf(sql, users))).map(({ id }) => id) : kept;
  await noted(keepSessions(grantId, which, ids));
  const undoing = await endSessions(session, users, new Set(which));
  await noted(keepSessions(grantId, [], ids));
  return undoing;
}

/** All logins that have the role or got it, also renamed ones. They are stored before the role is taken from them. */
async function whoseItIs(
  session: Session,
  made: Made,
  { ids, noted }: Notes,
): Promise<{ accounts: Account[]; ours: Account[] }> {
  const { grantId, bridge, login } = made;
  const { now, isMariaDb } = await session.run(async (sql) => ({
    now: await holdersOfBridge(sql, bridge),
    isMariaDb: sql.isMariaDb,
  }));
  const kept = await keptAccounts(grantId, ids);
  const accounts = distinct([...kept, ...(login ? [login] : []), ...now]);
  if (now.length > 0) await noted(keepAccounts(grantId, accounts, ids));
  if (login === null) return { accounts, ours: [] };
  // The first one got the role. In MariaDB nobody else can give it, so a login that the bot made is found under any name.
  const wasMade = isMariaDb && kept.slice(0, 1).some((one) => isSame(one, login));
  return { accounts, ours: wasMade ? accounts : [login] };
}

const renamed = ({ login }: Made, accounts: readonly Account[]): Residue[] =>
  login === null
    ? []
    : accounts
        .filter((one) => !isSame(one, login))
        .map((one) => ({
          what: `login ${shown(one)}`,
          done: MYSQL_LEFT.wasRenamed(shown(login)),
        }));

/** Repeats a statement, because the sessions that it waits for are being ended meanwhile. @throws the last error */
async function patiently(session: Session, statement: string, most: number): Promise<void> {
  for (let tries = 1; ; tries += 1) {
    try {
      await session.run((sql) => sql.query(statement));
      return;
    } catch (error) {
      if (!isBlocked(error) || tries === most) throw error;
    }
  }
}

/** Picks the problem that people should read first. */
function oneOf(problems: readonly unknown[]): Error {
  const blocked = problems.find(isBlocked);
  if (blocked) return new TargetRefusal(MYSQL.locked(errorText(blocked)), { cause: blocked });
  const [first] = problems;
  return first instanceof Error ? first : new Error(errorText(first));
}

/** Whether anything of a grant still gives anybody access. @throws if that cannot be known */
export async function isPresent(
  sql: Sql,
  made: Pick<Made, 'grantId' | 'bridge' | 'login'>,
  ids: IdBook,
): Promise<boolean> {
  const { grantId, bridge, login } = made;
  if (await isMade(sql, made)) return true;
  const owed = (await keptSessions(grantId, ids)) ?? [];
  if (owed === ALL) return true;
  const own = usersIn({ bridge }, login ? [login] : []);
  const users = new Set([...own, ...usersIn({ bridge }, await keptAccounts(grantId, ids))]);
  const which = new Set(owed);
  return (await sessionsOf(sql, users)).some(({ id, user, isEnding }) => !isEnding && (own.has(user) || which.has(id)));
}

/** Whether the role or the login of a grant exists. */
export const isMade = async (sql: Sql, { bridge, login }: Pick<Made, 'bridge' | 'login'>): Promise<boolean> =>
  (await holdersOfBridge(sql, bridge)).length > 0 ||
  (await bridgeExists(sql, bridge)) ||
  (login !== null && (await exists(sql, login)));
