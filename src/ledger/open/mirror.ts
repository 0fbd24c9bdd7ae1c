import type { PostgresLedger } from '../postgres/open.ts';
import type { OpenLedger } from '../sqlite/open.ts';
import { openTemporary } from '../sqlite/temporary.ts';
import { copyInto } from './copy.ts';

/**
 * A copy of a ledger on PostgreSQL in SQLite, gone with the process. Whatever reads a whole ledger (its check, figures,
 * exports) reads this, so that there is one way to do each on both engines.
 */
export interface Mirror {
  readonly ledger: OpenLedger;
  /** Takes in what was written since, as of one moment. */
  refresh(): Promise<void>;
  close(): void;
}

/** @throws StorageError if the ledger cannot be read */
export async function openMirror(source: PostgresLedger): Promise<Mirror> {
  const ledger = openTemporary(source.where);
  const mirror: Mirror = {
    ledger,
    refresh: () => copyInto(ledger.sqlite, source),
    close: () => ledger.close(),
  };
  try {
    await mirror.refresh();
    return mirror;
  } catch (error) {
    mirror.close();
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
