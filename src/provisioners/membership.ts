import type { Residue } from '../domain/grant.ts';
import { TARGETS } from '../wording/targets/shared.ts';
import { attemptAll } from './attemptAll.ts';
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
 * Grants on a roster. Two grants may give the same seat, and the person may have had it before, so an end only removes
 * what no other grant gives and what was not there before. To survive a crash, each grant's seat and what it found
 * there are recorded before the target is touched, by the target's ids, because names can be reused during a grant.
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
    // If one seat cannot be given up, the others still are.
    await attemptAll(await seats.of(grantId), (record) => giveBack(booked, record));
    return { left: await residue.of(grantId) };
  }

  return {
    grant: async (access, expiresAt) => {
      await seats.stamp(access.grantId);
      // The person's name may have changed since an earlier try. This one finishes what that one began.
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
      if (role === null) throw new TargetRefusal(TARGETS.roleGone(roleKey));
      for (const { place } of roster.seats(role)) await removeStanding(booked, await roster.placeId(place), account);
    },
  };
}
