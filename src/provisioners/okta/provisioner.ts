import type { Client } from '@okta/okta-sdk-nodejs';
import { once } from '../../concurrency/once.ts';
import { errorText } from '../../domain/text.ts';
import type { Finding } from '../../ports/targets.ts';
import { OKTA_CHECKS } from '../../wording/targets/okta.ts';
import { membership } from '../membership.ts';
import { addressPlace } from '../place.ts';
import type { ListedRole, Provisioner } from '../provisioner.ts';
import { byHand } from './byHand.ts';
import { connectOkta } from './client.ts';
import { rosterOf } from './directory.ts';
import { type Role, roleSchema, type Target, targetSchema } from './schemas.ts';

/** The only type of group whose members are managed directly. */
const MANAGED_HERE = 'OKTA_GROUP';

/** Membership of Okta groups, and so access to what they open. */
export const okta: Provisioner<Target, Role> = {
  kind: 'okta',
  targetSchema,
  roleSchema,
  packages: ['@okta/okta-sdk-nodejs'],
  accountTemplate: ({ account }) => account,
  placeOf: ({ url }) => addressPlace(url),
  byHand,
  connect: (target, { seats, ids, polling, accountOf }) => {
    const { get: client } = once(() => connectOkta(target));
    const roster = rosterOf(target, client);
    return {
      ...membership(roster, { seats, ids, polling, accountOf: ({ person }) => accountOf(target.account, person) }),
      // An application opened through Okta keeps its own session.
      afterlife: null,
      check: async (roles) => check(await client(), roles),
      close: async () => undefined,
    };
  },
};

/** Okta does not tell write permissions without a write. Read permissions and the types of groups are checked. */
async function check({ groupApi }: Client, roles: readonly ListedRole<Role>[]): Promise<Finding[]> {
  const groups = [...new Set(roles.flatMap(({ role }) => role.groups))];
  return Promise.all(
    groups.map(async (id): Promise<Finding> => {
      try {
        const { profile, type } = await groupApi.getGroup({ groupId: id });
        return {
          ok: type === MANAGED_HERE,
          what: OKTA_CHECKS.byHand(profile?.name ?? id),
          fix: OKTA_CHECKS.filledBy(type === 'APP_GROUP' ? 'an application' : 'Okta itself'),
        };
      } catch (error) {
        return {
          ok: false,
          what: OKTA_CHECKS.seesNot(id, errorText(error)),
          fix: OKTA_CHECKS.groupRights,
        };
      }
    }),
  );
}
