import { once } from '../../concurrency/once.ts';
import { errorText } from '../../domain/text.ts';
import type { Finding } from '../../ports/targets.ts';
import { GOOGLE_CHECKS } from '../../wording/targets/google.ts';
import { membership } from '../membership.ts';
import { placeText } from '../place.ts';
import type { ListedRole, Provisioner } from '../provisioner.ts';
import type { Roster } from '../roster.ts';
import { fromGroups } from './byHand.ts';
import { authOptions, clientOptions } from './client.ts';
import { type Role, roleSchema, type Target, targetSchema } from './groupSchemas.ts';
import { rosterOf } from './groups.ts';

const SCOPE = 'https://www.googleapis.com/auth/cloud-identity.groups';
/** Membership of Google groups, with an expiry that Google enforces. */
export const googleGroup: Provisioner<Target, Role> = {
  kind: 'google_group',
  targetSchema,
  roleSchema,
  packages: ['@googleapis/cloudidentity'],
  accountTemplate: ({ account }) => account,
  // A group's address is globally unique.
  placeOf: ({ endpoint }) => placeText('groups', endpoint),
  byHand: fromGroups,
  connect: (target, { seats, ids, polling, accountOf }) => {
    // The package is loaded with the first call, so that it need not be installed for other targets.
    const { get: groups } = once(async () => {
      const { auth, cloudidentity } = await import('@googleapis/cloudidentity');
      return cloudidentity({
        version: 'v1',
        auth: new auth.GoogleAuth(authOptions(target, SCOPE)),
        ...clientOptions(target),
      }).groups;
    });
    const roster = rosterOf(groups);
    return {
      ...membership(roster, { seats, ids, polling, accountOf: ({ person }) => accountOf(target.account, person) }),
      check: (roles) => check(roster, roles),
      close: async () => undefined,
    };
  },
};

/** Google does not tell write permissions without a write. Read permissions are checked. */
async function check(roster: Roster<Role>, roles: readonly ListedRole<Role>[]): Promise<Finding[]> {
  const wanted = [...new Set(roles.flatMap(({ role }) => role.groups))];
  return Promise.all(
    wanted.map(
      (group): Promise<Finding> =>
        roster
          .placeId(group)
          .then(roster.members)
          .then(
            () => ({ ok: true, what: GOOGLE_CHECKS.seesGroup(group) }),
            (error: unknown) => ({
              ok: false,
              what: GOOGLE_CHECKS.seesNot(group, errorText(error)),
              fix: GOOGLE_CHECKS.manager,
            }),
          ),
    ),
  );
}
