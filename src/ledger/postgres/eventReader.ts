import { z } from 'zod';
import type { LedgerEvent } from '../../domain/events.ts';
import type { EventReader, MarkType, Origin } from '../../ports/ledger.ts';
import type { EventRow } from '../book/chain.ts';
import { parsedAs } from '../book/jsonIn.ts';
import { toEvent } from '../book/toEvent.ts';
import { and, asc, desc, eq, gt, sql } from './drizzle.ts';
import { namesIn } from './namesIn.ts';
import { type PostgresLedger, readingFrom } from './open.ts';
import { events } from './schema.ts';

/** Reads events back, in order. */
export function createEventReader(ledger: PostgresLedger): EventReader {
  const { db } = ledger;
  const read = readingFrom(ledger);
  const make = readEvents(ledger);
  return {
    after: (seq, limit) =>
      read(async () =>
        make(await db.select().from(events).where(gt(events.seq, seq)).orderBy(asc(events.seq)).limit(limit)),
      ),
    newest: () =>
      read(async () => (await make(await db.select().from(events).orderBy(desc(events.seq)).limit(1)))[0] ?? null),
    get: (seq) => read(async () => (await make(await db.select().from(events).where(eq(events.seq, seq))))[0] ?? null),
    origin: () => read(() => originOf(ledger)),
    marks: <T extends MarkType>(type: T) =>
      read(async () => {
        const all = await make(await db.select().from(events).where(eq(events.type, type)).orderBy(asc(events.seq)));
        return all.filter((event): event is LedgerEvent & { readonly type: T } => event.type === type);
      }),
  };
}

/** Read once per start. @returns null if there was none */
export const newestPolicyLoaded = (
  ledger: PostgresLedger,
): Promise<(LedgerEvent & { readonly type: 'policy.loaded' }) | null> =>
  readingFrom(ledger)(async () => {
    const newest = ledger.db.select().from(events).where(eq(events.type, 'policy.loaded'));
    const [event] = await readEvents(ledger)(await newest.orderBy(desc(events.seq)).limit(1));
    return event?.type === 'policy.loaded' ? event : null;
  });

/** Number of the latest start; 0 if there is none. */
export const newestStart = (ledger: PostgresLedger): Promise<number> =>
  readingFrom(ledger)(async () => {
    const starts = ledger.db.select({ seq: events.seq }).from(events).where(eq(events.type, 'bot.started'));
    return (await starts.orderBy(desc(events.seq)).limit(1))[0]?.seq ?? 0;
  });

/** Turns rows into events with people's names. */
export const readEvents =
  (ledger: Pick<PostgresLedger, 'db'>) =>
  async (rows: readonly EventRow[]): Promise<LedgerEvent[]> => {
    const named = await namesIn(
      ledger,
      rows.flatMap(({ actor, payload }) => [actor, payload]),
    );
    return rows.map((row) => toEvent(row, named));
  };

const archivedSchema = z.looseObject({ ledger: z.string(), began: z.number() });

async function originOf({ db }: PostgresLedger): Promise<Origin | null> {
  const [first] = await db.select().from(events).orderBy(asc(events.seq)).limit(1);
  if (!first) return null;
  if (first.seq === 1) return { ledger: first.hash, began: first.at, first: 1 };
  const isOfIt = and(
    eq(events.type, 'ledger.archived'),
    eq(sql`jit_json(${events.payload}) ->> 'to'`, String(first.seq - 1)),
  );
  const [archiving] = await db.select().from(events).where(isOfIt).orderBy(desc(events.seq)).limit(1);
  const archived = parsedAs(archivedSchema, archiving?.payload);
  return archived
    ? { ledger: archived.ledger, began: archived.began, first: first.seq }
    : { ledger: first.hash, began: first.at, first: first.seq };
}
