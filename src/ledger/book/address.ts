/** The host, port and database of an address. It may hold a password, which is never shown. */
export function shownAddress(address: string): string {
  const url = URL.parse(address);
  return url ? `${url.host}${url.pathname}` : 'the database in JIT_DATABASE';
}
