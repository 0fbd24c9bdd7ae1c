/** Lowers a person's level in a place to what they are owed without a grant, and reads it back. */

import type { SeatRecord } from '../ports/targets.ts';
import { SEATS } from '../wording/targets/shared.ts';
import type { BookedRoster } from './bookedRoster.ts';
import { pause, poll } from './polling.ts';

const RETURNS = 3;

/** Ends what a grant gave in one seat. */
export const giveBack = <Role>(booked: BookedRoster<Role>, record: SeatRecord): Promise<void> =>
  booked.oneByOne(record.place, record.account, async () => {
    const { seats, residue, returned } = booked;
    await returned.noteName(record);
    await lower(booked, record, await seats.owedWithout(record));
    await takeReturned(booked, record);
    await residue.noteAfter(record);
    await seats.drop(record);
  });

/**
 * Never raises a level: if a person has less than they are owed, somebody else took it. The target may show an old
 * state. So a person who is owed nothing is removed in any case, and for others the target has to show the level twice.
 */
async function lower<Role>(
  { roster, seats: { rank }, polling }: BookedRoster<Role>,
  { place, account }: Pick<SeatRecord, 'place' | 'account'>,
  owed: string | null,
): Promise<void> {
  const isOver = async () => rank(await roster.level(place, account)) <= rank(owed);
  if (owed !== null && (await isOver())) {
    await pause(polling.every);
    if (await isOver()) return;
  }
  await roster.set(place, account, owed, null);
  await poll(SEATS.stillMore(roster.scope, account, place, owed ?? 'nothing'), polling, isOver);
}

/** A person who returns right after being removed is removed again, a few times. */
async function takeReturned<Role>(booked: BookedRoster<Role>, record: SeatRecord): Promise<void> {
  const { roster, seats, returned } = booked;
  for (let left = RETURNS; await isBack(booked, record); left -= 1) {
    const again = await returned.by(record);
    if (left === 0) throw new Error(SEATS.comesBack(roster.scope, record.place));
    if (again) await lower(booked, again, await seats.owedWithout(again));
  }
}

/** Whether the grant's person still has more in one of its seats than they are owed without it. */
export async function isSeated<Role>(booked: BookedRoster<Role>, record: SeatRecord): Promise<boolean> {
  const { roster, seats } = booked;
  const now = seats.rank(await roster.level(record.place, record.account));
  const owed = seats.rank(await seats.owedWithout(record));
  return now > owed || now >= seats.rank(record.level) || (await isBack(booked, record));
}

/** Whether the person left and came back with more than they are owed. */
async function isBack<Role>({ roster, seats, returned }: BookedRoster<Role>, record: SeatRecord): Promise<boolean> {
  const again = await returned.by(record);
  if (again === null) return false;
  return seats.rank(await roster.level(again.place, again.account)) > seats.rank(await seats.owedWithout(again));
}

/** Removes standing access in a place, by the current id of the account in the place's list. */
export async function removeStanding<Role>(booked: BookedRoster<Role>, place: string, account: string): Promise<void> {
  const { roster, seats } = booked;
  const member = (await roster.members(place)).find((one) => one.account.toLowerCase() === account.toLowerCase());
  if (!member) return;
  await booked.oneByOne(place, member.id, async () => {
    const live = await seats.at(place, member.id);
    // From now on, no earlier access is recorded.
    for (const record of live) await seats.keep({ ...record, before: null });
    await lower(booked, { place, account: member.id }, seats.most(live.map(({ level }) => level)));
  });
}
