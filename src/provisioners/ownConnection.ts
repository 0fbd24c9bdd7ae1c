import type { Finding, Holding } from '../ports/targets.ts';
import { OWN } from '../wording/targets/own.ts';
import { OwnAccess } from './ownAccess.ts';
import { OwnAsking } from './ownAsking.ts';
import type { Grants, Manners, Send } from './protocol.ts';
import type { Access, Connection, ListedRole, Use } from './provisioner.ts';

/** The grant that the doctor asks about, which never existed. */
const NOBODY: Access<Grants>['person'] = {
  slackId: 'U0DOCTOR',
  name: 'jitbot doctor',
  email: 'jit-doctor@example.com',
};
const NO_GRANT = { grantId: 'GDOCTOR', requestId: 'RDOCTOR' };

/** A connection to the team's own service or program. */
export function createOwnConnection(send: Send, manners: Manners, use: Pick<Use, 'ids' | 'clock'>): Connection<Grants> {
  const { name, sessions, lists, checks } = manners;
  const asking = new OwnAsking(send, name);
  const access = new OwnAccess(asking, manners, use);
  return {
    grant: (one, expiresAt) => access.give(one, expiresAt),
    revoke: (one) => access.takeBack(one),
    isActive: (one) => access.isActive(one),
    stamp: (one) => access.stamp(one),
    ...(sessions !== 'none' && { afterlife: sessions }),
    ...(lists && {
      list: (roles: readonly ListedRole<Grants>[]) => asking.holdings(roles),
      remove: (holding: Holding, grants: Grants | null) => access.remove(holding, grants),
    }),
    check: (roles) => (checks ? asking.findings(roles) : checkByAsking(name, access, roles)),
    close: async () => undefined,
  };
}

/** A target without `check` is asked about a grant that never existed. */
async function checkByAsking(
  name: string,
  access: OwnAccess,
  roles: readonly ListedRole<Grants>[],
): Promise<readonly Finding[]> {
  for (const { roleKey, role } of roles) {
    if (await access.isActive({ ...NO_GRANT, person: NOBODY, role, roleKey }))
      return [{ ok: false, what: OWN.inventsGrant(name) }];
  }
  return [{ ok: true, what: OWN.answers(name) }];
}
