import type { Instant } from '../domain/terms.ts';
import { SEATS } from '../wording/targets/shared.ts';
import type { BookedRoster } from './bookedRoster.ts';
import type { Person } from './foundFirst.ts';
import { pause, poll } from './polling.ts';
import type { Access } from './provisioner.ts';
import type { Seat } from './roster.ts';

interface Wanted<Role> {
  readonly access: Access<Role>;
  readonly seat: Seat;
  readonly person: Person;
  readonly expiresAt: Instant;
}

/** Puts the person of a grant into a seat, or finds them there, and waits until the target shows it. */
export async function takeSeat<Role>(
  booked: BookedRoster<Role>,
  { access, seat, person, expiresAt }: Wanted<Role>,
): Promise<void> {
  const { roster, seats, residue, polling } = booked;
  const { rank, most } = seats;
  const place = await seats.placeOf(access.grantId, seat.place);
  await booked.oneByOne(place, person.id, async () => {
    const mine = (await seats.of(access.grantId)).find((record) => record.place === place);
    // Who they are as a member stays, whoever their name leads to by now.
    const memberNow = async () =>
      mine && mine.account !== person.id ? mine.account : seats.settle(place, person, seat.place);
    const id = await memberNow();
    const [other] = await seats.at(place, id);
    const now = mine || other ? await roster.level(place, id) : await levelBefore(booked, place, id);
    const held = now === roster.dormant ? null : now;
    const before = mine ? mine.before : other ? other.before : held;
    if (!mine) {
      await residue.noteBefore(access.grantId, place, seat.level);
      const { grantId, roleKey: role } = access;
      await seats.keep({ grantId, place, account: id, level: seat.level, role, before });
    }
    const isAgain = roster.expires && before === null;
    if (rank(now) < rank(seat.level) || isAgain) await roster.set(place, id, most([now, seat.level]), expiresAt);
    const member = await memberNow();
    // Whoever is not shown yet could not be seen to be gone later.
    await poll(
      SEATS.notShown(roster.scope, person.account, seat.place),
      polling,
      async () => rank(await roster.level(place, member)) >= rank(seat.level),
    );
  });
}

/** What somebody has for good is seen twice: what an earlier grant gave may be shown for a while after its end. */
async function levelBefore<Role>(
  { roster, seats: { rank }, polling }: BookedRoster<Role>,
  place: string,
  id: string,
): Promise<string | null> {
  const first = await roster.level(place, id);
  if (first === null) return null;
  await pause(polling.every);
  const second = await roster.level(place, id);
  return rank(second) < rank(first) ? second : first;
}
