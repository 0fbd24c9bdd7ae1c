import type { LedgerEvent } from '../domain/events.ts';
import type { EventReader } from '../ports.ts';
import type { EventRow } from './chain.ts';
import { asc, desc, eq, gt } from './drizzle.ts';
import type { OpenLedger } from './open.ts';
import { events } from './schema.ts';

/** Reads events back, in order. */
export function eventReader({ db }: OpenLedger): EventReader {
  return {
    after: (seq, limit) =>
      db.select().from(events).where(gt(events.seq, seq)).orderBy(asc(events.seq)).limit(limit).all().map(toEvent),
    newest: () => {
      const row = db.select().from(events).orderBy(desc(events.seq)).limit(1).get();
      return row ? toEvent(row) : null;
    },
    get: (seq) => {
      const row = db.select().from(events).where(eq(events.seq, seq)).get();
      return row ? toEvent(row) : null;
    },
  };
}

// Written by store.ts from these very types.
export const toEvent = (row: EventRow): LedgerEvent =>
  ({ ...row, actor: JSON.parse(row.actor), payload: JSON.parse(row.payload) }) as LedgerEvent;
