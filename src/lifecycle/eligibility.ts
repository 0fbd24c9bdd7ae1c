import { isSamePerson, type Person } from '../domain/person.ts';
import { isGroup, type Principal, type Stage } from '../domain/policy.ts';
import { type Refused, refuse } from '../domain/refusal.ts';
import type { PendingRequest } from '../domain/request.ts';
import { type Known, known } from '../domain/terms.ts';
import type { Directory } from '../ports.ts';
import type { Deps } from './deps.ts';

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

/** The person, where they are an administrator now. */
export async function checkAdmin(deps: Deps, slackId: string): Promise<{ person: Person } | Refused> {
  const person = await deps.directory.person(slackId);
  if (!person.known) return refuse({ code: 'person_refused', problem: person.problem });
  const standing = await areAmong(deps.directory, deps.policy.admins, [slackId]);
  if (!standing.known) return refuse({ code: 'eligibility_unknown', problem: standing.problem });
  return standing.value.has(slackId) ? { person: person.value } : refuse({ code: 'not_an_admin' });
}

/** The person, where they may ask about the record now. */
export async function checkAuditor(deps: Deps, slackId: string): Promise<{ person: Person } | Refused> {
  const person = await deps.directory.person(slackId);
  if (!person.known) return refuse({ code: 'person_refused', problem: person.problem });
  const standing = await areAmong(deps.directory, [...deps.policy.auditors, ...deps.policy.admins], [slackId]);
  if (!standing.known) return refuse({ code: 'eligibility_unknown', problem: standing.problem });
  return standing.value.has(slackId) ? { person: person.value } : refuse({ code: 'not_an_auditor' });
}

/** Pending requests that this person could review, as far as is known without asking Slack anew. */
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
      !request.reviews.some(({ by }) => by.slackId === person.slackId) &&
      (request.escalations.some(({ to }) => to.includes(person.slackId)) ||
        request.decision.stages.some(({ reviewers }) => reviewers.some(isNamed))),
  );
}

/** What somebody may say yes to. */
export interface Standing {
  /** Stages, by position, that this person's approval can count for. */
  readonly stages: readonly number[];
  /** The reviewer whom they stand in for; null: they are reviewers themselves. */
  readonly onBehalfOf: string | null;
}

/**
 * Each person's standing on a request, as it is now: a reviewer of a stage, somebody it was escalated to, or
 * the stand-in of a reviewer who is away. Nobody stands in for the requester.
 */
export async function standingOf(
  deps: Deps,
  request: Pick<PendingRequest, 'requester' | 'escalations'>,
  stages: readonly Stage[],
  slackIds: readonly string[],
): Promise<Known<ReadonlyMap<string, Standing>>> {
  const delegations = (await deps.store.records('delegation')).filter(
    ({ from, until }) => until > deps.clock.now() && !isSamePerson(from, request.requester, deps.policy.samePerson),
  );
  const away = delegations.filter(({ to }) => slackIds.includes(to.slackId)).map(({ from }) => from.slackId);
  const perStage = await Promise.all(
    stages.map((stage) => areAmong(deps.directory, stage.reviewers, [...new Set([...slackIds, ...away])])),
  );
  const stagesOf = (id: string) =>
    perStage.flatMap((among, index) => (among.known && among.value.has(id) ? [index] : []));
  const escalatedTo = new Set(request.escalations.flatMap(({ to }) => to));

  const standings = new Map<string, Standing>();
  for (const id of slackIds) {
    const own = escalatedTo.has(id) ? stages.map((_, index) => index) : stagesOf(id);
    const standIn = delegations
      .filter(({ to }) => to.slackId === id)
      .map(({ from }) => ({ onBehalfOf: from.slackId, stages: stagesOf(from.slackId) }))
      .find((one) => one.stages.length > 0);
    if (own.length > 0) standings.set(id, { stages: own, onBehalfOf: null });
    else if (standIn) standings.set(id, standIn);
  }
  const failed = perStage.find((among) => !among.known);
  return failed && !failed.known && standings.size < slackIds.length ? failed : known(standings);
}
