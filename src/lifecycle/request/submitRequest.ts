import { checkForm } from '../../domain/form.ts';
import type { Human, Person } from '../../domain/person.ts';
import { findRole, type Role } from '../../domain/policy.ts';
import { isRefused, type Refusal } from '../../domain/refusal.ts';
import type { Request } from '../../domain/request.ts';
import type { Instant, Millis } from '../../domain/terms.ts';
import { typed } from '../../domain/text.ts';
import type { Deps } from '../deps.ts';
import { grantingBlocked } from '../health/freeze.ts';
import { commitForHuman, humanBehind } from '../people/humans.ts';
import type { ConfirmedFactor } from '../people/secondFactor.ts';
import { together } from '../together.ts';
import { afterMore, type DecidedRequest } from './decide.ts';
import { usualIncident, wouldPass } from './outlook.ts';
import { type Opened, requestChange, signalsOf } from './requestChange.ts';
import { serializeLimited } from './serializeLimited.ts';

/** Limit of roles per submission: each costs a round of questions to PagerDuty and Slack. */
export const MOST_ROLES = 5;

/** Stands for the requester's open incident at PagerDuty, if they have exactly one. */
export const USUAL_INCIDENT = Symbol('the usual incident');

export interface Submission {
  /** Unique per submission; a second delivery of the same one has no further effect. */
  readonly submissionKey: string;
  readonly personId: string;
  /** At least one, each decided on its own. */
  readonly roles: readonly string[];
  readonly duration: Millis;
  readonly reason: string;
  readonly incidentId: string | null | typeof USUAL_INCIDENT;
  /** null means as soon as approved. */
  readonly startsAt: Instant | null;
  /** The confirmed one-time code, for roles that demand one. */
  readonly factor: ConfirmedFactor | null;
}

export interface Submitted {
  readonly requests: readonly Request[];
  /** Roles for which no request was made, and why. */
  readonly refused: readonly { readonly role: string; readonly refusal: Refusal }[];
}

/** Of several roles, each gets the requested duration up to its own maximum. */
export const durationFor = (role: Role, { roles, duration }: Pick<Submission, 'roles' | 'duration'>): Millis =>
  roles.length > 1 ? Math.min(duration, role.duration.max) : duration;

/** The checks of a submission that need only local data: quick enough to answer a form. */
export function checkSubmission(deps: Pick<Deps, 'policy' | 'clock'>, submission: Submission): Refusal[] {
  if (submission.roles.length > MOST_ROLES) return [{ code: 'too_many_roles', max: MOST_ROLES }];
  const found = submission.roles.flatMap((key): Refusal[] => {
    const role = findRole(deps.policy, key);
    if (!role) return [{ code: 'unknown_role', role: key }];
    return checkForm(role, { ...submission, duration: durationFor(role, submission) }, deps.clock.now());
  });
  if (submission.roles.length === 0) found.push({ code: 'unknown_role', role: '' });
  return found.filter((refusal, index) => found.findIndex(({ code }) => code === refusal.code) === index);
}

/** A submission whose incident was looked up. */
type Meant = Submission & { readonly incidentId: string | null };

/** Takes a request for one or more roles, decides each on fresh evidence, and commits the outcome in one step. */
export function submitRequest(deps: Deps, submission: Submission): Promise<Submitted> {
  return serializeLimited(deps, submission.roles, async () => {
    const earlier = await alreadySubmitted(deps, submission);
    if (earlier) return { requests: earlier, refused: [] };
    const everyRole = (refusal: Refusal): Submitted => ({
      requests: [],
      refused: submission.roles.map((role) => ({ role, refusal })),
    });
    const [wrong] = checkSubmission(deps, submission);
    if (wrong) return everyRole(wrong);
    const freeze = await grantingBlocked(deps);
    if (freeze) return everyRole(freeze);
    const requester = await deps.directory.person(submission.personId);
    if (!requester.known) return everyRole({ code: 'person_refused', problem: requester.problem });

    const { incidentId } = submission;
    const meant = {
      ...submission,
      incidentId: incidentId === USUAL_INCIDENT ? await usualIncident(deps, requester.value) : incidentId,
    };
    const bundle = deps.newId('R');
    const human = await humanBehind(deps, requester.value);
    const outcomes = await Promise.all(
      [...new Set(submission.roles)].map((key) => decideOne(deps, meant, requester.value, { key, human })),
    );
    const decided = outcomes.flatMap((outcome) => ('decided' in outcome ? [outcome] : []));
    const opened = openAll(deps, meant, { requester: requester.value, bundle, decided });
    if (opened.length > 0) await commitForHuman(deps, human, together(opened.map(({ change }) => change)));
    return {
      requests: opened.map(({ request }) => request),
      refused: outcomes.flatMap((outcome) => ('refusal' in outcome ? [outcome] : [])),
    };
  });
}

const keyFor = (submission: Submission, role: string): string => `${submission.submissionKey}:${role}`;

async function alreadySubmitted(deps: Deps, submission: Submission): Promise<readonly Request[] | null> {
  for (const role of submission.roles) {
    const earlier = await deps.store.requestBySubmission(keyFor(submission, role));
    if (earlier) return deps.store.bundle(earlier.value.bundle);
  }
  return null;
}

interface DecidedOne {
  readonly key: string;
  readonly decided: DecidedRequest;
}

async function decideOne(
  deps: Deps,
  submission: Meant,
  requester: Person,
  { key, human }: { key: string; human: Human },
): Promise<DecidedOne | { role: string; refusal: Refusal }> {
  const no = (refusal: Refusal) => ({ role: key, refusal });
  const role = findRole(deps.policy, key);
  if (!role) return no({ code: 'unknown_role', role: key });
  const form = { ...submission, duration: durationFor(role, submission) };
  const { duration, incidentId, startsAt } = form;
  const question = { duration, incidentId, reason: typed(submission.reason), startsAt };
  const wish = { role, person: requester, human, form, factor: submission.factor, question };
  const outlook = await wouldPass(deps, wish, 'decision');
  return isRefused(outlook) ? no(outlook.refused) : { key, decided: outlook };
}

/** Decides one after the other: automatic approvals of one form count against the same budget. */
function openAll(
  deps: Deps,
  submission: Meant,
  { requester, bundle, decided }: { requester: Person; bundle: string; decided: readonly DecidedOne[] },
): Opened[] {
  const automatic: { role: string; at: Instant }[] = [];
  return decided.map(({ key, decided: alone }) => {
    const one = afterMore(alone, automatic);
    if (one.decision.effect === 'allow') automatic.push({ role: key, at: one.input.at });
    return openOne(deps, submission, { requester, bundle, key, decided: one });
  });
}

function openOne(
  deps: Deps,
  submission: Meant,
  { requester, bundle, key, decided }: DecidedOne & { requester: Person; bundle: string },
): Opened {
  const { incidentId, startsAt } = submission;
  const core = {
    // A single request shares its id with its bundle.
    id: submission.roles.length === 1 ? bundle : deps.newId('R'),
    bundle,
    submissionKey: keyFor(submission, key),
    requester,
    role: key,
    duration: durationFor(decided.role, submission),
    reason: typed(submission.reason),
    incidentId,
    submittedAt: deps.clock.now(),
    startsAt,
    extends: null,
    askedFor: null,
    signals: signalsOf(decided),
    seenOnCall: decided.input.evidence.onCall,
  };
  return requestChange(deps, core, decided, null);
}
