import { mkdtempSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { StorageError } from '../../ports/store.ts';
import { type Verification, verifyLedger } from '../history/verify.ts';
import { openPostgres } from '../postgres/open.ts';
import { takePlace } from '../postgres/place.ts';
import { liftDrain, readDrain } from '../sqlite/drainFile.ts';
import { type OpenLedger, openLedger } from '../sqlite/open.ts';
import { backUp } from './backUp.ts';
import { openBeside } from './beside.ts';
import { ALONE } from './command.ts';
import { withMirror } from './mirror.ts';
import { isPostgresAddress, shownPlace } from './place.ts';
import { putInto } from './putInto.ts';

export type Whole = Verification & { readonly whole: true };

/**
 * Puts a ledger that is on a file into an empty database on PostgreSQL, as its owner, and reads it back.
 * @throws StorageError if it is not whole, before or after
 */
async function putIntoPostgres(ledger: OpenLedger, address: string): Promise<Whole> {
  const before = wholeOf(verifyLedger(ledger), ledger.path);
  const target = await openPostgres(address);
  try {
    const place = await takePlace(target, ALONE);
    try {
      await putInto(target, ledger.sqlite);
      const after = wholeOf(await withMirror(target, async (copy) => verifyLedger(copy)), target.where);
      if (after.head !== before.head || after.events !== before.events)
        throw new StorageError(`${target.where}: what arrived is not what was sent; empty the database, and try again`);
      return after;
    } finally {
      await place.leave();
    }
  } finally {
    await target.close();
  }
}

function wholeOf(found: Verification, where: string): Whole {
  if (!found.whole)
    throw new StorageError(`${where}: the record in it is not whole (${found.problem}); nothing is moved`);
  return found;
}

/**
 * Moves a ledger from a file to PostgreSQL or back, with its bot stopped. Where it was, no bot starts any more.
 * @returns the check of what arrived, and where the old one is now
 * @throws StorageError if a bot works on either, or the ledger is not whole; then nothing was moved
 */
export async function moveLedger(from: string, to: string, now: number): Promise<{ found: Whole; left: string }> {
  if (isPostgresAddress(from) === isPostgresAddress(to))
    throw new StorageError(
      `${shownPlace(to)}: a ledger is moved from a file to PostgreSQL, or from PostgreSQL to a file`,
    );
  return isPostgresAddress(to) ? toPostgres(from, to, now) : toFile(from, to);
}

async function toPostgres(path: string, address: string, now: number): Promise<{ found: Whole; left: string }> {
  const ledger = openLedger(path, { waitsForLocks: true });
  let found: Whole;
  try {
    found = await putIntoPostgres(ledger, address);
    ledger.sqlite.pragma('wal_checkpoint(TRUNCATE)');
  } finally {
    ledger.close();
  }
  await moveDrain(path, address);
  const left = `${path}.moved-${new Date(now).toISOString().replace(/[-:]|\.\d+/g, '')}`;
  renameSync(path, left);
  return { found, left };
}

/** A window before maintenance goes along: it is kept beside a file. */
async function moveDrain(path: string, address: string): Promise<void> {
  const drain = readDrain(path);
  if (drain === null) return;
  const beside = await openBeside(address);
  try {
    await beside.setDrain(drain);
  } finally {
    await beside.close();
  }
  liftDrain(path);
}

async function toFile(address: string, path: string): Promise<{ found: Whole; left: string }> {
  const source = await openPostgres(address);
  try {
    const place = await takePlace(source, ALONE);
    try {
      const found = wholeOf(await backUp(address, path), source.where);
      await place.retire(path);
      return { found, left: source.where };
    } catch (error) {
      await place.leave();
      throw error;
    }
  } finally {
    await source.close();
  }
}

/**
 * Puts a copy into an empty database on PostgreSQL, as its owner.
 * @param prepare prepares the copy before a bot can start on it
 */
export async function putBack(
  copy: string,
  address: string,
  prepare: (draft: OpenLedger) => Promise<void>,
): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'jitbot-restore-'));
  try {
    const path = join(folder, 'draft.db');
    const found = await backUp(copy, path);
    if (!found.whole)
      throw new StorageError(
        `${shownPlace(copy)}: the record in it is not whole (${found.problem}); nothing was put back`,
      );
    const draft = openLedger(path, { waitsForLocks: true });
    try {
      await prepare(draft);
      await putIntoPostgres(draft, address);
    } finally {
      draft.close();
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
