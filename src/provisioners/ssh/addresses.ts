import { isIPv4, isIPv6 } from 'node:net';

/**
 * The network of an address with a prefix, as sshd wants it: `10.0.0.0/8` for `10.0.0.1/8`. OpenSSH makes no certificate for a
 * range with bits set after its prefix.
 * @returns null if the text is no address and no range
 */
export function rangeOf(text: string): string | null {
  const [address = '', prefix, ...more] = text.split('/');
  const bits = isIPv4(address) ? 32 : isIPv6(address) ? 128 : null;
  if (bits === null || more.length > 0 || address.includes('%')) return null;
  if (prefix === undefined) return address;
  const length = /^\d{1,3}$/.test(prefix) ? Number(prefix) : bits + 1;
  if (length > bits) return null;
  const hidden = BigInt(bits - length);
  const value = bits === 32 ? valueOfV4(address) : valueOfV6(address);
  const first = (value >> hidden) << hidden;
  // A correct range is kept as it was written: an IPv6 address can be written in many ways.
  return first === value ? text : `${bits === 32 ? textOfV4(first) : textOfV6(first)}/${length}`;
}

const valueOfV4 = (address: string): bigint =>
  address.split('.').reduce((value, part) => (value << 8n) | BigInt(part), 0n);

const textOfV4 = (value: bigint): string => [24n, 16n, 8n, 0n].map((shift) => (value >> shift) & 0xffn).join('.');

function valueOfV6(address: string): bigint {
  // URL also converts the last two groups to hexadecimal.
  const [head = '', tail] = new URL(`http://[${address}]`).hostname.slice(1, -1).split('::');
  const groups = (part: string): string[] => (part === '' ? [] : part.split(':'));
  const [before, after] = [groups(head), groups(tail ?? '')];
  const zeros = tail === undefined ? [] : Array.from({ length: 8 - before.length - after.length }, () => '0');
  return [...before, ...zeros, ...after].reduce((value, group) => (value << 16n) | BigInt(`0x${group}`), 0n);
}

function textOfV6(value: bigint): string {
  const groups = Array.from({ length: 8 }, (_, at) => ((value >> BigInt(16 * (7 - at))) & 0xffffn).toString(16));
  return new URL(`http://[${groups.join(':')}]`).hostname.slice(1, -1);
}
