import type { LedgerEvent } from '../../domain/events.ts';
import { BOT } from '../../domain/person.ts';
import type { EventReader, MarkType } from '../../ports/ledger.ts';
import { EVENT_COLUMNS, type EventRow } from '../book/chain.ts';
import { asc, desc, eq, gt, sql } from './drizzle.ts';
import { jsonIn } from './jsonIn.ts';
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
  const toEvent = createEventMaker(ledger);
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
    after: async (seq, limit) => after.all({ seq, limit }).map(toEvent),
    newest: async () => {
      const row = db.select().from(events).orderBy(desc(events.seq)).limit(1).get();
      return row ? toEvent(row) : null;
    },
    origin: async () => originOf(ledger.sqlite),
    get: async (seq) => {
      const row = bySeq.get({ seq });
      return row ? toEvent(row) : null;
    },
    marks: async <T extends MarkType>(type: T) =>
      ledger.sqlite
        // Without the list, SQLite does not use the index of these types.
        .prepare<[string], EventRow>(`SELECT ${EVENT_COLUMNS} FROM events WHERE ${IS_MARK} AND type = ? ORDER BY seq`)
        .all(type)
        .map(toEvent)
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

/**
 * Turns rows into events with people's names. A row that somebody made unreadable in the database becomes an event that
 * says so: it must not keep the others from being read, nor the bot from starting.
 */
export function createEventMaker(ledger: Pick<OpenLedger, 'db'>): (row: EventRow) => LedgerEvent {
  const named = createNameReader(ledger);
  return (row) => {
    const [actor, payload] = [objectIn(row.actor), objectIn(row.payload)];
    if (!actor || !payload) return { ...row, type: 'event.unreadable', actor: BOT, payload: { was: row.type } };
    // Written by book/apply.ts from these very types, or by an earlier version of it.
    return { ...row, actor: named(actor), payload: named(fromEarlier(payload)) } as LedgerEvent;
  };
}

/** @returns null if the text is no JSON object */
function objectIn(text: string): Record<string, unknown> | null {
  const value = jsonIn(text);
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : null;
}

/** The first release wrote some people as a name alone. */
function fromEarlier(payload: Record<string, unknown>): Record<string, unknown> {
  const person = (value: unknown) => (typeof value === 'string' ? { slackId: '', name: value } : value);
  return {
    ...payload,
    ...('person' in payload && { person: person(payload.person) }),
    ...('requester' in payload && { requester: person(payload.requester) }),
    ...(typeof payload.from === 'string' && { from: person(payload.from) }),
    ...(Array.isArray(payload.approvers) && { approvers: payload.approvers.map(person) }),
  };
}
