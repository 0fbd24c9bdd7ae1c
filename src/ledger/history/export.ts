import type { LedgerEvent } from '../../domain/events.ts';
import type { Instant } from '../../domain/terms.ts';
import { EVENT_COLUMNS, type EventRow } from '../book/chain.ts';
import { createEventMaker } from '../sqlite/eventReader.ts';
import { eachPerson, type KeptName } from '../sqlite/names.ts';
import type { OpenLedger } from '../sqlite/open.ts';

/** So few that they are garbage before V8 takes them for something that lasts: the heap stays as it was. */
const BATCH = 100;

/** Events of a time, as they are stored, in order, read a batch at a time: any number of them takes no more memory. */
export function* exportRows({ sqlite }: OpenLedger, { from, to }: { from: Instant; to: Instant }): Generator<EventRow> {
  const next = sqlite.prepare<[number, number, number, number], EventRow>(
    `SELECT ${EVENT_COLUMNS} FROM events WHERE seq > ? AND at >= ? AND at <= ? ORDER BY seq LIMIT ?`,
  );
  for (let last = 0; ; ) {
    const rows = next.all(last, from, to, BATCH);
    for (const row of rows) yield row;
    last = rows.at(-1)?.seq ?? last;
    if (rows.length < BATCH) return;
  }
}

export function* exportEvents(ledger: OpenLedger, period: { from: Instant; to: Instant }): Generator<LedgerEvent> {
  const toEvent = createEventMaker(ledger);
  for (const row of exportRows(ledger, period)) yield toEvent(row);
}

/**
 * An event as a line of JSON that can be checked by itself: actor and payload as they were hashed, with references
 * for names, and beside them the names that were not erased.
 */
export function createRowWriter({ sqlite }: OpenLedger): (row: EventRow) => string {
  const find = sqlite.prepare<[string], KeptName>(
    'SELECT person, salt, value FROM names WHERE ref = ? AND salt IS NOT NULL',
  );
  const known = new Map<string, KeptName>();
  const nameOf = (ref: string): KeptName | undefined => {
    const kept = known.get(ref) ?? find.get(ref);
    if (kept) known.set(ref, kept);
    return kept;
  };
  return (row) => {
    const names: Record<string, KeptName> = {};
    const note = (_person: string, ref: string): string => {
      const kept = nameOf(ref);
      if (kept) names[ref] = kept;
      return ref;
    };
    const actor = eachPerson(JSON.parse(row.actor), note);
    const payload = eachPerson(JSON.parse(row.payload), note);
    return JSON.stringify({ ...row, actor, payload, names });
  };
}
