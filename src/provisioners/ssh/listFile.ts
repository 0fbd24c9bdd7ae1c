/** The revocation list that servers read, and `FILE.json` beside it with its entries, for other bots that write the same list. */

import { randomUUID } from 'node:crypto';
import { open, readFile, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { z } from 'zod';
import { errorText } from '../../domain/text.ts';
import type { Log } from '../../ports/host.ts';
import { SSH } from '../../wording/targets/ssh.ts';
import { sayTheSame } from './krl.ts';

const entriesSchema = z.array(z.object({ keyId: z.string(), until: z.number() }));
export type Entry = z.infer<typeof entriesSchema>[number];

const besideOf = (file: string): string => `${file}.json`;

/** The entries of the file beside the list, which another bot or an earlier version of this one may have written. */
export async function entriesBeside(file: string, log: Log): Promise<Entry[]> {
  const text = await textOf(besideOf(file));
  if (text === null) return [];
  try {
    return entriesSchema.parse(JSON.parse(text.toString()));
  } catch (error) {
    // This bot's entries are in its database, so a damaged file must not keep them off the list.
    log.error({ file: besideOf(file), err: error }, 'the file beside a revocation list is damaged; it is replaced');
    return [];
  }
}

/** Writes the list if its content differs. @returns its content now, and whether it was written */
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
  if (!after || !sayTheSame(after, bytes)) throw new Error(SSH.listChanged(file));
  return { says: after, written: true };
}

/** A file's content. @returns null if the file does not exist but its folder does */
async function textOf(file: string): Promise<Buffer | null> {
  try {
    return await readFile(file);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
    throw new Error(SSH.listUnreadable(file, errorText(error)), { cause: error });
  }
}

/** Replaces a file atomically: readers see the old content or the new. Once it resolves, the new one survives a power loss. */
async function replace(file: string, content: string | Buffer): Promise<void> {
  // A random name, so that nobody can have put a link there.
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
    throw new Error(SSH.listUnwritable(file, errorText(error)), { cause: error });
  }
  const folder = await open(dirname(file), 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
