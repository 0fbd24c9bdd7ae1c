/**
 * Addresses of targets. The query of an address can override its other parts, and is easily shown to people. So user,
 * password and place must be where they belong, or the address is refused when the policy is loaded.
 */

import { z } from 'zod';
import { ADDRESS, TARGET_FIELDS } from '../wording/targets/shared.ts';

const SECRETS = /^(user(_?name)?|login|pass(w(or)?d)?|pwd|passfile|ssl_?pass(word)?|auth(orization)?)$/i;
const LIMITS = /^(statement_timeout|lock_timeout|idle_in_transaction_session_timeout)$/i;
const PLACES = /^(host(addr|name)?|port|db(name)?|database|service(file)?|socket(_?path)?|uri|url|options)$/i;

/** Scheme, user and password; hosts with ports; the rest. */
const PARTS = /^([a-z][a-z0-9+.-]*:\/\/(?:[^/?#]*@)?)([^/?#]*)(.*)$/is;

/**
 * Splits an address with several hosts, in order: `postgres://user:password@a:5432,b:5433/database` names two servers,
 * one of which is writable.
 */
export function eachServer(address: string): readonly [string, ...string[]] {
  const [, before = '', hosts = address, behind = ''] = PARTS.exec(address) ?? [];
  const [first = '', ...others] = hosts.split(',');
  return [`${before}${first}${behind}`, ...others.map((host) => `${before}${host}${behind}`)];
}

const isWhole = (address: string): boolean => URL.canParse(address) && new URL(address).hostname !== '';

function problemOf(address: string): string | null {
  if (!URL.canParse(address)) return ADDRESS.noAddress;
  const { hostname, searchParams } = new URL(address);
  if (hostname === '') return ADDRESS.noHost;
  return problemOfQuery(searchParams, SECRETS, ADDRESS.loginFirst);
}

function problemOfQuery(query: URLSearchParams, names: RegExp, instead: string): string | null {
  const name = [...query.keys()].find((one) => names.test(one));
  return name === undefined ? null : ADDRESS.notBehind(name, instead);
}

/** Characters that end a user or a password, or escape others. They have to be percent-encoded. */
function problemOfLetters(address: string): string | null {
  const told = (letter: string) => ADDRESS.escaped(letter, encodeURIComponent(letter));
  if (/[\s\p{Cc}]/u.test(address)) return ADDRESS.noSpace;
  if (/%(?![0-9a-f]{2})/i.test(address)) return told('%');
  const [, rest = ''] = address.split(/^[a-z]+:\/\//i);
  const ended = /[/?#]/.exec(rest.slice(0, Math.max(0, rest.lastIndexOf('@'))));
  if (ended) return ADDRESS.escapedAt(told(ended[0]));
  try {
    decodeURIComponent(address);
    return address.includes('#') ? told('#') : null;
  } catch {
    // Nothing else makes it throw.
    return ADDRESS.utf8;
  }
}

function problemOfDatabase(address: string, mayBeMany: boolean): string | null {
  const letters = problemOfLetters(address);
  if (letters !== null) return letters;
  const servers = eachServer(address);
  if (servers.length > 1 && !mayBeMany) return ADDRESS.oneHost;
  const odd = servers.length > 1 && !servers.every(isWhole);
  if (odd) return ADDRESS.hostBetween;
  for (const server of servers) {
    const problem = problemOf(server);
    if (problem !== null) return problem;
  }
  const query = new URL(servers[0]).searchParams;
  return problemOfQuery(query, PLACES, ADDRESS.placeFirst) ?? problemOfQuery(query, LIMITS, ADDRESS.noLimits);
}

const checked = (problemWith: (address: string) => string | null) => (address: string, context: z.RefinementCtx) => {
  const problem = problemWith(address);
  if (problem !== null) context.addIssue({ code: 'custom', message: problem });
};

/**
 * @param scheme the start of the address, for example `/^mysql:\/\//`
 * @param mayBeMany whether it may name several servers, one of which is writable
 */
export const databaseAddress = (scheme: RegExp, expected: string, mayBeMany = false) =>
  z
    .string()
    .regex(scheme, { error: expected, abort: true })
    .superRefine(checked((address) => problemOfDatabase(address, mayBeMany)));

/** An http or https address without user and password in its query. */
export const webAddress = (expected: string = TARGET_FIELDS.webAddress) =>
  z.url({ protocol: /^https?$/, error: expected, abort: true }).superRefine(checked(problemOf));

const hostsOf = (address: string): string =>
  eachServer(address)
    .map((one) => new URL(one).host)
    .join(',');

/** Host and database, the only parts of the address that may be shown. */
export const shownPlace = (address: string): string => `${hostsOf(address)}${new URL(eachServer(address)[0]).pathname}`;

/** The address for another login: scheme, host, port and database are copied, and nothing else. */
export function addressFor(address: string, user: string, secret: string): string {
  const [first, ...others] = eachServer(address);
  const { protocol, pathname } = new URL(first);
  const which = others.length > 0 ? '?target_session_attrs=read-write' : '';
  return `${protocol}//${encodeURIComponent(user)}:${encodeURIComponent(secret)}@${hostsOf(address)}${pathname}${which}`;
}

/** The same address with another database of the same server. */
export function withDatabase(address: string, database: string): string {
  const other = new URL(address);
  // Encoded as clients decode it: they do not decode these characters.
  other.pathname = `/${encodeURI(database).replace(/[?#]/g, encodeURIComponent)}`;
  return other.toString();
}

/** The user in the address, or empty. */
export const userOf = (address: string): string => decodeURIComponent(new URL(eachServer(address)[0]).username);
