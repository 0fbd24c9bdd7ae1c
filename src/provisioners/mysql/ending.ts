/** Taking back what a grant gave. Nothing that its holder can hold, make or name keeps it from ending. */

import type { Residue } from '../../domain/grant.ts';
import { errorText } from '../../domain/text.ts';
import type { Log } from '../../ports/host.ts';
import { StorageError } from '../../ports/store.ts';
import type { IdBook } from '../../ports/targets.ts';
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

/** How often something that waits for a lock of somebody else is tried, before others are known to wait for it too. */
const TRIES = 2;

export interface Books {
  readonly ids: IdBook;
  readonly log: Log;
  /** Called with what could not be cleaned up now. */
  readonly owe: (left: Left) => void;
}

/** Where it is written down how far an end has come. */
interface Notes {
  readonly ids: IdBook;
  readonly noted: (write: Promise<void>) => Promise<void>;
}

/**
 * Each step commits by itself, the one that ends use first. Sessions are ended before and while anything waits; a step that
 * fails undoes none before it, and keeps none after it from being tried.
 * @returns what is left, and gives nobody anything
 */
export async function end(session: Session, made: Made, books: Books): Promise<readonly Residue[]> {
  const { ids, log, owe } = books;
  const problems: unknown[] = [];
  const attempt = <T>(work: () => Promise<T>, otherwise: T): Promise<T> =>
    work().catch((error: unknown) => {
      // Every other step would wait for the same connection.
      if (error instanceof Unreachable) throw error;
      problems.push(error);
      return otherwise;
    });
  const step = (statement: string, users: ReadonlySet<string>): Promise<void> =>
    attempt(
      () => endingSessions(session, users, () => patiently(session, statement, problems.some(isBlocked) ? 1 : TRIES)),
      undefined,
    );

  /** A database of the bot's that cannot be written must not keep access alive: what is written down only helps a later try. */
  const noted = (write: Promise<void>): Promise<void> =>
    write.catch((error: unknown) => {
      if (!(error instanceof StorageError)) throw error;
      log.error({ err: error, grantId: made.grantId }, 'cannot write down how far an end has come; it goes on');
    });

  // Nobody logs in any more. That takes no right to read anything.
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
  // Nobody has the role, in open sessions too.
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
      done: 'is ended: the server undoes what it had not committed, and it does nothing else',
    })),
    ...renamed(made, ours),
    ...left,
    ...(await preparedAfter(session, made.grantId, { ids, log })),
  ];
}

/** Whether nothing of it is here, and this is not the server that gave it. Found here, it is the same access, as on a replica. */
const isOtherServer = (session: Session, made: Made, { ids, noted }: Notes): Promise<boolean> =>
  session.run(async (sql) => {
    if (!(await isMade(sql, made))) return !(await isSameServer(sql, made.grantId, ids));
    await noted(keepServer(made.grantId, await serverId(sql), ids));
    return false;
  });

/**
 * Sessions that were opened before the role was dropped: later ones never had it, and somebody who opens one after the other
 * with a login of their own must not keep it from ending. Which ones is written down, for a try that is cut short.
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

/** Whoever has the role, whatever they are called by now, and whoever got it. Written down before it is taken. */
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
  // The first is who got it. A login that the bot made is its own under any name, where nobody else can give the role.
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
          done: `was ${shown(login)}, which was renamed; it was dropped`,
        }));

/** Several times, since what it waits for is being ended. @throws what kept it from being done */
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

/** What people have to know first. */
function oneOf(problems: readonly unknown[]): Error {
  const blocked = problems.find(isBlocked);
  if (blocked)
    return new TargetRefusal(
      `the server changes no accounts now: somebody holds a lock on all of it, such as a backup (${errorText(blocked)}); sessions of this access are ended at each try`,
      { cause: blocked },
    );
  const [first] = problems;
  return first instanceof Error ? first : new Error(errorText(first));
}

/** Whether anything of a grant is there that gives anybody anything. @throws where that cannot be known */
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

/** Whether the role or the login of a grant is there. */
export const isMade = async (sql: Sql, { bridge, login }: Pick<Made, 'bridge' | 'login'>): Promise<boolean> =>
  (await holdersOfBridge(sql, bridge)).length > 0 ||
  (await bridgeExists(sql, bridge)) ||
  (login !== null && (await exists(sql, login)));
