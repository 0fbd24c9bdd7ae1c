import type { SeatBook, SeatRecord } from '../ports/targets.ts';
import type { foundFirst, Person } from './foundFirst.ts';
import type { Roster } from './roster.ts';
import type { seatRows } from './seatRows.ts';

/** Adds ids to rows that an earlier version recorded by name. */
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
    /** For one grant. @throws if the target does not have these names now */
    stamp: async (grantId: string): Promise<void> => {
      for (const record of await book.of(grantId)) {
        if (!record.place.startsWith(earlierPrefix)) continue;
        const place = await found.placeOf(grantId, record.place.slice(earlierPrefix.length));
        const person = await found.personOf(grantId, () => record.account);
        await move(record, place, await memberId(place, person.id));
      }
    },
    /**
     * The id of a person in a place, now or later. It is added to rows recorded before the target told it, and to rows
     * of an earlier version for the same seat: otherwise, what those grants gave would count as access from before.
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
