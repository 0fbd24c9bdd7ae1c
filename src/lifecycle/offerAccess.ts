import { type NewEvent, named } from '../domain/events.ts';
import type { ActiveGrant } from '../domain/grant.ts';
import { BOT, isSamePerson, type Person } from '../domain/person.ts';
import { findRole } from '../domain/policy.ts';
import type { Deps } from './deps.ts';

/** Who is on call for an escalation policy at a level now, as people at Slack; whoever cannot be found is left out. */
export async function peopleOnCall(deps: Deps, escalationPolicy: string, level: number): Promise<readonly Person[]> {
  const emails = await deps.onCall.onCallFor(escalationPolicy, level);
  if (!emails.known) {
    deps.log.warn({ escalationPolicy, level, problem: emails.problem }, 'cannot tell who is on call');
    return [];
  }
  const people = await Promise.all(emails.value.map((email) => deps.directory.personByEmail(email)));
  return people.flatMap((person) => (person.known ? [person.value] : []));
}

/** When somebody's shift ends, whoever is on call in their place is offered the same access. An offer grants nothing. */
export async function offerToSuccessors(deps: Deps, grant: ActiveGrant): Promise<NewEvent[]> {
  const { shift } = grant.ties;
  if (!shift || !findRole(deps.policy, grant.role)) return [];
  const next = (await peopleOnCall(deps, shift.escalationPolicy.id, shift.level)).filter(
    (person) => !isSamePerson(person, grant.person, deps.policy.samePerson),
  );
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
