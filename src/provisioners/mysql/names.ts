/** What is made for a grant is called by its id. */

import type { Access } from '../provisioner.ts';
import type { Role } from './schemas.ts';

/** So that a login's name has at most 32 characters, which is MySQL's limit. */
const WHO_LENGTH = 14;

/** `jit_g7k2m9q4tz1` */
export const bridgeOf = (grantId: string): string => `jit_${grantId.toLowerCase()}`;
export const bridgeName = ({ grantId }: Access<Role>): string => bridgeOf(grantId);
/** `jit_ana_g7k2m9q4tz1`: says whose it is, and is unique by the grant's id. */
export const loginName = ({ person, grantId }: Access<Role>): string => {
  const who = (person.email.split('@')[0] ?? '')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '_')
    .slice(0, WHO_LENGTH);
  return `jit_${who}_${grantId.toLowerCase()}`;
};
