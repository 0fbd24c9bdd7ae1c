import { createHash } from 'node:crypto';
import { closeSync, fsyncSync, openSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { Zip, ZipDeflate } from 'fflate';
import { errorText } from '../domain/text.ts';
import { StorageError } from '../ports/store.ts';

/** A ZIP file that is written as it comes, so that its size is no matter, and knows the SHA-256 of each file in it. */
export interface ZipFile {
  add(name: string, parts: Iterable<string>): void;
  addBytes(name: string, bytes: Uint8Array): void;
  /** Of every file so far, as `sha256sum` writes and checks them. */
  manifest(): string;
  /** On the disk, whole, under its own name. */
  close(): void;
}

/** Text is handed on in pieces of about this many characters. */
const PIECE = 1 << 16;

/** Each of its calls, too: @throws StorageError where it cannot be written, and then nothing of it is left */
export function createZip(path: string): ZipFile {
  const partial = `${path}.partial`;
  const file = open(partial);
  const attempt = (work: () => void): void => {
    try {
      work();
    } catch (error) {
      closeSync(file);
      rmSync(partial);
      throw new StorageError(`${path}: cannot be written: ${errorText(error)}`, { cause: error });
    }
  };
  const zip = new Zip((error, data) => {
    // Also what was thrown here before.
    if (error) throw error;
    // All of it: one call to the system may take less, such as on a disk that is nearly full.
    attempt(() => writeFileSync(file, data));
  });
  const sums: string[] = [];

  function add(name: string, parts: Iterable<string>): void {
    const entry = new ZipDeflate(name);
    zip.add(entry);
    const sum = createHash('sha256');
    let piece = '';
    const flush = (isLast: boolean) => {
      const bytes = Buffer.from(piece, 'utf8');
      sum.update(bytes);
      entry.push(bytes, isLast);
      piece = '';
    };
    for (const part of parts) {
      piece += part;
      if (piece.length >= PIECE) flush(false);
    }
    flush(true);
    sums.push(`${sum.digest('hex')}  ${name}\n`);
  }

  return {
    add,
    addBytes: (name, bytes) => {
      const entry = new ZipDeflate(name);
      zip.add(entry);
      entry.push(bytes, true);
    },
    manifest: () => sums.join(''),
    close: () => {
      zip.end();
      attempt(() => fsyncSync(file));
      closeSync(file);
      renameSync(partial, path);
    },
  };
}

function open(path: string): number {
  try {
    return openSync(path, 'w', 0o600);
  } catch (error) {
    throw new StorageError(`${path}: cannot be written; check that its folder exists`, { cause: error });
  }
}
