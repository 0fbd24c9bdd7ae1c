/**
 * Who may end others' access. A Slack outage must not keep an administrator or a reviewer from it: for
 * ending and freezing, and for nothing else, a confirmation of their standing within a day is enough. A clear no still
 * counts.
 */

import type { Person } from '../../domain/person.ts';
import { isGroup, type Policy, type Principal, type Role, reviewersOf } from '../../domain/policy.ts';
import type { StandingSeen } from '../../domain/records.ts';
import { type Refusal, type Refused, refuse } from '../../domain/refusal.ts';
import { HOUR, type Instant, type Known, type Millis, SECOND } from '../../domain/terms.ts';
import { ConflictError } from '../../ports/store.ts';
import type { Deps } from '../deps.ts';
import { retryOnConflict } from '../request/retryOnConflict.ts';

/** How long a confirmed standing is enough. */
const SEEN_FOR: Millis = 24 * HOUR;
/** Shortest time between two records of one person's standing. */
const SEEN_AGAIN: Millis = HOUR;
/** Timeout for Slack's answer: a form has to be answered within three seconds. */
const ANSWER_WITHIN: Millis = 1.5 * SECOND;
/** Limit of people looked up per sweep and kind, because others wait for Slack's answers too. */
const LOOKED_UP_AT_ONCE = 20;

/** Whom the policy lets end access: administrators everybody's, reviewers that of their roles. */
const STANDINGS: Readonly<Record<Standing, (policy: Policy) => readonly Principal[]>> = {
  admin_seen: ({ admins }) => admins,
  reviewer_seen: ({ resources }) => [
    ...new Set([...resources.values()].flatMap(({ roles }) => [...roles.values()].flatMap(mayEnd))),
  ],
};
type Standing = 'admin_seen' | 'reviewer_seen';

/** Who may end a role, besides its holder and administrators. */
export const mayEnd = (role: Role): readonly Principal[] => [
  ...reviewersOf(role),
  ...(role.breakGlass?.reviewers ?? []),
];

export interface EndingAuthority {
  readonly person: Person;
  /** When their standing was last confirmed; null if Slack confirms it now. */
  readonly seenAt: Instant | null;
}

/** The time for the event and for people, if Slack does not confirm the standing now. */
export const seenIn = ({ seenAt }: EndingAuthority): { standingSeenAt?: Instant } =>
  seenAt === null ? {} : { standingSeenAt: seenAt };

/**
 * @param about.others who may do it besides administrators
 * @param about.no the refusal for everybody else
 */
export async function mayTakeAway(
  deps: Deps,
  slackId: string,
  about: { readonly others: readonly Principal[]; readonly no: Refusal },
): Promise<EndingAuthority | Refused> {
  const late = Promise.withResolvers<Answer>();
  const cancel = deps.clock.wakeAt(deps.clock.now() + ANSWER_WITHIN, () => late.resolve(NO_ANSWER));
  const answer = await Promise.race([askSlack(deps, slackId, about), late.promise]).finally(cancel);
  if ('person' in answer) {
    await note(deps, 'admin_seen', answer.person, answer.as);
    return { person: answer.person, seenAt: null };
  }
  if (answer.isCertain) {
    await forget(deps, 'admin_seen', slackId);
    // A no about being an administrator says nothing about being a reviewer.
    if (about.others.length > 0 || answer.refusal.code === 'person_refused')
      await forget(deps, 'reviewer_seen', slackId);
    return refuse(answer.refusal);
  }
  const seen =
    (await lastSeen(deps, 'admin_seen', slackId, deps.policy.admins)) ??
    (await lastSeen(deps, 'reviewer_seen', slackId, about.others));
  if (!seen) return refuse(answer.refusal);
  deps.log.warn(
    { slackId, seenAt: new Date(seen.at).toISOString(), refusal: answer.refusal },
    'Slack cannot confirm that somebody may end access; a confirmation within the last day is enough',
  );
  return { person: seen.person, seenAt: seen.at };
}

/** `as` holds the principals of the policy by which somebody was found. */
type Answer =
  | { readonly person: Person; readonly as: StandingSeen['as'] }
  | { readonly refusal: Refusal; readonly isCertain: boolean };

const NO_ANSWER: Answer = {
  refusal: { code: 'eligibility_unknown', problem: `Slack gave no answer within ${ANSWER_WITHIN / SECOND} s` },
  isCertain: false,
};

async function askSlack(
  deps: Deps,
  slackId: string,
  { others, no }: { readonly others: readonly Principal[]; readonly no: Refusal },
): Promise<Answer> {
  const person = await deps.directory.person(slackId);
  if (!person.known) {
    const isCertain = await isCertainlyGone(deps, slackId);
    return { refusal: { code: 'person_refused', problem: person.problem }, isCertain };
  }
  const { admins } = deps.policy;
  const principals = [...admins, ...others];
  // No group has to be looked up if the policy names the person.
  const asked = principals.includes(slackId) ? [] : principals.filter(isGroup);
  const groups = await deps.directory.members(asked, 'decision');
  if (foundAs(principals, slackId, groups).length > 0)
    return { person: person.value, as: foundAs(admins, slackId, groups) };
  const failed = [...groups.values()].find((members) => !members.known);
  if (failed && !failed.known)
    return { refusal: { code: 'eligibility_unknown', problem: failed.problem }, isCertain: false };
  return { refusal: no, isCertain: true };
}

const foundAs = (
  principals: readonly Principal[],
  slackId: string,
  groups: ReadonlyMap<Principal, Known<ReadonlySet<string>>>,
): readonly Principal[] =>
  principals.filter((principal) => {
    const members = groups.get(principal);
    return principal === slackId || (members?.known === true && members.value.has(slackId));
  });

/** When and as what somebody was last confirmed, if that is recent, relevant, and still in the policy. */
async function lastSeen(
  deps: Deps,
  kind: Standing,
  slackId: string,
  counting: readonly Principal[],
): Promise<StandingSeen | null> {
  const { value } = await deps.store.record(kind, slackId);
  if (!value || deps.clock.now() - value.at > SEEN_FOR) return null;
  return value.as.some((principal) => counting.includes(principal)) ? value : null;
}

/** Records somebody's standing, if they have one and no recent record. Asks nobody. */
async function note(deps: Deps, kind: Standing, person: Person, as: StandingSeen['as']): Promise<void> {
  if (as.length === 0) return;
  const { value, version } = await deps.store.record(kind, person.slackId);
  if (value && deps.clock.now() - value.at < SEEN_AGAIN) return;
  try {
    await deps.store.commit({
      records: [{ kind, key: person.slackId, value: { person, as, at: deps.clock.now() }, version }],
    });
  } catch (error) {
    // Another call recorded it at the same moment.
    if (!(error instanceof ConflictError)) throw error;
  }
}

/** Deactivated, a guest, or of another workspace: Slack says so clearly. */
async function isCertainlyGone({ directory }: Deps, slackId: string): Promise<boolean> {
  const left = await directory.hasLeft(slackId);
  return left.known && left.value !== null;
}

/** Records a clear no: an earlier confirmation no longer counts, even when Slack is silent later. */
async function forget(deps: Deps, kind: Standing, slackId: string): Promise<void> {
  await retryOnConflict(async () => {
    const { value, version } = await deps.store.record(kind, slackId);
    if (value) await deps.store.commit({ records: [{ kind, key: slackId, value: null, version }] });
  });
}

/** People whom no principal names any more, with all groups known, lose their standing. */
async function forgetOthers(deps: Deps, kind: Standing, now: ReadonlySet<string>): Promise<void> {
  const seen = await deps.store.records(kind);
  for (const one of seen) if (one && !now.has(one.person.slackId)) await forget(deps, kind, one.person.slackId);
}

/** Confirms administrators and reviewers while Slack answers, so that they can end access when it does not. */
export async function noteStandings(deps: Deps): Promise<void> {
  await noteAll(deps, 'admin_seen');
  await noteAll(deps, 'reviewer_seen');
}

/** Starts with those whose confirmation is oldest. */
async function noteAll(deps: Deps, kind: Standing): Promise<void> {
  const principals = STANDINGS[kind](deps.policy);
  const groups = await deps.directory.members(principals.filter(isGroup), 'check');
  const ids = new Set(principals.filter((principal) => !isGroup(principal)));
  for (const members of groups.values()) if (members.known) for (const id of members.value) ids.add(id);
  if ([...groups.values()].every(({ known }) => known)) await forgetOthers(deps, kind, ids);
  const seen = await Promise.all(
    [...ids].map(async (id) => ({ id, at: (await deps.store.record(kind, id)).value?.at ?? 0 })),
  );
  const due = seen.filter(({ at }) => deps.clock.now() - at >= SEEN_AGAIN).sort((a, b) => a.at - b.at);
  for (const { id } of due.slice(0, LOOKED_UP_AT_ONCE)) {
    const person = await deps.directory.person(id);
    if (person.known) await note(deps, kind, person.value, foundAs(principals, id, groups));
    else if (await isCertainlyGone(deps, id)) await forget(deps, kind, id);
  }
}
