import type { Residue } from '../domain/grant.ts';
import { errorText } from '../domain/text.ts';
import { type BookUses, createBookedRoster } from './bookedRoster.ts';
import { giveBack, isSeated, removeStanding } from './giveBack.ts';
import { holdersOf } from './holders.ts';
import { type Access, type Connection, TargetRefusal } from './provisioner.ts';
import type { Roster } from './roster.ts';
import { takeSeat } from './takeSeat.ts';

interface Uses<Role> extends BookUses {
  readonly accountOf: (access: Access<Role>) => string;
}

/**
 * Grants on a roster. Two grants may stand for the same seat, and the person may have sat there before: what is taken
 * back is never more than what no other grant gives and nobody gave before. So that this survives a crash, what a grant
 * takes, and what it found there, is written down before the target is touched: by the target's own ids, because names can
 * change hands while access lives.
 */
export function membership<Role>(
  roster: Roster<Role>,
  { accountOf, ...uses }: Uses<Role>,
): Pick<Connection<Role>, 'grant' | 'revoke' | 'isActive'> &
  Required<Pick<Connection<Role>, 'list' | 'listsByBook' | 'remove' | 'stamp'>> {
  const booked = createBookedRoster(roster, uses);
  const { seats, residue } = booked;

  async function revoke(grantId: string): Promise<{ left: readonly Residue[] }> {
    await seats.stamp(grantId);
    const failed: unknown[] = [];
    // A seat that cannot be taken back does not keep the others.
    for (const record of await seats.of(grantId))
      await giveBack(booked, record).catch((error: unknown) => failed.push(error));
    if (failed.length > 0) throw failed.length === 1 ? failed[0] : new Error(failed.map(errorText).join('; '));
    return { left: await residue.of(grantId) };
  }

  return {
    grant: async (access, expiresAt) => {
      await seats.stamp(access.grantId);
      // What people are called may have changed since an earlier try: what that one began, this one finishes.
      const person = await seats.personOf(access.grantId, () => accountOf(access));
      for (const seat of roster.seats(access.role)) await takeSeat(booked, { access, seat, person, expiresAt });
      return { account: person.account };
    },
    revoke: ({ grantId }) => revoke(grantId),
    stamp: ({ grantId }) => seats.stamp(grantId),
    isActive: async ({ grantId }) => {
      await seats.stamp(grantId);
      const found = await Promise.all((await seats.of(grantId)).map((record) => isSeated(booked, record)));
      return found.some(Boolean);
    },
    listsByBook: true,
    list: (roles) => holdersOf(roster, seats, roles),
    remove: async ({ grantId, account, role: roleKey }, role) => {
      if (grantId !== null) {
        await revoke(grantId);
        return;
      }
      if (role === null) throw new TargetRefusal(`${roleKey} is no longer in the policy file`);
      for (const { place } of roster.seats(role)) await removeStanding(booked, await roster.placeId(place), account);
    },
  };
}
