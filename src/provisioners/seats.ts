import type { SeatRecord } from '../ports/targets.ts';
import { earlierSeats } from './earlierSeats.ts';
import { foundFirst } from './foundFirst.ts';
import { levelsOf } from './levels.ts';
import type { Use } from './provisioner.ts';
import type { Roster } from './roster.ts';
import { seatRows } from './seatRows.ts';

export type Seats = ReturnType<typeof seatsOf>;

/**
 * Who has which seat through which grant, at one roster. `place` and `account` of a record are the target's ids here.
 */
export function seatsOf<Role>(roster: Roster<Role>, { seats: book, ids }: Pick<Use, 'seats' | 'ids'>) {
  const levels = levelsOf(roster);
  const rows = seatRows(roster.scope, book);
  const found = foundFirst(roster, ids);
  return {
    ...levels,
    ...rows,
    ...found,
    ...earlierSeats(roster, { book, rows, found }),
    /** What a person is owed in a seat without one grant: their earlier access, and what other grants give. */
    owedWithout: async ({ grantId, place, account, before }: SeatRecord): Promise<string | null> =>
      levels.most([
        before,
        ...(await rows.at(place, account)).flatMap((other) => (other.grantId === grantId ? [] : [other.level])),
      ]),
    /** Whether a person is in a place through a grant. */
    isGranted: async (place: string, person: string): Promise<boolean> => (await rows.at(place, person)).length > 0,
  };
}
