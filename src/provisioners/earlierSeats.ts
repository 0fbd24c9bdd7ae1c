import type { SeatBook, SeatRecord } from '../ports/targets.ts';
import type { foundFirst, Person } from './foundFirst.ts';
import type { Roster } from './roster.ts';
import type { seatRows } from './seatRows.ts';

/** Rows that an earlier version of the bot wrote down by names, which get ids. */
export function earlierSeats<Role>(
  roster: Roster<Role>,
  {
    book,
    rows,
    found,
  }: { book: SeatBook; rows: ReturnType<typeof seatRows>; found: ReturnType<typeof foundFirst<Role>> },
) {
  const earlierPrefix = `${roster.earlierScope ?? roster.scope} `;
  const memberId = async (place: string, person: string): Promise<string> =>
    (await roster.memberId?.(place, person)) ?? person;

  async function move(record: SeatRecord, place: string, account: string): Promise<void> {
    await rows.keep({ ...record, place, account });
    await book.drop(record);
  }

  return {
    /** Those of one grant. @throws where the target shows no such names now */
    stamp: async (grantId: string): Promise<void> => {
      for (const record of await book.of(grantId)) {
        if (!record.place.startsWith(earlierPrefix)) continue;
        const place = await found.placeOf(grantId, record.place.slice(earlierPrefix.length));
        const person = await found.personOf(grantId, () => record.account);
        await move(record, place, await memberId(place, person.id));
      }
    },
    /**
     * The id by which somebody sits in a place, or will. Rows that were kept before the target told it, and rows of an earlier
     * version about the same seat, get it now: otherwise what those grants gave would be taken for what was there before.
     */
    settle: async (place: string, person: Person, name: string): Promise<string> => {
      const id = await memberId(place, person.id);
      for (const record of await book.at(`${earlierPrefix}${name}`, person.account)) await move(record, place, id);
      if (id !== person.id)
        for (const record of await rows.at(place, person.id)) await rows.keep({ ...record, account: id });
      return id;
    },
  };
}
