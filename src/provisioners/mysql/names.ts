/** Names of what is made for a grant. They contain the grant's id. */

import type { Access } from '../provisioner.ts';
import type { Role } from './schemas.ts';

/** Characters of the person's name in a login's name, so that it stays within MySQL's limit of 32. */
const WHO_LENGTH = 14;

/** `jit_g7k2m9q4tz1` */
export const bridgeOf = (grantId: string): string => `jit_${grantId.toLowerCase()}`;
export const bridgeName = ({ grantId }: Access<Role>): string => bridgeOf(grantId);
/** `jit_ana_g7k2m9q4tz1`: names the person, and is unique by the grant's id. */
export const loginName = ({ person, grantId }: Access<Role>): string => {
  const who = (person.email.split('@')[0] ?? '')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '_')
    .slice(0, WHO_LENGTH);
  return `jit_${who}_${grantId.toLowerCase()}`;
};
