/**
 * Writes OpenSSH's binary revocation list (PROTOCOL.krl), which names certificates by their key ids. ssh-keygen could write it
 * too, but its text form cannot express every key id (`#` begins a comment there), and it needs the authority's key. Taking
 * access back must not depend on either.
 */

/** `SSHKRL\n\0` */
const MAGIC = 0x5353484b524c0a00n;
const FORMAT_VERSION = 1;
const SECTION_CERTIFICATES = 1;
const SECTION_KEY_IDS = 0x23;
/** Size of the magic number, the format, the version and the time of writing, which may differ between equal lists. */
const HEADER_BYTES = 28;

const u32 = (value: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
};
const u64 = (value: bigint): Buffer => {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(value);
  return bytes;
};
const string = (value: string | Buffer): Buffer => {
  const bytes = Buffer.from(value);
  return Buffer.concat([u32(bytes.length), bytes]);
};

/**
 * The list that refuses these certificates whatever authority signed them: an authority's key may have been replaced while
 * certificates of the old one are still valid.
 * @param writtenAt in ms
 */
export function revocationFile(keyIds: readonly string[], writtenAt: number): Buffer {
  const seconds = BigInt(Math.floor(writtenAt / 1_000));
  const certificates = Buffer.concat([
    // The authority (empty for any), and a reserved field.
    string(''),
    string(''),
    Buffer.from([SECTION_KEY_IDS]),
    string(Buffer.concat(keyIds.map(string))),
  ]);
  return Buffer.concat([
    ...[u64(MAGIC), u32(FORMAT_VERSION), u64(seconds), u64(seconds)],
    // No flags, a reserved field, and the comment.
    ...[u64(0n), string(''), string('jitbot')],
    ...(keyIds.length === 0 ? [] : [Buffer.from([SECTION_CERTIFICATES]), string(certificates)]),
  ]);
}

/** Whether two lists refuse the same certificates, even if they were written at different times. */
export const sayTheSame = (one: Buffer, other: Buffer): boolean =>
  one.length >= HEADER_BYTES && one.subarray(HEADER_BYTES).equals(other.subarray(HEADER_BYTES));
