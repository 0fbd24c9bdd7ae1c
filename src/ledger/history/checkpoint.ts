/**
 * Signed checkpoints: a ledger position and its hash, signed with Ed25519, kept outside the database. One line
 * of JSON each. The key is outside the database too; the old key signs a line that introduces a new one.
 */

import { createHash, createPrivateKey, createPublicKey, type KeyObject, sign, verify } from 'node:crypto';
import { z } from 'zod';
import type { Instant } from '../../domain/terms.ts';
import { errorText } from '../../domain/text.ts';
import { StorageError } from '../../ports/store.ts';
import { canonical } from '../book/canonical.ts';

const checkpointSchema = z.strictObject({
  kind: z.literal('checkpoint'),
  /** Hash of the ledger's first event: it identifies the ledger. */
  ledger: z.string(),
  seq: z.number().int().positive(),
  hash: z.string(),
  at: z.number(),
  key: z.string(),
  signature: z.string(),
});
const keySchema = z.strictObject({
  kind: z.literal('key'),
  key: z.string(),
  publicKey: z.string(),
  at: z.number(),
  /** Id of the key that signed it; null for the first key of a file. */
  by: z.string().nullable(),
  signature: z.string(),
});
const lineSchema = z.discriminatedUnion('kind', [checkpointSchema, keySchema]);

export type Checkpoint = z.infer<typeof checkpointSchema>;
export type KeyLine = z.infer<typeof keySchema>;
export type CheckpointLine = z.infer<typeof lineSchema>;

export interface Signer {
  readonly keyId: string;
  readonly publicKey: KeyObject;
  checkpoint(position: { ledger: string; seq: number; hash: string; at: Instant }): Checkpoint;
  /** Signs a line that introduces a key: a new one, or its own as the first of a file. */
  introduce(key: { publicKey: KeyObject; at: Instant; isFirst: boolean }): KeyLine;
}

/** @throws an Error if the text is no Ed25519 private key */
export function signerFrom(pem: string): Signer {
  const privateKey = ed25519Of(pem);
  const publicKey = createPublicKey(privateKey);
  const keyId = keyIdOf(publicKey);
  const signed = <T extends object>(fields: T): T & { signature: string } => ({
    ...fields,
    signature: sign(null, bytesOf(fields), privateKey).toString('base64'),
  });
  return {
    keyId,
    publicKey,
    checkpoint: (position) => signed({ kind: 'checkpoint' as const, ...position, key: keyId }),
    introduce: ({ publicKey: introduced, at, isFirst }) =>
      signed({
        kind: 'key' as const,
        key: keyIdOf(introduced),
        publicKey: introduced.export({ type: 'spki', format: 'pem' }).toString(),
        at,
        by: isFirst ? null : keyId,
      }),
  };
}

function ed25519Of(pem: string): KeyObject {
  const key = createPrivateKey(pem);
  if (key.asymmetricKeyType !== 'ed25519') throw new Error(`it is a key of type ${key.asymmetricKeyType}, not ed25519`);
  return key;
}

/** @throws StorageError that says what to do */
export function privateKeyOf(pem: string, path: string): KeyObject {
  try {
    return ed25519Of(pem);
  } catch (error) {
    const why = errorText(error);
    throw new StorageError(
      `${path}: cannot be signed with: ${why}. Make a key with: openssl genpkey -algorithm ed25519 -out ${path}`,
      { cause: error },
    );
  }
}

export const publicKeyOf = (pem: string): KeyObject => createPublicKey(pem);

/** The first half of the SHA-256 of the public key, as people compare it. */
export const keyIdOf = (publicKey: KeyObject): string =>
  createHash('sha256')
    .update(publicKey.export({ type: 'spki', format: 'der' }))
    .digest('hex')
    .slice(0, 32);

/** The bytes that the signature covers: all other fields of the line, as canonical JSON (RFC 8785). */
function bytesOf(fields: object): Buffer {
  const { signature: _signature, ...rest } = fields as { signature?: string };
  return Buffer.from(canonical(rest), 'utf8');
}

export type ReadCheckpoints =
  | { readonly checkpoints: readonly Checkpoint[]; readonly keys: readonly string[] }
  | { readonly problem: string };

/**
 * Reads a file of checkpoints and checks every signature. A truncated last line, from a crash in the
 * middle of a write, is skipped; any other flaw is a problem.
 * @param trusted the public key that the first line must have; without it, the first line is trusted
 */
export function readCheckpoints(text: string, trusted: KeyObject | null = null): ReadCheckpoints {
  const keys = new Map<string, KeyObject>();
  const checkpoints: Checkpoint[] = [];
  if (trusted) keys.set(keyIdOf(trusted), trusted);
  const lines = text.split('\n');
  for (const [index, line] of lines.entries()) {
    if (line === '') continue;
    const parsed = lineSchema.safeParse(parseJson(line));
    if (!parsed.success) {
      if (index === lines.length - 1) break;
      return { problem: `line ${index + 1} is no checkpoint` };
    }
    const problem = accept(parsed.data, keys, checkpoints);
    if (problem) return { problem: `line ${index + 1}: ${problem}` };
  }
  return { checkpoints, keys: [...keys.keys()] };
}

function accept(line: CheckpointLine, keys: Map<string, KeyObject>, checkpoints: Checkpoint[]): string | null {
  if (line.kind === 'checkpoint') {
    const key = keys.get(line.key);
    if (!key) return `signed by a key that nobody vouches for (${line.key})`;
    if (!isSigned(line, key)) return 'its signature is wrong';
    // After a restore, a lower number is fine if its time is later.
    const before = checkpoints.at(-1);
    if (before && before.ledger === line.ledger && before.seq > line.seq && before.at >= line.at)
      return 'it goes backwards';
    checkpoints.push(line);
    return null;
  }
  const key = readPublicKey(line.publicKey);
  if (!key) return 'its key cannot be read';
  if (keyIdOf(key) !== line.key) return 'the key is not the one that it names';
  const voucher = line.by === null ? (keys.size === 0 || keys.has(line.key) ? key : undefined) : keys.get(line.by);
  if (!voucher) return `a key that nobody vouches for (${line.key})`;
  if (!isSigned(line, voucher)) return 'its signature is wrong';
  keys.set(line.key, key);
  return null;
}

/** @returns null if the text is no public key */
function readPublicKey(pem: string): KeyObject | null {
  try {
    return createPublicKey(pem);
  } catch {
    return null;
  }
}

const isSigned = (line: CheckpointLine, key: KeyObject): boolean =>
  verify(null, bytesOf(line), key, Buffer.from(line.signature, 'base64'));

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
