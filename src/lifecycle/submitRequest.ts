import { evaluatePolicy } from '../domain/evaluate.ts';
import type { NewEvent } from '../domain/events.ts';
import { checkForm } from '../domain/form.ts';
import { BOT, personActor } from '../domain/person.ts';
import { findRole } from '../domain/policy.ts';
import type { Refusal } from '../domain/refusal.ts';
import type { Request } from '../domain/request.ts';
import type { Millis } from '../domain/terms.ts';
import { approve } from './approval.ts';
import { decideAgain } from './decideAgain.ts';
import type { Deps } from './deps.ts';

export interface Submission {
  /** Unique per submission; a second delivery of the same one has no further effect. */
  readonly submissionKey: string;
  readonly personId: string;
  readonly role: string;
  readonly duration: Millis;
  readonly reason: string;
  readonly incidentId: string | null;
}

/** What can be said about a submission from local data alone: quick enough to answer a form with. */
export function checkSubmission(deps: Pick<Deps, 'policy'>, submission: Submission): Refusal[] {
  const role = findRole(deps.policy, submission.role);
  return role ? checkForm(role, submission) : [{ code: 'unknown_role', role: submission.role }];
}

/** Takes a request, decides it by policy on fresh evidence, and commits the outcome in one step. */
export function submitRequest(deps: Deps, submission: Submission): Promise<Request | { refusals: readonly Refusal[] }> {
  return decideAgain(async () => {
    const { store, clock } = deps;
    const repeated = await store.requestBySubmission(submission.submissionKey);
    if (repeated) return repeated.value;

    const role = findRole(deps.policy, submission.role);
    const refusals = checkSubmission(deps, submission);
    if (!role || refusals.length > 0) return { refusals };

    const requester = await deps.directory.person(submission.personId);
    if (!requester.known) return { refusals: [{ code: 'person_refused', problem: requester.problem }] };
    const [live, pending] = await Promise.all([
      store.liveGrant(submission.personId, submission.role),
      store.pendingRequest(submission.personId, submission.role),
    ]);
    if (live) return { refusals: [{ code: 'already_holds', role: submission.role, until: live.value.endsAt }] };
    if (pending) return { refusals: [{ code: 'already_pending', role: submission.role, requestId: pending.value.id }] };

    const evidence = await deps.evidence.gather(
      role,
      { person: requester.value, incidentId: submission.incidentId },
      'decision',
    );
    const now = clock.now();
    const input = { at: now, personId: submission.personId, duration: submission.duration, evidence };
    const decision = evaluatePolicy(role, input);

    const { personId: _personId, ...asked } = submission;
    const core = {
      ...asked,
      reason: asked.reason.trim(),
      id: deps.newId('R'),
      requester: requester.value,
      submittedAt: now,
    };
    const submitted: NewEvent = {
      type: 'request.submitted',
      actor: personActor(requester.value),
      requestId: core.id,
      grantId: null,
      payload: {
        role: core.role,
        requester: requester.value,
        duration: core.duration,
        reason: core.reason,
        incidentId: core.incidentId,
        policyHash: deps.policy.hash,
        input,
        decision,
      },
    };

    if (decision.effect === 'allow') {
      const { request, grant, change } = approve(deps, core, role, decision, []);
      await store.commit({
        requests: [{ value: request, version: 0 }],
        grants: [{ value: grant, version: 0 }],
        events: [submitted, ...change.events],
        jobs: change.jobs,
      });
      return request;
    }
    if (decision.effect === 'ask') {
      const expiresAt = now + decision.expiresAfter;
      const request: Request = { ...core, state: 'pending', decision, expiresAt, reviews: [] };
      await store.commit({
        requests: [{ value: request, version: 0 }],
        events: [submitted],
        jobs: [{ kind: 'expire', key: core.id, dueAt: expiresAt }],
      });
      return request;
    }
    const request: Request = { ...core, state: 'denied', decision, reviews: [], deniedAt: now };
    await store.commit({
      requests: [{ value: request, version: 0 }],
      events: [
        submitted,
        {
          type: 'request.denied',
          actor: BOT,
          requestId: core.id,
          grantId: null,
          payload: { role: core.role, requester: requester.value.name, by: 'policy', reasons: decision.reasons },
        },
      ],
    });
    return request;
  });
}
