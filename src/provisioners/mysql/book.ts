/** What the bot stores about each grant, so that it finds everything again after renames and crashes. */

import { z } from 'zod';
import type { IdBook } from '../../ports/targets.ts';
import { type Account, accountFrom, isSame, shown } from './accounts.ts';

export interface Made {
  readonly grantId: string;
  /** The role that was made for the grant. */
  readonly bridge: string;
  /** The login that was made for it; null if the person has one of their own. */
  readonly login: Account | null;
  /** What the role gives. */
  readonly roles: readonly string[];
}

const SERVER = 'server';
const LOGIN = 'login';
const SINCE = 'since';
const SESSIONS = 'sessions';

/** Stores which server gave the access. */
export const keepServer = (grantId: string, server: string, ids: IdBook): Promise<void> =>
  ids.keep(grantId, SERVER, server);
export const serverOf = async (grantId: string, ids: IdBook): Promise<string | null> =>
  (await ids.of(grantId)).get(SERVER) ?? null;

/** Stores when the first attempt to give the access began, by the server's clock. */
export const keepBeginning = async (grantId: string, now: string, ids: IdBook): Promise<void> => {
  if ((await beginningOf(grantId, ids)) === null) await ids.keep(grantId, SINCE, now);
};
export const beginningOf = async (grantId: string, ids: IdBook): Promise<string | null> =>
  (await ids.of(grantId)).get(SINCE) ?? null;

/** Stores the login that got the role, followed by the names that it was found under later. */
export const keepAccounts = (grantId: string, accounts: readonly Account[], ids: IdBook): Promise<void> =>
  ids.keep(grantId, LOGIN, JSON.stringify(accounts.map(shown)));
export const keptAccounts = async (grantId: string, ids: IdBook): Promise<Account[]> => {
  const kept = (await ids.of(grantId)).get(LOGIN);
  return kept === undefined ? [] : namesSchema.parse(JSON.parse(kept)).map(accountFrom);
};
const namesSchema = z.array(z.string());

/** The stored logins, and the login that is made for the grant. */
export const knownAccounts = async ({ grantId, login }: Made, ids: IdBook): Promise<Account[]> =>
  distinct([...(await keptAccounts(grantId, ids)), ...(login ? [login] : [])]);

export const distinct = (all: readonly Account[]): Account[] =>
  all.filter((one, at) => all.findIndex((other) => isSame(one, other)) === at);

/** The user names under which the server may show sessions of a grant. */
export const usersIn = ({ bridge }: Pick<Made, 'bridge'>, accounts: readonly Account[]): ReadonlySet<string> =>
  new Set([bridge, ...accounts.map(({ user }) => user)]);

/** In place of session ids: any session under the grant's user names may still have the role. */
export const ALL = 'all';
export const keepSessions = (grantId: string, which: typeof ALL | readonly number[], ids: IdBook): Promise<void> =>
  ids.keep(grantId, SESSIONS, JSON.stringify(which));
export const keptSessions = async (grantId: string, ids: IdBook): Promise<typeof ALL | readonly number[] | null> => {
  const kept = (await ids.of(grantId)).get(SESSIONS);
  return kept === undefined ? null : sessionsSchema.parse(JSON.parse(kept));
};
const sessionsSchema = z.union([z.literal(ALL), z.array(z.number())]);
