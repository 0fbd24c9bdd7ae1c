import { z } from 'zod';

/**
 * Addresses of targets. What an address says in its query can override what stands before it, and is easily shown to
 * people: so user, password and place stand where they belong, or the address is refused when the policy is loaded.
 */

const SECRETS = /^(user(_?name)?|login|pass(w(or)?d)?|pwd|passfile|ssl_?pass(word)?|auth(orization)?)$/i;
const PLACES = /^(host(addr|name)?|port|db(name)?|database|service(file)?|socket(_?path)?|uri|url|options)$/i;

function problemOf(address: string, isDatabase: boolean): string | null {
  if (!URL.canParse(address)) return 'this is not an address';
  const { hostname, searchParams, hash } = new URL(address);
  if (hostname === '') return 'name the host between // and the next /';
  if (isDatabase && hash !== '') return 'a # in a user or a password is written %23';
  for (const name of searchParams.keys()) {
    if (SECRETS.test(name)) return `"${name}" does not belong behind the ?: write user and password before the host`;
    if (isDatabase && PLACES.test(name))
      return `"${name}" does not belong behind the ?: write host, port and database before it`;
  }
  return null;
}

const checked = (isDatabase: boolean) => (address: string, context: z.RefinementCtx) => {
  const problem = problemOf(address, isDatabase);
  if (problem !== null) context.addIssue({ code: 'custom', message: problem });
};

/** @param scheme what the address begins with, for example `/^mysql:\/\//` */
export const databaseAddress = (scheme: RegExp, expected: string) =>
  z.string().regex(scheme, { error: expected, abort: true }).superRefine(checked(true));

/** An address on the web without user and password in its query. */
export const webAddress = (expected = 'expected an http or https address') =>
  z.url({ protocol: /^https?$/, error: expected, abort: true }).superRefine(checked(false));

/** Host and database as they may be shown: nothing else of the address. */
export function shownPlace(address: string): string {
  const { host, pathname } = new URL(address);
  return `${host}${pathname}`;
}

/** The address for somebody else: scheme, host, port and database of this one, and nothing more of it. */
export function addressFor(address: string, user: string, secret: string): string {
  const { protocol, host, pathname } = new URL(address);
  return `${protocol}//${encodeURIComponent(user)}:${encodeURIComponent(secret)}@${host}${pathname}`;
}

/** The same address with another database of the same server. */
export function withDatabase(address: string, database: string): string {
  const other = new URL(address);
  other.pathname = `/${encodeURIComponent(database)}`;
  return other.toString();
}

/** Whom the address names; empty: nobody. */
export const userOf = (address: string): string => decodeURIComponent(new URL(address).username);
