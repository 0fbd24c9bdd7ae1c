import type { LedgerEvent } from '../../domain/events.ts';
import type { Instant } from '../../domain/terms.ts';
import { EVENT_COLUMNS, type EventRow } from '../book/chain.ts';
import { eachPerson, type KeptName } from '../book/personalNames.ts';
import { createEventMaker } from '../sqlite/eventReader.ts';
import type { OpenLedger } from '../sqlite/open.ts';

/** Events per read: few enough that V8 collects them while young, so that the heap does not grow. */
const BATCH = 100;

/** The stored events of a period in order. They are read in batches, so that memory use stays constant. */
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
 * Writes an event as a line of JSON that can be verified by itself: actor and payload as hashed, with references
 * for names, and beside them the names that are not erased.
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
