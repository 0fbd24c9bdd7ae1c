/** Helpers for `Provisioner.placeOf`. */

import { createHash } from 'node:crypto';
import { eachServer } from './address.ts';

/**
 * Host, port and path of an address, without user, password and query.
 * @param usualPort the default port, for schemes that URL does not know
 */
export function addressPlace(address: string, usualPort: number | null = null): string {
  const servers = eachServer(address).map((one) => new URL(one));
  const named = servers.map(({ host, port }) => (port === '' && usualPort !== null ? `${host}:${usualPort}` : host));
  return `${named.sort().join(',').toLowerCase()}${servers[0]?.pathname.replace(/\/+$/, '') ?? ''}`;
}

/**
 * A program with the arguments that decide where it acts. Values of options that are named like secrets are left out,
 * and so are credentials in addresses.
 */
export const programPlace = (run: readonly string[]): string => run.map(withoutSecretArgument).join(' ');

function withoutSecretArgument(argument: string, index: number, all: readonly string[]): string {
  if (wantsSecret(all[index - 1] ?? '') && !FURTHER_OPTION.test(argument)) return '…';
  const [, name = '', value = ''] = /^([^=\s]+)=(.*)$/s.exec(argument) ?? [];
  if (name !== '') return isSecretOption(name) || soundsSecret(name) ? `${name}=…` : `${name}=${withoutTyped(value)}`;
  return withoutTyped(argument);
}

const FURTHER_OPTION = /^--[a-z][a-z-]*(=|$)/;
/** Such an option already has its value, or takes none. */
const TAKES_NO_VALUE = /=|^-+(no|ask|prompt|skip|without)-/i;
/** Whether the next argument is a secret. */
const wantsSecret = (option: string): boolean => isSecretOption(option) && !TAKES_NO_VALUE.test(option);

const isSecretOption = (argument: string): boolean =>
  argument.startsWith('-') && soundsSecret(argument.replace(/^-+/, ''));

const withoutTyped = (text: string): string =>
  /^[a-z][a-z0-9+.-]*:\/\//i.test(text) && URL.canParse(text) ? withoutCredentials(new URL(text)) : text;

/** Copies a target without these texts, at any depth. */
export function withoutTexts(value: unknown, texts: readonly string[]): unknown {
  if (texts.length === 0) return value;
  if (typeof value === 'string')
    return texts.reduce((left, text) => left.replaceAll(text, '').replaceAll(encodeURIComponent(text), ''), value);
  if (Array.isArray(value)) return value.map((one) => withoutTexts(one, texts));
  if (typeof value !== 'object' || value === null || Object.getPrototypeOf(value) !== Object.prototype) return value;
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, withoutTexts(one, texts)]));
}

/** Joins the parts of a place that are set. */
export const placeText = (...parts: readonly (string | undefined)[]): string =>
  parts.filter((part) => part !== undefined).join(' ');

/** Fields with these names are secrets: a new value is still the same place. */
const SECRET_NAMES = [
  /secret|token|passw|pwd|credential|cookie|signature|authorization|(private|api|access)_?key/i,
  /(^|[_-])(key|pass|pat|sig|code|auth)$/i,
];
/** Keys and codes that identify a place: another value is another place. */
const SAYS_WHERE =
  /(^|[_-])(project|partition|site|region|zone|area|country|city|postal|zip|queue|location)[_-]?(key|code)$/i;
const soundsSecret = (name: string): boolean => !SAYS_WHERE.test(name) && SECRET_NAMES.some((one) => one.test(name));

/** The query of an address, for `settingsPlace`. */
export function parametersOf(address: string): Readonly<Record<string, string | readonly string[]>> {
  const { searchParams } = new URL(address);
  return Object.fromEntries(
    [...new Set(searchParams.keys())].map((name) => {
      const [first = '', ...more] = searchParams.getAll(name);
      return [name, more.length === 0 ? first : [first, ...more]];
    }),
  );
}

/**
 * A digest of settings that decide where a target acts (an environment, a query, a configuration). Fields whose names
 * sound like a secret, and credentials in addresses, do not count.
 * @returns undefined if nothing else is set
 */
export function settingsPlace(settings: unknown): string | undefined {
  const counted = JSON.stringify(withoutSecrets(settings));
  if (counted === undefined || counted === '{}' || counted === '[]') return undefined;
  return createHash('sha256').update(counted).digest('hex').slice(0, 12);
}

function withoutSecrets(value: unknown): unknown {
  if (typeof value === 'string' && URL.canParse(value)) return withoutCredentials(new URL(value));
  if (Array.isArray(value)) return value.map(withoutSecrets);
  if (typeof value !== 'object' || value === null) return value;
  const counted = Object.entries(value).filter(([name]) => !soundsSecret(name));
  return Object.fromEntries(
    counted.sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, one]) => [name, withoutSecrets(one)]),
  );
}

function withoutCredentials(address: URL): string {
  address.username = '';
  address.password = '';
  for (const name of [...address.searchParams.keys()]) if (soundsSecret(name)) address.searchParams.delete(name);
  return address.href;
}
