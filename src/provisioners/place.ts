/** How a kind of target says which one it is: see `Provisioner.placeOf`. */

/**
 * Host, port and path of an address, without whom it is reached as and without what its query says.
 * @param usualPort the port where the address names none and its scheme is none that URLs know
 */
export function addressPlace(address: string, usualPort: number | null = null): string {
  const { host, port, pathname } = new URL(address);
  const named = port === '' && usualPort !== null ? `${host}:${usualPort}` : host;
  return `${named.toLowerCase()}${pathname.replace(/\/+$/, '')}`;
}

/** The parts of a place that are there, as one text. */
export const placeText = (...parts: readonly (string | undefined)[]): string =>
  parts.filter((part) => part !== undefined).join(' ');
