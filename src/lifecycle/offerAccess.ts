import { namedAtPagerDuty, pagerDutyAddress } from '../domain/accounts.ts';
import { type NewEvent, named } from '../domain/events.ts';
import type { ActiveGrant } from '../domain/grant.ts';
import { BOT, isSamePerson, type Person } from '../domain/person.ts';
import { findRole } from '../domain/policy.ts';
import { type Known, unknown } from '../domain/terms.ts';
import type { Deps } from './deps.ts';

/** Who is on call for an escalation policy at a level now, as people at Slack; whoever cannot be found is left out. */
export async function peopleOnCall(deps: Deps, escalationPolicy: string, level: number): Promise<readonly Person[]> {
  const emails = await deps.onCall.onCallFor(escalationPolicy, level);
  if (!emails.known) {
    deps.log.warn({ escalationPolicy, level, problem: emails.problem }, 'cannot tell who is on call');
    return [];
  }
  const people = await Promise.all(emails.value.flatMap((email) => atSlack(deps, email)));
  return people.flatMap((person) => (person.known ? [person.value] : []));
}

/** Whoever the policy names for an address at PagerDuty, and otherwise whoever has that address at Slack. */
function atSlack({ directory, policy }: Deps, address: string): Promise<Known<Person>>[] {
  const ids = namedAtPagerDuty(address, policy.identities);
  if (ids.length > 0) return ids.map((id) => directory.person(id));
  const found = directory.personByEmail(address).then((person) => {
    // The policy may say that they are somebody else there.
    const theirs = person.known ? pagerDutyAddress(person.value, policy) : person;
    return theirs.known && theirs.value !== address ? unknown('is called otherwise at PagerDuty') : person;
  });
  return [found];
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
