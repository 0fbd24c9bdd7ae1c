import type { ToTakeBack } from './provisioner.ts';

/** Where only the team knows how: what its own service would have been told. */
export const handedBack = ({ grantId, roleKey, role, account, person }: ToTakeBack<unknown>, where: string): string =>
  `At ${where}: take back what grant ${grantId} of ${roleKey} gave to ${account ?? person.email}: ${JSON.stringify(role)}`;
