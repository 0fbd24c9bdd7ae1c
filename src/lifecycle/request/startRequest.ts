import { BOT, type Human, named } from '../../domain/person.ts';
import { findRole } from '../../domain/policy.ts';
import { type Request, requestCore, type ScheduledRequest } from '../../domain/request.ts';
import { SECOND } from '../../domain/terms.ts';
import type { Versioned } from '../../ports/store.ts';
import type { Deps } from '../deps.ts';
import { commitForHuman, humanSince } from '../people/humans.ts';
import { approvalChange, asFarAsAllowed } from '../review/approvalChange.ts';
import { notCarried, questionOf } from '../review/reapproval.ts';
import { commitClosed } from './closeRequest.ts';
import { decide } from './decide.ts';
import { mayBeGiven, refusalReason } from './mayBeGiven.ts';
import { serializeLimited } from './serializeLimited.ts';

/** Pause between tries of a start that cannot happen yet, until its window is over. */
const LOOK_AGAIN = 30 * SECOND;

/**
 * Starts a request that was approved for a later time, when that time has come. The policy decides again
 * on current evidence: the person planned to be on call may not be.
 * @returns when to run again, if it cannot start yet
 */
export async function startRequest(deps: Deps, requestId: string): Promise<{ notBefore: number } | null> {
  const role = (await deps.store.request(requestId))?.value.role ?? '';
  return serializeLimited(deps, [role], async () => {
    const loaded = await deps.store.request(requestId);
    if (loaded?.value.state !== 'scheduled') return null;
    const scheduled: Versioned<ScheduledRequest> = { value: loaded.value, version: loaded.version };
    const request = scheduled.value;
    const now = deps.clock.now();
    if (now < request.startsAt) return { notBefore: request.startsAt };
    if (now >= request.startsAt + request.duration) {
      const expired: Request = {
        ...requestCore(request),
        state: 'expired',
        decision: request.decision,
        expiredAt: now,
      };
      await commitClosed(deps, expired, loaded.version, { type: 'request.expired', actor: BOT });
      return null;
    }
    const human = await humanSince(deps, request.requester);
    if (await deps.store.liveGrantOf(human, request.role)) return { notBefore: now + LOOK_AGAIN };
    const problems = await begin(deps, scheduled, human);
    if (problems) await deny(deps, scheduled, problems);
    return null;
  });
}

/** @returns why the policy no longer lets it start; null if it has started */
async function begin(
  deps: Deps,
  { value: request, version }: Versioned<ScheduledRequest>,
  human: Human,
): Promise<readonly string[] | null> {
  const role = findRole(deps.policy, request.role);
  if (!role) return ['the role is no longer in the policy'];
  const person = await deps.directory.person(request.requester.slackId);
  if (!person.known) return [person.problem];
  const form = { duration: request.duration, reason: request.reason, startsAt: null };
  const wrong = await mayBeGiven(deps, { role, person: person.value, form, factor: 'earlier' });
  if (wrong) return [refusalReason(wrong)];
  const decided = await decide(deps, role, await questionOf(deps, request, person.value), 'decision');
  const problems = await notCarried(deps, request, person.value, decided);
  if (problems) return problems;
  const approval = approvalChange(deps, {
    core: asFarAsAllowed(requestCore(request), decided),
    decided,
    reviews: request.reviews,
    extending: null,
    useReview: null,
  });
  await commitForHuman(deps, human, {
    requests: [{ value: approval.request, version }],
    grants: approval.grants,
    events: approval.events,
    jobs: approval.jobs,
  });
  return null;
}

async function deny(
  deps: Deps,
  { value: request, version }: Versioned<ScheduledRequest>,
  reasons: readonly string[],
): Promise<void> {
  const denied: Request = {
    ...requestCore(request),
    state: 'denied',
    decision: { effect: 'deny', rule: null, reasons, outcomes: [] },
    reviews: [],
    deniedAt: deps.clock.now(),
  };
  await deps.store.commit({
    requests: [{ value: denied, version }],
    events: [
      {
        type: 'request.denied',
        actor: BOT,
        requestId: request.id,
        grantId: null,
        payload: { role: request.role, requester: named(request.requester), by: 'policy', reasons },
      },
    ],
  });
}
