import { randomUUID } from 'node:crypto';
import { open, readFile, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { z } from 'zod';
import { HOUR, type Instant } from '../../domain/terms.ts';
import { errorText } from '../../domain/text.ts';
import { keyedLock } from '../../lifecycle/keyedLock.ts';
import { type Log, type SeatBook, StorageError } from '../../ports.ts';
import { revocationFile, sayTheSame } from './krl.ts';

/** By file: two resources may share a list. */
const lock = keyedLock();

/**
 * How long a certificate stays on the list after it has expired: a server whose clock is behind by less than this refuses it
 * all the same.
 */
const KEPT_AFTER_EXPIRY = 12 * HOUR;

const entriesSchema = z.array(z.object({ keyId: z.string(), until: z.number() }));
type Entry = z.infer<typeof entriesSchema>[number];

/** Everything on a list is kept under one name, so that it can be asked for at once. */
const ACCOUNT = 'revoked certificates';

/**
 * The list that servers refuse certificates by. What is on it stands in the bot's database; the file is written anew from
 * there, so that a file that was lost, replaced by an older one or tampered with is mended by the next look at it. Beside it
 * stands `FILE.json` with what is on it, for another bot that writes the same file.
 */
export function revocationList(file: string, use: { now: () => Instant; seats: SeatBook; log: Log }) {
  const { now, seats, log } = use;
  const place = `ssh revoked ${file}`;

  /** What could not be written down. */
  const unwritten = new Map<string, Entry>();

  /** A database that cannot be written must not keep a certificate alive. */
  function kept(write: () => void, otherwise: () => void = () => undefined): void {
    try {
      write();
    } catch (error) {
      if (!(error instanceof StorageError)) throw error;
      log.error(
        { err: error, file },
        'cannot write down what is on a revocation list; the list is written all the same',
      );
      otherwise();
    }
  }

  const ours = (): { grantId: string; keyId: string; until: Instant }[] =>
    seats
      .at(place, ACCOUNT)
      .map(({ grantId, before, level }) => ({ grantId, keyId: before ?? '', until: Number(level) }));

  /** What the file beside the list says, of another bot or of an earlier version of this one. */
  async function beside(): Promise<Entry[]> {
    const text = await textOf(`${file}.json`);
    if (text === null) return [];
    try {
      return entriesSchema.parse(JSON.parse(text.toString()));
    } catch (error) {
      // Ours are in the database. What cannot be read must not keep them off the list.
      log.error(
        { file: `${file}.json`, err: error },
        'what is kept beside a revocation list is damaged; it is replaced',
      );
      return [];
    }
  }

  /** Everything that is still to be refused, and the file that says so. What has long expired is forgotten. */
  async function wanted(): Promise<{ entries: Entry[]; bytes: Buffer }> {
    const known = new Map((await beside()).map((entry) => [entry.keyId, entry]));
    for (const { keyId, until } of [...unwritten.values(), ...ours()]) known.set(keyId, { keyId, until });
    const entries = [...known.values()]
      .filter(({ until }) => until > now())
      .sort((one, other) => (one.keyId < other.keyId ? -1 : 1));
    return {
      entries,
      bytes: revocationFile(
        entries.map(({ keyId }) => keyId),
        now(),
      ),
    };
  }

  /** @returns what the file says now, and whether it had to be written */
  async function write(): Promise<{ says: Buffer; written: boolean }> {
    const { entries, bytes } = await wanted();
    const before = await textOf(file);
    if (before && sayTheSame(before, bytes)) return { says: before, written: false };
    await replace(`${file}.json`, JSON.stringify(entries));
    await replace(file, bytes);
    const after = await textOf(file);
    if (!after || !sayTheSame(after, bytes))
      throw new Error(`${file} is not what was written; somebody else changes it`);
    return { says: after, written: true };
  }

  return {
    /** Puts the certificates of a grant on the list until they have long expired. Durable when it resolves. Idempotent. */
    add: (revoked: { grantId: string; keyId: string; until: Instant; role: string }): Promise<Buffer> =>
      lock(file, async () => {
        const { grantId, keyId, until, role } = revoked;
        const level = String(until + KEPT_AFTER_EXPIRY);
        kept(
          () => seats.keep({ grantId, place, account: ACCOUNT, level, role, before: keyId }),
          () => unwritten.set(grantId, { keyId, until: Number(level) }),
        );
        return (await write()).says;
      }),
    /** Whether the bot put the certificates of this grant on the list, whatever the file says. */
    has: (grantId: string): boolean => seats.of(grantId).some((one) => one.place === place),
    /**
     * Makes the file say what it should, also where there is none yet: a server that is told of a file and finds none refuses
     * everybody.
     * @returns what it says now, and whether it had to be written
     */
    mend: () =>
      lock(file, async () => {
        for (const { grantId, until } of ours()) if (until <= now()) kept(() => seats.drop({ grantId, place }));
        return write();
      }),
  };
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
