import type { LedgerEvent } from '../../domain/events.ts';
import type { EventReader, MarkType } from '../../ports/ledger.ts';
import { EVENT_COLUMNS, type EventRow } from '../book/chain.ts';
import { toEvent } from '../book/toEvent.ts';
import { asc, desc, eq, gt, sql } from './drizzle.ts';
import { createNameReader } from './names.ts';
import type { OpenLedger } from './open.ts';
import { originOf } from './origin.ts';
import { events } from './schema.ts';

/** Must equal the index's condition in migrations/0010_restores.sql. */
export const IS_MARK =
  "type IN ('bot.identified', 'channel.forged', 'ledger.damaged', 'ledger.looked', 'ledger.restored', 'ledger.reconciled')";

/** Reads events back, in order. */
export function createEventReader(ledger: OpenLedger): EventReader {
  const { db } = ledger;
  const make = createEventMaker(ledger);
  const p = sql.placeholder;
  const after = db
    .select()
    .from(events)
    .where(gt(events.seq, p('seq')))
    .orderBy(asc(events.seq))
    .limit(p('limit'))
    .prepare();
  const bySeq = db
    .select()
    .from(events)
    .where(eq(events.seq, p('seq')))
    .prepare();
  return {
    after: async (seq, limit) => after.all({ seq, limit }).map(make),
    newest: async () => {
      const row = db.select().from(events).orderBy(desc(events.seq)).limit(1).get();
      return row ? make(row) : null;
    },
    origin: async () => originOf(ledger.sqlite),
    get: async (seq) => {
      const row = bySeq.get({ seq });
      return row ? make(row) : null;
    },
    marks: async <T extends MarkType>(type: T) =>
      ledger.sqlite
        // Without the list, SQLite does not use the index of these types.
        .prepare<[string], EventRow>(`SELECT ${EVENT_COLUMNS} FROM events WHERE ${IS_MARK} AND type = ? ORDER BY seq`)
        .all(type)
        .map(make)
        .filter((event): event is LedgerEvent & { readonly type: T } => event.type === type),
  };
}

/** The newest `policy.loaded` event; null if there is none. Read once per start. */
export function newestPolicyLoaded(ledger: OpenLedger): (LedgerEvent & { readonly type: 'policy.loaded' }) | null {
  const row = ledger.sqlite
    .prepare<[], EventRow>(`SELECT ${EVENT_COLUMNS} FROM events WHERE type = 'policy.loaded' ORDER BY seq DESC LIMIT 1`)
    .get();
  const event = row ? createEventMaker(ledger)(row) : null;
  return event?.type === 'policy.loaded' ? event : null;
}

/** Number of the latest start; 0 if there is none. */
export const newestStart = ({ sqlite }: OpenLedger): number =>
  sqlite
    .prepare<[], number>("SELECT seq FROM events WHERE type = 'bot.started' ORDER BY seq DESC LIMIT 1")
    .pluck()
    .get() ?? 0;

/** Turns rows into events with people's names. */
export function createEventMaker(ledger: Pick<OpenLedger, 'db'>): (row: EventRow) => LedgerEvent {
  const named = createNameReader(ledger);
  return (row) => toEvent(row, named);
}
