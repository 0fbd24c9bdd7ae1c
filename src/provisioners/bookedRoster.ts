import { keyedLock } from '../concurrency/keyedLock.ts';
import { type Millis, SECOND } from '../domain/terms.ts';
import type { Polling } from './polling.ts';
import type { Use } from './provisioner.ts';
import { MOST_LOOKING, residueOf } from './residue.ts';
import { returnedTo } from './returned.ts';
import type { Roster } from './roster.ts';
import { seatsOf } from './seats.ts';

const POLLING: Polling = { every: SECOND / 4, until: 10 * SECOND };

export interface BookUses extends Pick<Use, 'seats' | 'ids' | 'polling'> {
  /** How long an end waits for a look at what the holder may have left. */
  readonly mostLooking?: Millis;
}

export type BookedRoster<Role> = ReturnType<typeof createBookedRoster<Role>>;

/** A roster, with what is written down of grants on it. */
export function createBookedRoster<Role>(
  roster: Roster<Role>,
  { seats: book, ids, polling = POLLING, mostLooking = MOST_LOOKING }: BookUses,
) {
  const lock = keyedLock();
  const seats = seatsOf(roster, { seats: book, ids });
  return {
    roster,
    seats,
    polling,
    residue: residueOf(roster, seats, { ids, mostLooking }),
    returned: returnedTo(roster, seats, ids),
    /** Where a person's id as a member is only known once they are one, people of a place come and go one by one. */
    oneByOne: <T>(place: string, person: string, work: () => Promise<T>): Promise<T> =>
      lock(roster.memberId ? place : `${place} ${person}`, work),
  };
}
