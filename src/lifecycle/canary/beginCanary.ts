import { type Canary, type CanaryRule, canaryPerson } from '../../domain/canary.ts';
import type { Decision } from '../../domain/decision.ts';
import { NO_PROOF } from '../../domain/decision.ts';
import { findRole, type Role } from '../../domain/policy.ts';
import type { Deps } from '../deps.ts';
import { obstacleFor, UnansweredError } from '../request/obstacle.ts';
import { submittedEvents } from '../request/requestChange.ts';
import { approvalChange } from '../review/approvalChange.ts';
import { together } from '../together.ts';
import { type Load, saved } from './canaryState.ts';

/** Not by the role's rules: they are about people. */
const DECISION: Decision = {
  effect: 'canary',
  rule: null,
  reasons: ['the policy names this role for the canary'],
  outcomes: [],
  proof: NO_PROOF,
};

/** Commits the canary's decision and its grant; the usual due work gives it and ends it. @returns what stands in the way */
export async function beginCanary(deps: Deps, loaded: Load, rule: CanaryRule): Promise<string | null> {
  const role = findRole(deps.policy, rule.role);
  if (!role) return `the policy has no role ${rule.role}`;
  const problem = await obstacleFor(deps, role.resourceId, canaryPerson(rule)).catch(unanswered);
  if (problem !== null) return problem;
  const { request, grantId, change } = requested(deps, role, rule);
  const beganAt = deps.clock.now();
  const run = { grantId, requestId: request.id, since: beganAt, seen: null };
  const next: Canary = { ...stateFor(rule, loaded), beganAt, run, held: null };
  await deps.store.commit(together([change, saved(next, loaded)]));
  return null;
}

function unanswered(error: unknown): string {
  if (error instanceof UnansweredError) return error.message;
  throw error;
}

/** What is known of it, under the rule that is in force. */
export const stateFor = ({ role, every }: CanaryRule, { value }: Load): Omit<Canary, 'beganAt'> => ({
  run: value?.run ?? null,
  // What another role did says nothing of this one.
  last: value?.role === role ? value.last : null,
  held: value?.held ?? null,
  heldAt: value?.heldAt ?? null,
  role,
  every,
});

function requested(deps: Deps, role: Role, rule: CanaryRule) {
  const canary = canaryPerson(rule);
  const at = deps.clock.now();
  const id = deps.newId('R');
  const core = {
    id,
    bundle: id,
    submissionKey: `canary:${id}`,
    requester: canary,
    role: rule.role,
    duration: rule.lasts,
    reason: 'to see that access can be given and taken back',
    incidentId: null,
    submittedAt: at,
    startsAt: null,
    extends: null,
    askedFor: null,
    signals: [],
    seenOnCall: null,
  };
  const evidence = {
    at,
    onCall: null,
    incident: null,
    groups: {},
    history: null,
    removals: null,
    signals: null,
    opa: null,
  };
  const input = { at, personId: canary.slackId, duration: rule.lasts, evidence };
  const decided = { role, input, decision: DECISION };
  const { request, grants, events, jobs } = approvalChange(deps, {
    core,
    decided,
    reviews: [],
    extending: null,
    useReview: null,
  });
  const [grant] = grants;
  if (!grant) throw new Error('an approval at once makes a grant');
  const change = {
    requests: [{ value: request, version: 0 }],
    grants,
    events: [...submittedEvents(deps, core, decided), ...events],
    jobs,
  };
  return { request, grantId: grant.value.id, change };
}
