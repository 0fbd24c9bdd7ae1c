import { createHash } from 'node:crypto';
import { eachServer } from './address.ts';

/** How a kind of target says which one it is: see `Provisioner.placeOf`. */

/**
 * Host, port and path of an address, without whom it is reached as and without what its query says.
 * @param usualPort the port where the address names none and its scheme is none that URLs know
 */
export function addressPlace(address: string, usualPort: number | null = null): string {
  const servers = eachServer(address).map((one) => new URL(one));
  const named = servers.map(({ host, port }) => (port === '' && usualPort !== null ? `${host}:${usualPort}` : host));
  return `${named.sort().join(',').toLowerCase()}${servers[0]?.pathname.replace(/\/+$/, '') ?? ''}`;
}

/** The parts of a place that are there, as one text. */
export const placeText = (...parts: readonly (string | undefined)[]): string =>
  parts.filter((part) => part !== undefined).join(' ');

/** What a field with such a name holds is a secret: a new one does not make another place. */
const SECRET_NAMES = [
  /secret|token|passw|pwd|credential|cookie|signature|authorization|(private|api|access)_?key/i,
  /(^|[_-])(key|pass|pat|sig|code|auth)$/i,
];
const soundsSecret = (name: string): boolean => SECRET_NAMES.some((one) => one.test(name));

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
