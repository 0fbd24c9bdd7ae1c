import type { Instant } from '../../domain/terms.ts';
import type { SeatBook, SeatRecord } from '../../ports/targets.ts';
import { SSH } from '../../wording/targets/ssh.ts';
import { type Access, TargetRefusal } from '../provisioner.ts';
import type { Role } from './schemas.ts';

/** The stored rights to certificates that one list revokes. The level of a right is when its last certificate expires. */
export function rightsOn(list: string, seats: SeatBook) {
  const place = `ssh ${list}`;
  const of = async (grantId: string): Promise<SeatRecord | undefined> =>
    (await seats.of(grantId)).find((one) => one.place === place);
  return {
    of,
    /** Stores a right. A later end replaces an earlier one, but not the reverse. */
    keep: async ({ grantId, person, roleKey: role }: Access<Role>, expiresAt: Instant): Promise<void> => {
      const level = String(Math.max(expiresAt, Number((await of(grantId))?.level ?? 0)));
      await seats.keep({ grantId, place, account: person.email, level, role, before: null });
    },
    drop: (right: SeatRecord): Promise<void> => seats.drop(right),
    /** @throws if another list has the right of this grant */
    checkElsewhere: async (grantId: string): Promise<void> => {
      const elsewhere = (await seats.of(grantId)).find((one) => /^ssh \//.test(one.place));
      if (elsewhere) throw new TargetRefusal(SSH.otherList(elsewhere.place.slice('ssh '.length), list));
    },
  };
}
