import type { LedgerEvent } from '../../src/domain/events.ts';
import { EVENT_COLUMNS, type EventRow } from '../../src/ledger/book/chain.ts';
import { createEventMaker } from '../../src/ledger/sqlite/eventReader.ts';
import type { OpenLedger } from '../../src/ledger/sqlite/open.ts';

/** Everything that was recorded, oldest first. */
export const eventsIn = (ledger: OpenLedger): readonly LedgerEvent[] =>
  ledger.sqlite
    .prepare<[], EventRow>(`SELECT ${EVENT_COLUMNS} FROM events ORDER BY seq`)
    .all()
    .map(createEventMaker(ledger));
