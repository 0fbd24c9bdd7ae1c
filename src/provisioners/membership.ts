import type { Instant } from '../domain/terms.ts';
import { keyedLock } from '../lifecycle/keyedLock.ts';
import type { Holding, SeatBook, SeatRecord } from '../ports.ts';
import type { Access, Connection, ListedRole } from './provisioner.ts';
import { TargetRefusal } from './provisioner.ts';

/** One place and the level that somebody has in it: a team and `member`, a repository and `push`. */
export interface Seat {
  readonly place: string;
  readonly level: string;
}

/** A target where people are in places, and nothing can be written beside their names: teams, groups, assignments. */
export interface Roster<Role> {
  /** Names the target among all others: two resources with the same scope stand for the same places. */
  readonly scope: string;
  /** From the least to the most. */
  readonly levels: readonly string[];
  /** Whether `set` takes the target's own expiry. */
  readonly expires: boolean;
  seats(role: Role): readonly Seat[];
  /** What somebody has in a place now; null: nothing. */
  level(place: string, account: string): Promise<string | null>;
  /** Idempotent. `until` is for the target's own expiry, and never makes an earlier one shorter. */
  set(place: string, account: string, level: string | null, until: Instant | null): Promise<void>;
  members(place: string): Promise<readonly { readonly account: string; readonly level: string }[]>;
}

/**
 * Grants on a roster. Two grants may stand for the same seat, and the person may have sat there before: what is taken
 * back is never more than what no other grant gives and nobody gave before. So that this survives a crash, what a grant
 * takes, and what it found there, is written down before the target is touched.
 */
export function membership<Role>(
  roster: Roster<Role>,
  { seats: book, accountOf }: { seats: SeatBook; accountOf: (access: Access<Role>) => string },
): Pick<Connection<Role>, 'grant' | 'revoke' | 'isActive'> & Required<Pick<Connection<Role>, 'list' | 'remove'>> {
  const lock = keyedLock();
  const keyOf = (place: string): string => `${roster.scope} ${place}`;
  const placeOf = ({ place }: SeatRecord): string => place.slice(roster.scope.length + 1);
  const isOurs = ({ place }: SeatRecord): boolean => place.startsWith(`${roster.scope} `);
  const seatOf = (place: string, account: string): string => `${place} ${account.toLowerCase()}`;

  const rank = (level: string | null): number => (level === null ? -1 : roster.levels.indexOf(level));
  const most = (levels: readonly (string | null)[]): string | null =>
    levels.reduce((best, level) => (rank(level) > rank(best) ? level : best), null);
  /** What somebody is owed in a seat without one grant: what they had before, and what other grants give. */
  const owedWithout = ({ grantId, place, account, before }: SeatRecord): string | null =>
    most([before, ...book.at(place, account).flatMap((other) => (other.grantId === grantId ? [] : [other.level]))]);

  async function take(access: Access<Role>, seat: Seat, expiresAt: Instant, account: string): Promise<void> {
    const place = keyOf(seat.place);
    const now = await roster.level(seat.place, account);
    const earlier = book.at(place, account);
    const mine = earlier.find(({ grantId }) => grantId === access.grantId);
    const before = earlier[0] ? earlier[0].before : now;
    if (!mine)
      book.keep({
        grantId: access.grantId,
        place,
        account,
        level: seat.level,
        role: access.roleKey,
        before,
      });
    const isAgain = roster.expires && before === null;
    if (rank(now) < rank(seat.level) || isAgain)
      await roster.set(seat.place, account, most([now, seat.level]), expiresAt);
  }

  async function giveBack(record: SeatRecord): Promise<void> {
    const { account } = record;
    const place = placeOf(record);
    await lock(seatOf(place, account), async () => {
      await lower(place, account, owedWithout(record));
      book.drop(record);
    });
  }

  /** Never gives: who has less than they are owed was taken it by somebody else. */
  async function lower(place: string, account: string, owed: string | null): Promise<void> {
    if (rank(await roster.level(place, account)) <= rank(owed)) return;
    await roster.set(place, account, owed, null);
    const left = await roster.level(place, account);
    if (rank(left) > rank(owed))
      throw new Error(`${roster.scope} still shows ${account} as ${left} of ${place} after it was taken away`);
  }

  const recordsOf = (grantId: string): readonly SeatRecord[] => book.of(grantId).filter(isOurs);

  async function revoke(grantId: string): Promise<void> {
    for (const record of recordsOf(grantId)) await giveBack(record);
  }

  return {
    grant: async (access, expiresAt) => {
      // What people are called may have changed since an earlier try: what that one began, this one finishes.
      const account = recordsOf(access.grantId)[0]?.account ?? accountOf(access);
      for (const seat of roster.seats(access.role))
        await lock(seatOf(seat.place, account), () => take(access, seat, expiresAt, account));
      return { account };
    },
    revoke: ({ grantId }) => revoke(grantId),
    isActive: async ({ grantId }) => {
      const found = await Promise.all(
        recordsOf(grantId).map(async (record) => {
          const now = rank(await roster.level(placeOf(record), record.account));
          return now > rank(owedWithout(record)) || now >= rank(record.level);
        }),
      );
      return found.some(Boolean);
    },
    list: async (roles) => {
      const members = new Map<string, ReadonlyMap<string, { account: string; level: string }>>();
      for (const place of new Set(roles.flatMap(({ role }) => roster.seats(role).map((seat) => seat.place))))
        members.set(
          place,
          new Map((await roster.members(place)).map((member) => [member.account.toLowerCase(), member])),
        );
      return roles.flatMap((role) => holdersOf(role, members));
    },
    remove: async (holding, role) => {
      if (holding.grantId !== null) return revoke(holding.grantId);
      if (role === null) throw new TargetRefusal(`${holding.role} is no longer in the policy file`);
      for (const { place } of roster.seats(role))
        await lock(seatOf(place, holding.account), async () => {
          const live = book.at(keyOf(place), holding.account);
          // From now on nothing was there before.
          for (const record of live) book.keep({ ...record, before: null });
          await lower(place, holding.account, most(live.map(({ level }) => level)));
        });
    },
  };

  function holdersOf(
    { roleKey, role }: ListedRole<Role>,
    members: ReadonlyMap<string, ReadonlyMap<string, { account: string; level: string }>>,
  ): Holding[] {
    const seats = roster.seats(role);
    const [first] = seats;
    if (!first) return [];
    return [...(members.get(first.place)?.values() ?? [])].flatMap(({ account }): Holding[] => {
      const levels = seats.map(({ place }) => members.get(place)?.get(account.toLowerCase())?.level ?? null);
      const taken = seats.map(({ place }) => book.at(keyOf(place), account));
      const grants = new Set(taken.flat().flatMap((record) => (record.role === roleKey ? [record.grantId] : [])));
      const standing = seats.every(({ level }, index) => {
        const [record] = taken[index] ?? [];
        return rank(record ? record.before : (levels[index] ?? null)) >= rank(level);
      });
      return [
        ...[...grants].map((grantId) => ({ account, role: roleKey, grantId })),
        ...(standing ? [{ account, role: roleKey, grantId: null }] : []),
      ];
    });
  }
}
