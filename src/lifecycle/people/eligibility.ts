import { isSamePerson, type Person } from '../../domain/person.ts';
import { isGroup, type Principal } from '../../domain/policy.ts';
import { type Refused, refuse } from '../../domain/refusal.ts';
import type { PendingRequest } from '../../domain/request.ts';
import { type Known, known } from '../../domain/terms.ts';
import type { Directory } from '../../ports/people.ts';
import type { Deps } from '../deps.ts';

/** Whether each person is one of the principals, by name or through a user group, as Slack says now. */
export async function areAmong(
  directory: Directory,
  principals: readonly Principal[],
  slackIds: readonly string[],
): Promise<Known<ReadonlySet<string>>> {
  const among = new Set(slackIds.filter((id) => principals.includes(id)));
  if (among.size === slackIds.length) return known(among);
  const groups = await directory.members(principals.filter(isGroup), 'decision');
  for (const members of groups.values()) {
    if (members.known) for (const id of slackIds) if (members.value.has(id)) among.add(id);
  }
  if (among.size === slackIds.length) return known(among);
  const failed = [...groups.values()].find((members) => !members.known);
  return failed && !failed.known ? failed : known(among);
}

/** The person, if they are an administrator now. */
export async function checkAdmin(
  deps: Pick<Deps, 'directory' | 'policy'>,
  slackId: string,
): Promise<{ person: Person } | Refused> {
  const person = await deps.directory.person(slackId);
  if (!person.known) return refuse({ code: 'person_refused', problem: person.problem });
  const standing = await areAmong(deps.directory, deps.policy.admins, [slackId]);
  if (!standing.known) return refuse({ code: 'eligibility_unknown', problem: standing.problem });
  return standing.value.has(slackId) ? { person: person.value } : refuse({ code: 'not_an_admin' });
}

/** The person, if they may read the ledger now. */
export async function checkAuditor(deps: Deps, slackId: string): Promise<{ person: Person } | Refused> {
  const person = await deps.directory.person(slackId);
  if (!person.known) return refuse({ code: 'person_refused', problem: person.problem });
  const standing = await areAmong(deps.directory, [...deps.policy.auditors, ...deps.policy.admins], [slackId]);
  if (!standing.known) return refuse({ code: 'eligibility_unknown', problem: standing.problem });
  return standing.value.has(slackId) ? { person: person.value } : refuse({ code: 'not_an_auditor' });
}

/** Pending requests that this person could review, as far as cached answers of Slack tell. */
export async function reviewableBy(deps: Deps, person: Person): Promise<readonly PendingRequest[]> {
  const open = await deps.store.openRequests({});
  const pending = open.flatMap(({ value }) => (value.state === 'pending' ? [value] : []));
  const delegations = await deps.store.records('delegation');
  const names = new Set([
    person.slackId,
    ...delegations
      .filter(({ to, until }) => to.slackId === person.slackId && until > deps.clock.now())
      .map(({ from }) => from.slackId),
  ]);
  const groups = [
    ...new Set(
      pending.flatMap(({ decision }) => decision.stages.flatMap(({ reviewers }) => reviewers.filter(isGroup))),
    ),
  ];
  const members = await deps.directory.members(groups, 'preview');
  const isNamed = (principal: Principal): boolean => {
    if (!isGroup(principal)) return names.has(principal);
    const group = members.get(principal);
    return group?.known === true && [...names].some((id) => group.value.has(id));
  };
  return pending.filter(
    (request) =>
      !isSamePerson(request.requester, person, deps.policy.samePerson) &&
      !request.reviews.some(({ by }) => isSamePerson(by, person, deps.policy.samePerson)) &&
      (request.escalations.some(({ to }) => to.includes(person.slackId)) ||
        request.decision.stages.some(({ reviewers }) => reviewers.some(isNamed))),
  );
}
