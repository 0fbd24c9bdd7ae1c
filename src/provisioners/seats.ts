import type { SeatRecord } from '../ports/targets.ts';
import { earlierSeats } from './earlierSeats.ts';
import { foundFirst } from './foundFirst.ts';
import { levelsOf } from './levels.ts';
import type { Use } from './provisioner.ts';
import type { Roster } from './roster.ts';
import { seatRows } from './seatRows.ts';

export type Seats = ReturnType<typeof seatsOf>;

/**
 * Who sits where by which grant, at one roster: the rows of the book whose places and accounts are the target's own ids.
 * `place` and `account` of a record are such ids here.
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
    /** What somebody is owed in a seat without one grant: what they had before, and what other grants give. */
    owedWithout: async ({ grantId, place, account, before }: SeatRecord): Promise<string | null> =>
      levels.most([
        before,
        ...(await rows.at(place, account)).flatMap((other) => (other.grantId === grantId ? [] : [other.level])),
      ]),
    /** Whether somebody sits in a place by a grant. */
    isGranted: async (place: string, person: string): Promise<boolean> => (await rows.at(place, person)).length > 0,
  };
}
