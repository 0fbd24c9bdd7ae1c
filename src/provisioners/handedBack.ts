import type { ToTakeBack } from './provisioner.ts';

/** For the team's own services, where only the team knows how: the request that the bot would have sent. */
export const handedBack = ({ grantId, roleKey, role, account, person }: ToTakeBack<unknown>, where: string): string =>
  `At ${where}: take back what grant ${grantId} of ${roleKey} gave to ${account ?? person.email}: ${JSON.stringify(role)}`;
