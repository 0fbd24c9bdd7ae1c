import { randomBytes } from 'node:crypto';
import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { errorText } from '../../domain/text.ts';
import type { Log } from '../../ports/host.ts';
import { StorageError } from '../../ports/store.ts';
import { type OpenLedger, openLedger } from './open.ts';
import { OWNER_ONLY } from './ownerOnly.ts';

/** SQLite needs about 40 kB to open a database; the rest is for what is recorded first. In bytes. */
const SIZE = 1024 * 1024;
/** SQLite's codes for a full disk: for rows, for the shared-memory file, for a write. */
const NO_ROOM = /^SQLITE_(FULL|IOERR_(SHMSIZE|WRITE|SHMOPEN))$/;

export const reservePath = (path: string): string => `${path}-reserve`;

/**
 * Opens the database even on a full disk, by deleting a reserve file that was made while there was room. A bot that
 * cannot open its database cannot end access, and a full disk is when supervisors restart it.
 * @throws StorageError if it cannot be opened even then
 */
export function openWithReserve(path: string, log: Log, open: (path: string) => OpenLedger = openLedger): OpenLedger {
  const ledger = openOrGiveUpReserve(path, log, open);
  keepReserve(reservePath(path), log);
  return ledger;
}

function openOrGiveUpReserve(path: string, log: Log, open: (path: string) => OpenLedger): OpenLedger {
  try {
    return open(path);
  } catch (error) {
    if (!hasNoRoom(error) || !existsSync(reservePath(path))) throw error;
    log.error({ err: error }, 'the disk is full: the reserve file beside the database was deleted to open it');
    rmSync(reservePath(path));
    return open(path);
  }
}

function keepReserve(reserve: string, log: Log): void {
  if (existsSync(reserve)) return;
  try {
    // Random bytes: a compressing file system would reserve no room for zeros.
    writeFileSync(reserve, randomBytes(SIZE), { mode: OWNER_ONLY, flag: 'wx' });
  } catch (error) {
    // A partial file is useless as a reserve and only uses up the remaining room.
    rmSync(reserve, { force: true });
    log.warn({ reserve, problem: errorText(error) }, 'cannot create the reserve file for a full disk');
  }
}

const hasNoRoom = (error: unknown): boolean =>
  error instanceof StorageError &&
  error.cause instanceof Error &&
  'code' in error.cause &&
  NO_ROOM.test(String(error.cause.code));
