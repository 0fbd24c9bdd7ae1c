import type { Database } from 'better-sqlite3';
import type { EventPayloads } from '../../domain/events.ts';
import type { Origin } from '../../ports/ledger.ts';
import { type EventRow, GENESIS_HASH } from '../book/chain.ts';

export interface Position {
  readonly seq: number;
  readonly hash: string;
}

/** What the first event of all continues. */
export const BEGINNING: Position = { seq: 0, hash: GENESIS_HASH };

export const firstRow = (sqlite: Database) =>
  sqlite
    .prepare<[], Pick<EventRow, 'seq' | 'at' | 'hash'>>('SELECT seq, at, hash FROM events ORDER BY seq LIMIT 1')
    .get();

/** What the chain says was archived last before an event. It is found by itself only where it is true. */
export function archivedBefore(sqlite: Database, seq: number): EventPayloads['ledger.archived'] | null {
  const said = sqlite
    .prepare<[number], string>(
      "SELECT payload FROM events WHERE type = 'ledger.archived' AND json_valid(payload) AND json_extract(payload, '$.to') = ? ORDER BY seq DESC LIMIT 1",
    )
    .pluck()
    .get(seq - 1);
  return said === undefined ? null : (JSON.parse(said) as EventPayloads['ledger.archived']);
}

/** null: nothing was ever recorded. */
export function originOf(sqlite: Database): Origin | null {
  const first = firstRow(sqlite);
  if (!first) return null;
  const archived = first.seq === 1 ? null : archivedBefore(sqlite, first.seq);
  return archived
    ? { ledger: archived.ledger, began: archived.began, first: first.seq }
    : { ledger: first.hash, began: first.at, first: first.seq };
}

/** What the first event in the database has to continue: nothing, or what the chain itself says was archived. */
export function startOf(sqlite: Database): Position {
  const first = firstRow(sqlite);
  const archived = first && first.seq > 1 ? archivedBefore(sqlite, first.seq) : null;
  return archived ? { seq: archived.to, hash: archived.hash } : BEGINNING;
}
