import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { PostgresLedger } from '../postgres/open.ts';
import { type OpenLedger, openLedger } from '../sqlite/open.ts';
import { copyInto } from './copy.ts';

/**
 * A copy of a ledger on PostgreSQL in a SQLite file of its own, readable by its owner only. Whatever reads a whole ledger
 * (its check, figures, exports) reads this, so that there is one way to do each on both engines.
 */
export interface Mirror {
  readonly ledger: OpenLedger;
  /** Takes in what was written since, as of one moment. */
  refresh(): Promise<void>;
  close(): void;
}

/** @throws StorageError if the ledger cannot be read */
export async function openMirror(source: PostgresLedger): Promise<Mirror> {
  const folder = mkdtempSync(join(tmpdir(), 'jitbot-ledger-'));
  const ledger = openLedger(join(folder, 'ledger.db'), { waitsForLocks: true });
  const close = () => {
    ledger.close();
    rmSync(folder, { recursive: true, force: true });
  };
  // It is made anew after a crash, and never continued.
  ledger.sqlite.pragma('synchronous = OFF');
  const mirror: Mirror = { ledger, refresh: () => copyInto(ledger.sqlite, source), close };
  try {
    await mirror.refresh();
    return mirror;
  } catch (error) {
    close();
    throw error;
  }
}

/** Reads a mirror, and removes it. */
export async function withMirror<T>(source: PostgresLedger, read: (ledger: OpenLedger) => Promise<T>): Promise<T> {
  const mirror = await openMirror(source);
  try {
    return await read(mirror.ledger);
  } finally {
    mirror.close();
  }
}
