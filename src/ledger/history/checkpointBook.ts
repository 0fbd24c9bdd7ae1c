import { closeSync, existsSync, fsyncSync, openSync, readFileSync, writeSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { type Instant, type Millis, SECOND } from '../../domain/terms.ts';
import { errorText } from '../../domain/text.ts';
import { StorageError } from '../../ports/store.ts';
import { closeToOthers } from '../sqlite/ownerOnly.ts';
import { type Checkpoint, type CheckpointLine, readCheckpoints, type Signer, signerFrom } from './checkpoint.ts';
import type { Anchor } from './verify.ts';

/** Stores checkpoints in a file, which should be on another volume than the database, or sends them to an HTTP endpoint. */
export interface CheckpointBook {
  readonly keyId: string;
  readonly place: string;
  /** Files that others could access, in words. */
  readonly exposed: readonly string[];
  /** Stores a position permanently. */
  keep(position: { ledger: string; seq: number; hash: string; at: Instant }): Promise<void>;
  /** The verified positions of this ledger; none from an endpoint, which cannot be read back. */
  anchors(ledger: string): Promise<{ readonly anchors: readonly Anchor[] } | { readonly problem: string }>;
}

const SEND_TIMEOUT: Millis = 10 * SECOND;

/**
 * @param options.keyPath a PEM file with an Ed25519 private key
 * @param options.place a path, or an http(s) address
 * @throws StorageError that says what, where and what to do
 */
export function createCheckpointBook(options: { keyPath: string; place: string; now: () => Instant }): CheckpointBook {
  const { keyPath, place, now } = options;
  const signer = readKey(keyPath);
  const isRemote = /^https?:\/\//.test(place);
  const exposed = isRemote ? [] : closeToOthers(place);
  if (!isRemote) introduce(place, signer, now());
  return {
    keyId: signer.keyId,
    place,
    exposed,
    keep: async (position) => {
      const line = signer.checkpoint(position);
      if (isRemote) await send(place, line);
      else append(place, line);
    },
    anchors: async (ledger) => {
      if (isRemote) return { anchors: [] };
      const read = readCheckpoints(await readFile(place, 'utf8'));
      if ('problem' in read) return { problem: `${place}: ${read.problem}` };
      const other = otherLedger(read.checkpoints, ledger);
      if (other) return { problem: `${place} ${other}` };
      return {
        anchors: read.checkpoints.map(({ seq, hash, at }) => ({
          seq,
          hash,
          at,
          where: `the checkpoint file ${place}`,
        })),
      };
    },
  };
}

/**
 * Looks for checkpoints of another ledger. A single one proves that this ledger took the other's place: from then on, only
 * positions of the new ledger were added to the file.
 * @returns the flaw in the ledger; null if there is none
 */
export function otherLedger(checkpoints: readonly Checkpoint[], ledger: string): string | null {
  const other = checkpoints.findLast((checkpoint) => checkpoint.ledger !== ledger);
  if (!other) return null;
  return `holds checkpoints of another ledger, which ended at event ${other.seq} or later: this one was put in its place. If you began a new one on purpose, move that file away`;
}

function readKey(path: string): Signer {
  try {
    return signerFrom(readFileSync(path, 'utf8'));
  } catch (error) {
    const why = errorText(error);
    throw new StorageError(
      `${path}: the key for checkpoints cannot be used: ${why}. Make one with: openssl genpkey -algorithm ed25519 -out ${path}`,
      { cause: error },
    );
  }
}

/** The first key of a file vouches for itself; a later one has to have been vouched for by `jitbot ledger rotate-key`. */
function introduce(place: string, signer: Signer, at: Instant): void {
  const text = existsSync(place) ? readFileSync(place, 'utf8') : '';
  const read = readCheckpoints(text);
  if ('problem' in read) return;
  if (read.keys.length === 0) append(place, signer.introduce({ publicKey: signer.publicKey, at, isFirst: true }));
  else if (!read.keys.includes(signer.keyId))
    throw new StorageError(
      `${place}: the key in JIT_CHECKPOINT_KEY is not one that this file knows. Introduce it with: jitbot ledger rotate-key --checkpoints ${place} --old OLD.pem --new NEW.pem`,
    );
}

/** Appends a line, durable on return. Ends a line first that an earlier crash truncated. */
export function append(path: string, line: CheckpointLine): void {
  try {
    const before = existsSync(path) ? readFileSync(path, 'utf8') : '';
    const file = openSync(path, 'a', 0o600);
    try {
      writeSync(file, `${before === '' || before.endsWith('\n') ? '' : '\n'}${JSON.stringify(line)}\n`);
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
  } catch (error) {
    throw new StorageError(
      `${path}: a checkpoint cannot be written; check that the folder exists and may be written to`,
      {
        cause: error,
      },
    );
  }
}

async function send(address: string, line: CheckpointLine): Promise<void> {
  const response = await fetch(address, {
    method: 'POST',
    body: JSON.stringify(line),
    headers: { 'content-type': 'application/json' },
    redirect: 'error',
    signal: AbortSignal.timeout(SEND_TIMEOUT),
  });
  if (!response.ok) throw new Error(`${new URL(address).host} answered a checkpoint with ${response.status}`);
}
