import type { NewEvent } from '../../domain/events.ts';
import type { ActiveGrant } from '../../domain/grant.ts';
import { BOT, isSamePerson, named } from '../../domain/person.ts';
import { findRole } from '../../domain/policy.ts';
import type { Deps } from '../deps.ts';
import { peopleOnCall } from '../people/candidates.ts';

/** When a shift ends, offers the same access to the people who are on call next. An offer grants nothing. */
export async function offerToSuccessors(deps: Deps, grant: ActiveGrant): Promise<NewEvent[]> {
  const { shift } = grant.ties;
  if (!shift || !findRole(deps.policy, grant.role)) return [];
  const { people } = await peopleOnCall(deps, shift.escalationPolicy.id, shift.level);
  const next = people.filter((person) => !isSamePerson(person, grant.person, deps.policy.samePerson));
  if (next.length === 0) return [];
  return [
    {
      type: 'access.offered',
      actor: BOT,
      requestId: grant.requestId,
      grantId: grant.id,
      payload: {
        role: grant.role,
        from: named(grant.person),
        to: next.map(named),
        escalationPolicy: shift.escalationPolicy.name,
      },
    },
  ];
}
