import { TARGETS } from '../wording/targets/shared.ts';
import type { ToTakeBack } from './provisioner.ts';

/** For the team's own services, where only the team knows how: the request that the bot would have sent. */
export const handedBack = ({ grantId, roleKey, role, account, person }: ToTakeBack<unknown>, where: string): string =>
  TARGETS.handBack(where, grantId, roleKey, account ?? person.email, JSON.stringify(role));
