/** Lowering what people have in places to what they are owed there, and looking whether it is so. */

import type { SeatRecord } from '../ports/targets.ts';
import type { BookedRoster } from './bookedRoster.ts';
import { pause, poll } from './polling.ts';

const RETURNS = 3;

/** Takes back what a grant gave in one seat. */
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
 * Never gives: who has less than they are owed was taken it by somebody else. What the target shows may be old: so who is
 * owed nothing is taken out whatever it shows first, and for the others it has to show it twice.
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
  await poll(`${roster.scope} still shows ${account} in ${place} with more than ${owed ?? 'nothing'}`, polling, isOver);
}

/** Whoever comes back as soon as they are out is taken out again, a few times in a row. */
async function takeReturned<Role>(booked: BookedRoster<Role>, record: SeatRecord): Promise<void> {
  const { roster, seats, returned } = booked;
  for (let left = RETURNS; await isBack(booked, record); left -= 1) {
    const again = await returned.by(record);
    if (left === 0) throw new Error(`${roster.scope}: somebody comes back into ${record.place} again and again`);
    if (again) await lower(booked, again, await seats.owedWithout(again));
  }
}

/** Whether the person of a grant has more in one of its seats than they are owed without it. */
export async function isSeated<Role>(booked: BookedRoster<Role>, record: SeatRecord): Promise<boolean> {
  const { roster, seats } = booked;
  const now = seats.rank(await roster.level(record.place, record.account));
  const owed = seats.rank(await seats.owedWithout(record));
  return now > owed || now >= seats.rank(record.level) || (await isBack(booked, record));
}

/** Whether they left and came back, with more than they are owed. */
async function isBack<Role>({ roster, seats, returned }: BookedRoster<Role>, record: SeatRecord): Promise<boolean> {
  const again = await returned.by(record);
  if (again === null) return false;
  return seats.rank(await roster.level(again.place, again.account)) > seats.rank(await seats.owedWithout(again));
}

/** Takes away what somebody has for good in a place, by the id that the account has in the place's own list now. */
export async function removeStanding<Role>(booked: BookedRoster<Role>, place: string, account: string): Promise<void> {
  const { roster, seats } = booked;
  const member = (await roster.members(place)).find((one) => one.account.toLowerCase() === account.toLowerCase());
  if (!member) return;
  await booked.oneByOne(place, member.id, async () => {
    const live = await seats.at(place, member.id);
    // From now on nothing was there before.
    for (const record of live) await seats.keep({ ...record, before: null });
    await lower(booked, { place, account: member.id }, seats.most(live.map(({ level }) => level)));
  });
}
