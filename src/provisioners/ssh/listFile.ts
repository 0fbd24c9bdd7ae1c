/** The file that servers refuse certificates by, and `FILE.json` beside it with what is on it, for another bot that writes it. */

import { randomUUID } from 'node:crypto';
import { open, readFile, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { z } from 'zod';
import { errorText } from '../../domain/text.ts';
import type { Log } from '../../ports/host.ts';
import { sayTheSame } from './krl.ts';

const entriesSchema = z.array(z.object({ keyId: z.string(), until: z.number() }));
export type Entry = z.infer<typeof entriesSchema>[number];

const besideOf = (file: string): string => `${file}.json`;

/** What the file beside the list says, of another bot or of an earlier version of this one. */
export async function entriesBeside(file: string, log: Log): Promise<Entry[]> {
  const text = await textOf(besideOf(file));
  if (text === null) return [];
  try {
    return entriesSchema.parse(JSON.parse(text.toString()));
  } catch (error) {
    // Ours are in the database. What cannot be read must not keep them off the list.
    log.error({ file: besideOf(file), err: error }, 'what is kept beside a revocation list is damaged; it is replaced');
    return [];
  }
}

/** Makes the file say what it should. @returns what it says now, and whether it had to be written */
export async function writeList(
  file: string,
  entries: readonly Entry[],
  bytes: Buffer,
): Promise<{ says: Buffer; written: boolean }> {
  const before = await textOf(file);
  if (before && sayTheSame(before, bytes)) return { says: before, written: false };
  await replace(besideOf(file), JSON.stringify(entries));
  await replace(file, bytes);
  const after = await textOf(file);
  if (!after || !sayTheSame(after, bytes)) throw new Error(`${file} is not what was written; somebody else changes it`);
  return { says: after, written: true };
}

/** What a file holds; null: there is none, in a folder that is there. */
async function textOf(file: string): Promise<Buffer | null> {
  try {
    return await readFile(file);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
    throw new Error(`${file} cannot be read: ${errorText(error)}`, { cause: error });
  }
}

/** A reader sees the old file or the new one; after it resolves the new one survives a loss of power. */
async function replace(file: string, content: string | Buffer): Promise<void> {
  // A name that nobody can have put a link at.
  const fresh = join(dirname(file), `.${basename(file)}.${randomUUID()}`);
  try {
    const handle = await open(fresh, 'wx', 0o644);
    try {
      await handle.writeFile(content);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(fresh, file);
  } catch (error) {
    await rm(fresh, { force: true });
    throw new Error(`${file} cannot be written: ${errorText(error)}`, { cause: error });
  }
  const folder = await open(dirname(file), 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
