import { isLength } from '../../domain/form.ts';
import { type ActiveGrant, type Extension, extended, incidentEnd, type Ties, tiesOf } from '../../domain/grant.ts';
import { BOT, named } from '../../domain/person.ts';
import { findRole } from '../../domain/policy.ts';
import { isRefused, type Refused, refuse } from '../../domain/refusal.ts';
import type { Request } from '../../domain/request.ts';
import type { Millis } from '../../domain/terms.ts';
import { problemText, typed } from '../../domain/text.ts';
import type { Versioned } from '../../ports/store.ts';
import type { Deps } from '../deps.ts';
import { grantingBlocked } from '../health/freeze.ts';
import { commitForHuman, humanBehind } from '../people/humans.ts';
import type { ConfirmedFactor } from '../people/secondFactor.ts';
import { decide } from '../request/decide.ts';
import { mayBeGiven } from '../request/mayBeGiven.ts';
import { requestChange, signalsOf } from '../request/requestChange.ts';
import { serializeLimited } from '../request/serializeLimited.ts';
import { notCarriedInFull, questionOf } from '../review/reapproval.ts';
import { EVIDENCE_FRESH_FOR, TARGET_EXPIRY_SLACK } from './provisionGrant.ts';
import { watchJobs } from './watchGrant.ts';

/** After this many refusals by the target, an extension is given up, and the grant keeps its own end. */
const EXTEND_ATTEMPTS = 4;

export interface ExtensionInput {
  readonly submissionKey: string;
  readonly personId: string;
  readonly grantId: string;
  /** The additional time. */
  readonly duration: Millis;
  readonly reason: string;
  readonly factor: ConfirmedFactor | null;
}

/** By how much a grant may still be extended, in ms. */
export function extensionLeft(deps: Pick<Deps, 'policy'>, grant: ActiveGrant): Millis {
  const total = findRole(deps.policy, grant.role)?.duration.total ?? 0;
  return Math.max(0, total - grant.duration);
}

/** @returns the grant if it is active, may be extended by that much, and has no extension pending; else the refusal */
export async function extendable(
  deps: Deps,
  grantId: string,
  duration: Millis,
): Promise<Versioned<ActiveGrant> | Refused> {
  const loaded = await deps.store.grant(grantId);
  if (!loaded) return refuse({ code: 'unknown_grant' });
  const grant = loaded.value;
  if (grant.state !== 'active' || deps.clock.now() >= grant.endsAt) return refuse({ code: 'not_active' });
  if (grant.extension) return refuse({ code: 'already_extending' });
  const role = findRole(deps.policy, grant.role);
  if (!role) return refuse({ code: 'unknown_role', role: grant.role });
  if (!isLength(duration)) return refuse({ code: 'duration_not_positive' });
  const left = extensionLeft(deps, grant);
  if (duration > left) return refuse({ code: 'total_too_long', total: role.duration.total, left });
  const incidentUntil = incidentEnd(grant.ties);
  if (incidentUntil !== null && incidentUntil <= grant.endsAt)
    return refuse({ code: 'incident_over', until: grant.endsAt });
  return { value: grant, version: loaded.version };
}

/** Requests more time for a grant: a request like any other, decided by the role's rules. */
export async function requestExtension(deps: Deps, input: ExtensionInput): Promise<Request | Refused> {
  const held = (await deps.store.grant(input.grantId))?.value.role ?? '';
  return serializeLimited(deps, [held], async () => {
    const repeated = await deps.store.requestBySubmission(input.submissionKey);
    if (repeated) return repeated.value;
    const extending = await extendable(deps, input.grantId, input.duration);
    if (isRefused(extending)) return extending;
    const grant = extending.value;
    if (grant.person.slackId !== input.personId) return refuse({ code: 'not_yours' });
    const person = await deps.directory.person(input.personId);
    if (!person.known) return refuse({ code: 'person_refused', problem: person.problem });
    const role = findRole(deps.policy, grant.role);
    if (!role) return refuse({ code: 'unknown_role', role: grant.role });
    const form = { ...input, startsAt: null, longest: role.duration.total };
    const wrong = await mayBeGiven(deps, { role, person: person.value, form, factor: input.factor });
    if (wrong) return refuse(wrong);
    const human = await humanBehind(deps, person.value);
    const pending = await deps.store.pendingRequestOf(human, grant.role);
    if (pending) return refuse({ code: 'already_pending', role: grant.role, requestId: pending.value.id });

    const original = (await deps.store.request(grant.requestId))?.value;
    const incidentId = original?.incidentId ?? null;
    // A rule that limits the duration limits the total, or it could be had in slices.
    const duration = grant.duration + input.duration;
    const { reason } = input;
    const about = { person: person.value, held: grant.duration, incidentId, reason };
    const question = { ...about, duration, requestId: null, startsAt: null };
    const decided = await decide(deps, role, question, 'decision');
    const id = deps.newId('R');
    const core = {
      id,
      bundle: id,
      submissionKey: input.submissionKey,
      requester: person.value,
      role: grant.role,
      duration: input.duration,
      reason: typed(input.reason),
      incidentId,
      submittedAt: deps.clock.now(),
      startsAt: null,
      extends: grant.id,
      askedFor: null,
      signals: signalsOf(decided),
      seenOnCall: decided.input.evidence.onCall,
    };
    const { request, change } = requestChange(deps, core, decided, extending);
    await commitForHuman(deps, human, change);
    return request;
  });
}

/**
 * Applies an approved extension: the target learns of the later end before any person does.
 * Until then, and if it fails, access keeps its earlier end.
 */
export function extendGrant(deps: Deps, grantId: string, attempt: number): Promise<null> {
  return deps.grantLock(grantId, async () => {
    const loaded = await deps.store.grant(grantId);
    if (loaded?.value.state !== 'active' || !loaded.value.extension) return null;
    const grant = loaded.value;
    const { extension } = grant;
    if (!extension || deps.clock.now() >= grant.endsAt) return null;
    if (await grantingBlocked(deps)) return null;
    const notExtended = (problem: string) =>
      giveUp(deps, { value: grant, version: loaded.version }, extension.requestId, problem);
    if (deps.targets.placeOf(grant.resourceId) !== grant.place)
      return notExtended('the policy has moved the resource to another target since; ask for it there');
    const carried = await recheck(deps, grant, extension);
    if ('problem' in carried) return notExtended(carried.problem);
    const next = extended(grant, { ...extension, ties: carried.ties });
    if (next.endsAt <= grant.endsAt) return notExtended('what it was given for is over then, whatever is approved');
    try {
      await deps.targets.grant(next, next.endsAt + TARGET_EXPIRY_SLACK);
    } catch (error) {
      deps.log.warn({ err: error, grantId, attempt }, 'extending failed');
      if (attempt < EXTEND_ATTEMPTS) throw error;
      return notExtended(`the target did not take it: ${problemText(error)}`);
    }
    await deps.store.commit({
      grants: [{ value: next, version: loaded.version }],
      events: [
        {
          type: 'grant.extended',
          actor: BOT,
          requestId: extension.requestId,
          grantId,
          payload: { role: grant.role, person: named(grant.person), endsAt: next.endsAt },
        },
      ],
      jobs: [{ kind: 'end', key: grantId, dueAt: next.endsAt }, ...watchJobs(next, deps.clock.now())],
    });
    return null;
  });
}

/** Decides the extension again if its decision is no longer fresh. */
async function recheck(
  deps: Deps,
  grant: ActiveGrant,
  extension: Extension,
): Promise<{ ties: Ties } | { problem: string }> {
  const request = (await deps.store.request(extension.requestId))?.value;
  if (request?.state !== 'approved') return { problem: 'the request for more time is not approved' };
  if (deps.clock.now() - request.approvedAt <= EVIDENCE_FRESH_FOR) return { ties: extension.ties };
  const role = findRole(deps.policy, grant.role);
  if (!role) return { problem: 'the role is no longer in the policy' };
  const person = await deps.directory.person(grant.person.slackId);
  if (!person.known) return { problem: person.problem };
  const decided = await decide(deps, role, await questionOf(deps, request, person.value), 'decision');
  const problems = await notCarriedInFull(deps, request, person.value, decided);
  if (problems) return { problem: `it is no longer approved: ${problems.join('; ')}` };
  const { decision, input } = decided;
  const { incidentId } = request;
  return { ties: tiesOf(role, { decision, evidence: input.evidence, incidentId, window: null, before: grant.ties }) };
}

async function giveUp(
  deps: Deps,
  { value: grant, version }: Versioned<ActiveGrant>,
  requestId: string,
  problem: string,
): Promise<null> {
  await deps.store.commit({
    grants: [{ value: { ...grant, extension: null }, version }],
    events: [
      {
        type: 'grant.not_extended',
        actor: BOT,
        requestId,
        grantId: grant.id,
        payload: { role: grant.role, person: named(grant.person), endsAt: grant.endsAt, problem },
      },
    ],
  });
  return null;
}
