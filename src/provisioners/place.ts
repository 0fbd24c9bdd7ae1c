/** How a kind of target says which one it is: see `Provisioner.placeOf`. */

import { createHash } from 'node:crypto';
import { eachServer } from './address.ts';

/**
 * Host, port and path of an address, without whom it is reached as and without what its query says.
 * @param usualPort the port where the address names none and its scheme is none that URLs know
 */
export function addressPlace(address: string, usualPort: number | null = null): string {
  const servers = eachServer(address).map((one) => new URL(one));
  const named = servers.map(({ host, port }) => (port === '' && usualPort !== null ? `${host}:${usualPort}` : host));
  return `${named.sort().join(',').toLowerCase()}${servers[0]?.pathname.replace(/\/+$/, '') ?? ''}`;
}

/**
 * A program with its arguments, as far as they decide where it acts: what follows an option that is named like a secret
 * is left out, and so are credentials in addresses.
 */
export const programPlace = (run: readonly string[]): string => run.map(withoutSecretArgument).join(' ');

function withoutSecretArgument(argument: string, index: number, all: readonly string[]): string {
  if (wantsSecret(all[index - 1] ?? '') && !FURTHER_OPTION.test(argument)) return '…';
  const [, name = '', value = ''] = /^([^=\s]+)=(.*)$/s.exec(argument) ?? [];
  if (name !== '') return isSecretOption(name) || soundsSecret(name) ? `${name}=…` : `${name}=${withoutTyped(value)}`;
  return withoutTyped(argument);
}

const FURTHER_OPTION = /^--[a-z][a-z-]*(=|$)/;
/** Such an option has its value already, or takes none. */
const TAKES_NO_VALUE = /=|^-+(no|ask|prompt|skip|without)-/i;
/** Whether what follows an option is a secret, and not where the program acts. */
const wantsSecret = (option: string): boolean => isSecretOption(option) && !TAKES_NO_VALUE.test(option);

const isSecretOption = (argument: string): boolean =>
  argument.startsWith('-') && soundsSecret(argument.replace(/^-+/, ''));

const withoutTyped = (text: string): string =>
  /^[a-z][a-z0-9+.-]*:\/\//i.test(text) && URL.canParse(text) ? withoutCredentials(new URL(text)) : text;

/** The same target with every one of these texts taken out, wherever it stands. */
export function withoutTexts(value: unknown, texts: readonly string[]): unknown {
  if (texts.length === 0) return value;
  if (typeof value === 'string')
    return texts.reduce((left, text) => left.replaceAll(text, '').replaceAll(encodeURIComponent(text), ''), value);
  if (Array.isArray(value)) return value.map((one) => withoutTexts(one, texts));
  if (typeof value !== 'object' || value === null || Object.getPrototypeOf(value) !== Object.prototype) return value;
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, withoutTexts(one, texts)]));
}

/** The parts of a place that are there, as one text. */
export const placeText = (...parts: readonly (string | undefined)[]): string =>
  parts.filter((part) => part !== undefined).join(' ');

/** What a field with such a name holds is a secret: a new one does not make another place. */
const SECRET_NAMES = [
  /secret|token|passw|pwd|credential|cookie|signature|authorization|(private|api|access)_?key/i,
  /(^|[_-])(key|pass|pat|sig|code|auth)$/i,
];
/** Keys and codes that say where: with another one, it is another place. */
const SAYS_WHERE =
  /(^|[_-])(project|partition|site|region|zone|area|country|city|postal|zip|queue|location)[_-]?(key|code)$/i;
const soundsSecret = (name: string): boolean => !SAYS_WHERE.test(name) && SECRET_NAMES.some((one) => one.test(name));

/** What an address says behind its question mark, for `settingsPlace`. */
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
 * Stands for settings that decide where a target acts (an environment, a query, a configuration) without showing them.
 * Fields whose names sound like a secret do not count, nor do credentials in addresses.
 * @returns undefined where nothing else is set
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
