import type { Database } from 'better-sqlite3';
import type { EventPayloads } from '../../domain/events.ts';
import type { Origin } from '../../ports/ledger.ts';
import { type EventRow, GENESIS_HASH } from '../book/chain.ts';

export interface Position {
  readonly seq: number;
  readonly hash: string;
}

/** The position before the very first event. */
export const BEGINNING: Position = { seq: 0, hash: GENESIS_HASH };

export const firstRow = (sqlite: Database) =>
  sqlite
    .prepare<[], Pick<EventRow, 'seq' | 'at' | 'hash'>>('SELECT seq, at, hash FROM events ORDER BY seq LIMIT 1')
    .get();

/** The last archiving before an event, according to the chain. */
export function archivedBefore(sqlite: Database, seq: number): EventPayloads['ledger.archived'] | null {
  const said = sqlite
    .prepare<[number], string>(
      "SELECT payload FROM events WHERE type = 'ledger.archived' AND json_valid(payload) AND json_extract(payload, '$.to') = ? ORDER BY seq DESC LIMIT 1",
    )
    .pluck()
    .get(seq - 1);
  return said === undefined ? null : (JSON.parse(said) as EventPayloads['ledger.archived']);
}

/** @returns null if nothing was ever recorded */
export function originOf(sqlite: Database): Origin | null {
  const first = firstRow(sqlite);
  if (!first) return null;
  const archived = first.seq === 1 ? null : archivedBefore(sqlite, first.seq);
  return archived
    ? { ledger: archived.ledger, began: archived.began, first: first.seq }
    : { ledger: first.hash, began: first.at, first: first.seq };
}

/** The position that the database's first event has to continue: the beginning, or the end of the archives. */
export function startOf(sqlite: Database): Position {
  const first = firstRow(sqlite);
  const archived = first && first.seq > 1 ? archivedBefore(sqlite, first.seq) : null;
  return archived ? { seq: archived.to, hash: archived.hash } : BEGINNING;
}
