import { POSTS } from '../../ports/keys.ts';
import type { EventFilter, EventSearch } from '../../ports/ledger.ts';
import type { EventRow } from '../book/chain.ts';
import { nameIn } from '../book/personalNames.ts';
import { and, asc, desc, eq, gte, inArray, lte, sql } from './drizzle.ts';
import { readEvents } from './eventReader.ts';
import { type PostgresLedger, readingFrom } from './open.ts';
import { eventPeople, events, names, posts, requests } from './schema.ts';

/** Finds events for auditors: by person or request through an index, otherwise in one scan of the table. */
export function eventSearch(ledger: PostgresLedger): EventSearch {
  const { db } = ledger;
  const read = readingFrom(ledger);
  const make = readEvents(ledger);
  const called = async (text: string): Promise<readonly string[]> => {
    if (/^[UW][A-Z0-9]+$/.test(text)) return [text];
    const has = sql`strpos(lower(${names.value}), lower(${text})) > 0`;
    return (await db.selectDistinct({ person: names.person }).from(names).where(has)).map(({ person }) => person);
  };
  const newestOf = async (person: string): Promise<readonly EventRow[]> => {
    const newest = db
      .select({ seq: sql`max(${eventPeople.seq})` })
      .from(eventPeople)
      .where(eq(eventPeople.person, person));
    return db.select().from(events).where(eq(events.seq, newest));
  };

  return {
    namesOf: (ids) =>
      read(async () => {
        const found = await Promise.all(
          ids.map(async (id) => {
            const [event] = await make(await newestOf(id));
            const name = event && nameIn(event, id);
            return name === undefined ? [] : [[id, name] as const];
          }),
        );
        return new Map(found.flat());
      }),
    ofRequest: (requestId) =>
      read(async () =>
        make(await db.select().from(events).where(eq(events.requestId, requestId)).orderBy(asc(events.seq))),
      ),
    cardOf: (requestId) =>
      read(async () => {
        const [card] = await db
          .select({ channel: posts.channel, ts: posts.ts })
          .from(requests)
          .innerJoin(posts, eq(posts.key, sql`${POSTS.card('')}::text || ${requests.bundle}`))
          .where(eq(requests.id, requestId));
        return card ?? null;
      }),
    find: (filter) =>
      read(async () => {
        const people = filter.person === undefined ? null : await called(filter.person);
        const found = db
          .select()
          .from(events)
          .where(matching(db, filter, people));
        return make((await found.orderBy(desc(events.seq)).limit(filter.limit)).reverse());
      }),
  };
}

/** @param people the ids that the filter's person stands for; null if it names nobody */
function matching(
  db: PostgresLedger['db'],
  { role, requestId, incidentId, from, to }: EventFilter,
  people: readonly string[] | null,
) {
  const said = sql`jit_json(${events.payload}) ->> 'role'`;
  const ofIncident = db
    .select({ id: events.requestId })
    .from(events)
    .where(
      and(eq(events.type, 'request.submitted'), eq(sql`jit_json(${events.payload}) ->> 'incidentId'`, incidentId)),
    );
  const about = (among: readonly string[]) =>
    db
      .select({ seq: eventPeople.seq })
      .from(eventPeople)
      .where(inArray(eventPeople.person, [...among]));
  return and(
    from === undefined ? undefined : gte(events.at, from),
    to === undefined ? undefined : lte(events.at, to),
    requestId === undefined ? undefined : eq(events.requestId, requestId),
    role === undefined ? undefined : sql`(${said} = ${role} OR starts_with(${said}, ${`${role}/`}))`,
    incidentId === undefined ? undefined : inArray(events.requestId, ofIncident),
    people === null ? undefined : inArray(events.seq, about(people)),
  );
}
