import type { Residue } from '../domain/grant.ts';
import { type Instant, SECOND } from '../domain/terms.ts';
import { errorText } from '../domain/text.ts';
import { keyedLock } from '../lifecycle/keyedLock.ts';
import type { SeatRecord } from '../ports.ts';
import { holdersOf } from './holders.ts';
import { type Polling, pause, poll } from './polling.ts';
import { type Access, type Connection, TargetRefusal, type Use } from './provisioner.ts';
import { residueOf } from './residue.ts';
import type { Roster, Seat } from './roster.ts';
import { type Person, seatsOf } from './seats.ts';

interface Uses<Role> extends Pick<Use, 'seats' | 'ids' | 'polling'> {
  readonly accountOf: (access: Access<Role>) => string;
}

const POLLING: Polling = { every: SECOND / 4, until: 10 * SECOND };

/**
 * Grants on a roster. Two grants may stand for the same seat, and the person may have sat there before: what is taken
 * back is never more than what no other grant gives and nobody gave before. So that this survives a crash, what a grant
 * takes, and what it found there, is written down before the target is touched: by the target's own ids, because names can
 * change hands while access lives.
 */
export function membership<Role>(
  roster: Roster<Role>,
  { seats: book, ids, accountOf, polling = POLLING }: Uses<Role>,
): Pick<Connection<Role>, 'grant' | 'revoke' | 'isActive'> &
  Required<Pick<Connection<Role>, 'list' | 'remove' | 'stamp'>> {
  const lock = keyedLock();
  const seats = seatsOf(roster, { seats: book, ids });
  const { rank, most } = seats;
  const residue = residueOf(roster, seats, { ids, polling });
  /** Where a person's id as a member is only known once they are one, people of a place come and go one by one. */
  const lockOf = (place: string, person: string): string => (roster.memberId ? place : `${place} ${person}`);

  async function take(access: Access<Role>, seat: Seat, expiresAt: Instant, person: Person): Promise<void> {
    const place = await seats.placeOf(access.grantId, seat.place);
    await lock(lockOf(place, person.id), async () => {
      const mine = seats.of(access.grantId).find((record) => record.place === place);
      // Who they are as a member stays, whoever their name leads to by now.
      const memberNow = async () =>
        mine && mine.account !== person.id ? mine.account : seats.settle(place, person, seat.place);
      const id = await memberNow();
      const [other] = seats.at(place, id);
      const now = mine || other ? await roster.level(place, id) : await levelBefore(place, id);
      const held = now === roster.dormant ? null : now;
      const before = mine ? mine.before : other ? other.before : held;
      if (!mine) {
        await residue.noteBefore(access.grantId, place, seat.level);
        const { grantId, roleKey: role } = access;
        seats.keep({ grantId, place, account: id, level: seat.level, role, before });
      }
      const isAgain = roster.expires && before === null;
      if (rank(now) < rank(seat.level) || isAgain) await roster.set(place, id, most([now, seat.level]), expiresAt);
      const member = await memberNow();
      // Whoever is not shown yet could not be seen to be gone later.
      await poll(
        `${roster.scope} does not show ${person.account} in ${seat.place}`,
        polling,
        async () => rank(await roster.level(place, member)) >= rank(seat.level),
      );
    });
  }

  /** What somebody has for good is seen twice: what an earlier grant gave may be shown for a while after its end. */
  async function levelBefore(place: string, id: string): Promise<string | null> {
    const first = await roster.level(place, id);
    if (first === null) return null;
    await pause(polling.every);
    const second = await roster.level(place, id);
    return rank(second) < rank(first) ? second : first;
  }

  const giveBack = (record: SeatRecord): Promise<void> =>
    lock(lockOf(record.place, record.account), async () => {
      await lower(record.place, record.account, seats.owedWithout(record));
      await residue.noteAfter(record);
      seats.drop(record);
    });

  /**
   * Never gives: who has less than they are owed was taken it by somebody else. What the target shows may be old: so who is
   * owed nothing is taken out whatever it shows first, and for the others it has to show it twice.
   */
  async function lower(place: string, account: string, owed: string | null): Promise<void> {
    const isOver = async () => rank(await roster.level(place, account)) <= rank(owed);
    if (owed !== null && (await isOver())) {
      await pause(polling.every);
      if (await isOver()) return;
    }
    await roster.set(place, account, owed, null);
    await poll(
      `${roster.scope} still shows ${account} in ${place} with more than ${owed ?? 'nothing'}`,
      polling,
      isOver,
    );
  }

  async function revoke(grantId: string): Promise<{ left: readonly Residue[] }> {
    await seats.stamp(grantId);
    const failed: unknown[] = [];
    // A seat that cannot be taken back does not keep the others.
    for (const record of seats.of(grantId)) await giveBack(record).catch((error: unknown) => failed.push(error));
    if (failed.length > 0) throw failed.length === 1 ? failed[0] : new Error(failed.map(errorText).join('; '));
    return { left: await residue.of(grantId) };
  }

  return {
    grant: async (access, expiresAt) => {
      await seats.stamp(access.grantId);
      // What people are called may have changed since an earlier try: what that one began, this one finishes.
      const person = await seats.personOf(access.grantId, () => accountOf(access));
      for (const seat of roster.seats(access.role)) await take(access, seat, expiresAt, person);
      return { account: person.account };
    },
    revoke: ({ grantId }) => revoke(grantId),
    stamp: ({ grantId }) => seats.stamp(grantId),
    isActive: async ({ grantId }) => {
      await seats.stamp(grantId);
      const found = await Promise.all(
        seats.of(grantId).map(async (record) => {
          const now = rank(await roster.level(record.place, record.account));
          return now > rank(seats.owedWithout(record)) || now >= rank(record.level);
        }),
      );
      return found.some(Boolean);
    },
    list: (roles) => holdersOf(roster, seats, roles),
    remove: async (holding, role) => {
      if (holding.grantId !== null) {
        await revoke(holding.grantId);
        return;
      }
      if (role === null) throw new TargetRefusal(`${holding.role} is no longer in the policy file`);
      for (const { place: name } of roster.seats(role)) await removeFrom(await roster.placeId(name), holding.account);
    },
  };

  /** By the id that the account has in the place's own list now. */
  async function removeFrom(place: string, account: string): Promise<void> {
    const member = (await roster.members(place)).find((one) => one.account.toLowerCase() === account.toLowerCase());
    if (!member) return;
    await lock(lockOf(place, member.id), async () => {
      const live = seats.at(place, member.id);
      // From now on nothing was there before.
      for (const record of live) seats.keep({ ...record, before: null });
      await lower(place, member.id, most(live.map(({ level }) => level)));
    });
  }
}
