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
  /** How long an end waits for the search for what the holder left, in ms. */
  readonly mostLooking?: Millis;
}

export type BookedRoster<Role> = ReturnType<typeof createBookedRoster<Role>>;

/** A roster with its records of grants. */
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
    /** If a person's member id is known only once they are a member, changes to a place run one at a time. */
    oneByOne: <T>(place: string, person: string, work: () => Promise<T>): Promise<T> =>
      lock(roster.memberId ? place : `${place} ${person}`, work),
  };
}
