import type { Decision } from '../domain/evaluate.ts';
import type { NewEvent } from '../domain/events.ts';
import { intendGrant } from '../domain/grant.ts';
import { type Actor, BOT } from '../domain/person.ts';
import type { Role } from '../domain/policy.ts';
import type { Request, Review, requestCore } from '../domain/request.ts';
import type { Change } from '../ports.ts';
import type { Deps } from './deps.ts';

/** Approves a request and records the intent to grant: what both the policy and the reviewers lead to. */
export function approve(
  deps: Pick<Deps, 'clock' | 'newId'>,
  core: ReturnType<typeof requestCore>,
  role: Role,
  decision: Decision,
  reviews: readonly Review[],
): {
  request: Request & { state: 'approved' };
  grant: ReturnType<typeof intendGrant>;
  change: Required<Pick<Change, 'events' | 'jobs'>>;
} {
  const now = deps.clock.now();
  const grant = intendGrant(
    {
      id: deps.newId('G'),
      requestId: core.id,
      person: core.requester,
      resourceId: role.resourceId,
      role: core.role,
      grants: role.grants,
      duration: core.duration,
    },
    now,
  );
  const request = { ...core, state: 'approved', decision, reviews, approvedAt: now, grantId: grant.id } as const;
  const approvers = reviews.filter((review) => review.verdict === 'approve').map((review) => review.by.name);
  const last = reviews.at(-1)?.by;
  const actor: Actor = last ? { kind: 'person', id: last.slackId, name: last.name } : BOT;
  const events: NewEvent[] = [
    {
      type: 'request.approved',
      actor,
      requestId: core.id,
      grantId: grant.id,
      payload: {
        role: core.role,
        requester: core.requester.name,
        by: reviews.length > 0 ? 'reviewers' : 'policy',
        approvers,
      },
    },
    {
      type: 'grant.provisioning',
      actor: BOT,
      requestId: core.id,
      grantId: grant.id,
      payload: { role: core.role, person: core.requester.name, duration: core.duration, endsAt: grant.endsAt },
    },
  ];
  const jobs = [
    { kind: 'provision', key: grant.id, dueAt: now },
    // The end is due work from the moment of the intent: a crash right after this commit still ends it.
    { kind: 'end', key: grant.id, dueAt: grant.endsAt },
  ] as const;
  return { request, grant, change: { events, jobs } };
}
