import type { SeatRecord } from '../ports.ts';
import type { Use } from './provisioner.ts';
import type { Roster } from './roster.ts';

/** In front of a place's id. Rows of the versions that knew places by name have a space there. */
const BY_ID = '#';
const PERSON = 'person ';
const PLACE = 'place ';

/** Whom a grant is for, at the target. */
export interface Person {
  readonly id: string;
  readonly account: string;
}

export type Seats = ReturnType<typeof seatsOf>;

/**
 * Who sits where by which grant, at one roster: the rows of the book whose places and accounts are the target's own ids.
 * `place` and `account` of a record are such ids here.
 */
export function seatsOf<Role>(roster: Roster<Role>, { seats: book, ids }: Pick<Use, 'seats' | 'ids'>) {
  const prefix = `${roster.scope}${BY_ID}`;
  const earlierPrefix = `${roster.earlierScope ?? roster.scope} `;
  const keyOf = (place: string): string => `${prefix}${place}`;
  const fromBook = (record: SeatRecord): SeatRecord => ({ ...record, place: record.place.slice(prefix.length) });

  /** @throws for a level that the roster does not have: it is not nothing */
  function rank(level: string | null): number {
    if (level === null) return -1;
    const found = roster.levels.indexOf(level);
    if (found === -1) throw new Error(`${roster.scope} speaks of ${level}, which is none of its levels`);
    return found;
  }
  const most = (levels: readonly (string | null)[]): string | null =>
    levels.reduce((best, level) => (rank(level) > rank(best) ? level : best), null);

  /** The book finds accounts whatever their case; ids differ by it. */
  const at = (place: string, account: string): readonly SeatRecord[] =>
    book.at(keyOf(place), account).flatMap((record) => (record.account === account ? [fromBook(record)] : []));
  const keep = (record: SeatRecord): void => book.keep({ ...record, place: keyOf(record.place) });

  const of = (grantId: string): readonly SeatRecord[] =>
    book.of(grantId).map((record) => {
      if (record.place.startsWith(prefix)) return fromBook(record);
      throw new Error(`what was given at "${record.place}" cannot be taken back at ${roster.scope}`);
    });

  /** Writes down by ids what an earlier version wrote down by names. @throws where the target shows no such names now */
  async function stamp(grantId: string): Promise<void> {
    for (const record of book.of(grantId)) {
      if (!record.place.startsWith(earlierPrefix)) continue;
      const name = record.place.slice(earlierPrefix.length);
      const place = await placeOf(grantId, name);
      const person = await personOf(grantId, () => record.account);
      move(record, place, (await roster.memberId?.(place, person.id)) ?? person.id);
    }
  }

  function move(record: SeatRecord, place: string, account: string): void {
    book.keep({ ...record, place: keyOf(place), account });
    book.drop(record);
  }

  /** The id of a place, as the grant found it first. */
  async function placeOf(grantId: string, name: string): Promise<string> {
    const known = (await ids.of(grantId)).get(`${PLACE}${name}`);
    if (known !== undefined) return known;
    const id = await roster.placeId(name);
    await ids.keep(grantId, `${PLACE}${name}`, id);
    return id;
  }

  /** Whom a grant is for, as it found them first. */
  async function personOf(grantId: string, accountNow: () => string): Promise<Person> {
    for (const [thing, id] of await ids.of(grantId))
      if (thing.startsWith(PERSON)) return { id, account: thing.slice(PERSON.length) };
    const account = accountNow();
    const id = await roster.personId(account);
    await ids.keep(grantId, `${PERSON}${account}`, id);
    return { id, account };
  }

  /**
   * The id by which somebody sits in a place, or will. Rows that were kept before the target told it, and rows of an earlier
   * version about the same seat, get it now: otherwise what those grants gave would be taken for what was there before.
   */
  async function settle(place: string, person: Person, name: string): Promise<string> {
    const id = (await roster.memberId?.(place, person.id)) ?? person.id;
    for (const record of book.at(`${earlierPrefix}${name}`, person.account)) move(record, place, id);
    if (id !== person.id) for (const record of at(place, person.id)) keep({ ...record, account: id });
    return id;
  }

  return {
    rank,
    most,
    at,
    of,
    keep,
    drop: ({ grantId, place }: SeatRecord): void => book.drop({ grantId, place: keyOf(place) }),
    stamp,
    placeOf,
    personOf,
    settle,
    /** What somebody is owed in a seat without one grant: what they had before, and what other grants give. */
    owedWithout: ({ grantId, place, account, before }: SeatRecord): string | null =>
      most([before, ...at(place, account).flatMap((other) => (other.grantId === grantId ? [] : [other.level]))]),
    /** Whether somebody sits in a place by a grant. */
    isGranted: (place: string, person: string): boolean => at(place, person).length > 0,
  };
}
