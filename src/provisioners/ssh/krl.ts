/**
 * OpenSSH's binary revocation list (PROTOCOL.krl), which names certificates by their key ids. It is written here and not by
 * ssh-keygen, whose text form cannot say every key id (`#` begins a comment there), and which would need the authority's
 * key: taking access back must need neither.
 */

/** `SSHKRL\n\0` */
const MAGIC = 0x5353484b524c0a00n;
const FORMAT_VERSION = 1;
const SECTION_CERTIFICATES = 1;
const SECTION_KEY_IDS = 0x23;
/** Magic, format and version of the list, and when it was written: differs between two lists that say the same. */
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
 * The list that refuses these certificates, whichever authority signed them: the key of an authority may have been
 * replaced while certificates of the old one are still good.
 * @param writtenAt milliseconds
 */
export function revocationFile(keyIds: readonly string[], writtenAt: number): Buffer {
  const seconds = BigInt(Math.floor(writtenAt / 1_000));
  const certificates = Buffer.concat([
    // Any authority; reserved.
    string(''),
    string(''),
    Buffer.from([SECTION_KEY_IDS]),
    string(Buffer.concat(keyIds.map(string))),
  ]);
  return Buffer.concat([
    ...[u64(MAGIC), u32(FORMAT_VERSION), u64(seconds), u64(seconds)],
    // No flags; reserved; the comment.
    ...[u64(0n), string(''), string('jitbot')],
    ...(keyIds.length === 0 ? [] : [Buffer.from([SECTION_CERTIFICATES]), string(certificates)]),
  ]);
}

/** Whether two lists refuse the same certificates, whenever each was written. */
export const sayTheSame = (one: Buffer, other: Buffer): boolean =>
  one.length >= HEADER_BYTES && one.subarray(HEADER_BYTES).equals(other.subarray(HEADER_BYTES));
