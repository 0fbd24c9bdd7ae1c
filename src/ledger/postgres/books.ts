import type { PostBook } from '../../ports/posts.ts';
import type { IdBook, SeatBook, SeatRecord } from '../../ports/targets.ts';
import { and, asc, eq, gte, lt, ne, sql } from './drizzle.ts';
import { type PostgresLedger, readingFrom } from './open.ts';
import { cursors, posts, seats, targetIds } from './schema.ts';

/** Where messages went, and how far each reader has got. */
export function createPostBook(ledger: PostgresLedger): PostBook {
  const { db } = ledger;
  const guarded = readingFrom(ledger);
  const shown = { channel: posts.channel, ts: posts.ts, digest: posts.digest };
  return {
    find: (key) => guarded(async () => (await db.select(shown).from(posts).where(eq(posts.key, key)))[0] ?? null),
    keysOf: (first) =>
      guarded(async () => {
        // Keys are plain ASCII in byte order, so that every key with this prefix sorts before this one.
        const within = and(gte(posts.key, first), lt(posts.key, `${first}\x7f`));
        return (await db.select({ key: posts.key }).from(posts).where(within).orderBy(asc(posts.key))).map(
          ({ key }) => key,
        );
      }),
    keep: (key, { channel, ts, digest }) =>
      guarded(async () => {
        const set = { channel, ts, digest };
        await db
          .insert(posts)
          .values({ key, ...set })
          .onConflictDoUpdate({ target: posts.key, set });
      }),
    cursor: (name) =>
      guarded(
        async () => (await db.select({ seq: cursors.seq }).from(cursors).where(eq(cursors.name, name)))[0]?.seq ?? 0,
      ),
    moveCursor: (name, seq) =>
      guarded(async () => {
        await db.insert(cursors).values({ name, seq }).onConflictDoUpdate({ target: cursors.name, set: { seq } });
      }),
  };
}

/** What grants touched, by the targets' own ids. */
export function createIdBook(ledger: PostgresLedger): IdBook {
  const { db, remembered } = ledger;
  const guarded = readingFrom(ledger);
  return {
    keep: (grantId, thing, id) =>
      guarded(async () => {
        await db
          .insert(targetIds)
          .values({ grantId, thing, id })
          .onConflictDoUpdate({
            target: [targetIds.grantId, targetIds.thing],
            set: { id },
            setWhere: ne(targetIds.id, id),
          });
      }),
    of: (grantId) =>
      remembered.orMemory<ReadonlyMap<string, string>>(
        () =>
          guarded(async () => {
            const theirs = db.select().from(targetIds).where(eq(targetIds.grantId, grantId));
            return new Map((await theirs.orderBy(asc(targetIds.thing))).map(({ thing, id }) => [thing, id]));
          }),
        () => remembered.ids(grantId),
      ),
  };
}

/** Seats that grants hold at targets without labels. Accounts are the same however they are written. */
export function createSeatBook(ledger: PostgresLedger): SeatBook {
  const { db, remembered } = ledger;
  const guarded = readingFrom(ledger);
  return {
    at: (place, account) => {
      const there = and(eq(seats.place, place), eq(sql`lower(${seats.account})`, account.toLowerCase()));
      const isThere = (one: SeatRecord) => one.place === place && one.account.toLowerCase() === account.toLowerCase();
      return remembered.orMemory<readonly SeatRecord[]>(
        () => guarded(() => db.select().from(seats).where(there).orderBy(asc(seats.grantId))),
        () => remembered.seats()?.filter(isThere),
      );
    },
    of: (grantId) =>
      remembered.orMemory<readonly SeatRecord[]>(
        () => guarded(() => db.select().from(seats).where(eq(seats.grantId, grantId)).orderBy(asc(seats.place))),
        () => remembered.seats()?.filter((one) => one.grantId === grantId),
      ),
    keep: ({ grantId, place, account, level, role, before }) =>
      guarded(async () => {
        await db
          .insert(seats)
          .values({ grantId, place, account, level, role, before })
          .onConflictDoUpdate({ target: [seats.grantId, seats.place], set: { account, level, before } });
      }),
    drop: ({ grantId, place }) =>
      guarded(async () => {
        await db.delete(seats).where(and(eq(seats.grantId, grantId), eq(seats.place, place)));
      }),
  };
}
