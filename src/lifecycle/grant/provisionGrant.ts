import { activate, type ProvisioningGrant, plannedEnd } from '../../domain/grant.ts';
import { BOT, named, type Person } from '../../domain/person.ts';
import { findRole, type Role } from '../../domain/policy.ts';
import { type Instant, MINUTE, type Millis, SECOND } from '../../domain/terms.ts';
import { problemText } from '../../domain/text.ts';
import { ConflictError, type Versioned } from '../../ports/store.ts';
import type { Deps } from '../deps.ts';
import { grantingBlocked } from '../health/freeze.ts';
import { areAmong } from '../people/eligibility.ts';
import { decide } from '../request/decide.ts';
import { refusalReason } from '../request/mayBeGiven.ts';
import { obstacleFor, UnansweredError } from '../request/obstacle.ts';
import { notCarriedInFull, questionOf } from '../review/reapproval.ts';
import { beginEnding, type EndCause } from './endGrant.ts';
import { watchJobs } from './watchGrant.ts';

/** Evidence younger than this, in ms, is not gathered again right before granting. */
export const EVIDENCE_FRESH_FOR: Millis = 10 * SECOND;
/** Tries before the bot gives up, cleans the target and tells the requester. */
const PROVISION_ATTEMPTS = 3;
/** How much later than the grant's end the target's own expiry may be. It is a safety net in case the bot cannot revoke. */
export const TARGET_EXPIRY_SLACK: Millis = MINUTE;

/**
 * Gives the access of a committed intent. On a later attempt the target may already have it, because an
 * answer was lost or the process died: the target is asked first then, and an unknown answer means revoke.
 * @throws what the target threw, or that Slack did not answer about the canary, while attempts are left; the job runner retries
 */
export function provisionGrant(deps: Deps, grantId: string, attempt: number): Promise<void> {
  return deps.grantLock(grantId, async () => {
    const loaded = await deps.store.grant(grantId);
    if (loaded?.value.state !== 'provisioning') return;
    const intent: Versioned<ProvisioningGrant> = { value: loaded.value, version: loaded.version };
    const giveUp = (problem: string, more: Pick<EndCause, 'isHeld'> = {}) =>
      beginEnding(deps, intent, { why: 'provision_failed', by: BOT, problem, ...more });

    if (deps.clock.now() >= intent.value.endsAt) return giveUp('its time was over before it could be given');
    const blocked = await grantingBlocked(deps);
    if (blocked) return giveUp(refusalReason(blocked), { isHeld: true });
    const problem = await recheck(deps, intent.value).catch((error: unknown) => {
      if (!(error instanceof UnansweredError) || attempt < PROVISION_ATTEMPTS) throw error;
      return error.message;
    });
    if (problem) return giveUp(problem);

    try {
      const granted = attempt > 1 ? await settle(deps, intent.value) : await give(deps, intent.value);
      if (granted.settled) await commitActive(deps, intent, granted.account);
      else return giveUp(granted.problem);
    } catch (error) {
      if (error instanceof ConflictError) return;
      deps.log.warn({ err: error, grantId, attempt }, 'granting failed');
      if (attempt < PROVISION_ATTEMPTS) throw error;
      return giveUp(problemText(error));
    }
  });
}

type Provisioned = { settled: true; account: string } | { settled: false; problem: string };

async function give(deps: Deps, grant: ProvisioningGrant): Promise<Provisioned> {
  const expiresAt: Instant = plannedEnd(deps.clock.now(), grant.duration, grant.ties).endsAt + TARGET_EXPIRY_SLACK;
  const { account } = await deps.targets.grant(grant, expiresAt);
  return { settled: true, account };
}

/** An earlier attempt may have reached the target: this one continues only if the target says what it has. */
async function settle(deps: Deps, grant: ProvisioningGrant): Promise<Provisioned> {
  try {
    await deps.targets.isActive(grant);
  } catch (error) {
    return {
      settled: false,
      problem: `the target could not say whether an earlier attempt had worked: ${problemText(error)}`,
    };
  }
  return give(deps, grant);
}

async function commitActive(deps: Deps, intent: Versioned<ProvisioningGrant>, account: string): Promise<void> {
  const active = activate(intent.value, account, deps.clock.now());
  await deps.store.commit({
    grants: [{ value: active, version: intent.version }],
    events: [
      {
        type: 'grant.activated',
        actor: BOT,
        requestId: active.requestId,
        grantId: active.id,
        payload: { role: active.role, person: named(active.person), account, endsAt: active.endsAt },
      },
    ],
    jobs: [{ kind: 'end', key: active.id, dueAt: active.endsAt }, ...watchJobs(active, deps.clock.now())],
    done: [{ kind: 'provision', key: active.id }],
  });
}

/** Decides again if the decision is no longer fresh. @returns why not to grant now; null if nothing prevents it */
async function recheck(deps: Deps, grant: ProvisioningGrant): Promise<string | null> {
  const request = (await deps.store.request(grant.requestId))?.value;
  if (request?.state !== 'approved') return 'the request is not approved';
  if (deps.targets.placeOf(grant.resourceId) !== grant.place)
    return 'the policy has moved the resource to another target since; ask again';
  // Check again: somebody with the same account name may have come in between.
  const obstacle = await obstacleFor(deps, grant.resourceId, grant.person);
  if (obstacle !== null) return obstacle;
  if (deps.clock.now() - request.approvedAt <= EVIDENCE_FRESH_FOR) return null;
  if (request.decision.effect === 'canary')
    return deps.policy.canary?.role === grant.role ? null : 'the policy no longer names this role for the canary';
  const role = findRole(deps.policy, grant.role);
  if (!role) return 'the role is no longer in the policy';
  const person = await deps.directory.person(grant.person.slackId);
  if (!person.known) return person.problem;
  if (request.useReview) return recheckMember(deps, role, person.value);
  // Access that is given now begins now, so the decision is not about a planned start.
  const question = { ...(await questionOf(deps, request, person.value)), duration: grant.duration, startsAt: null };
  const decided = await decide(deps, role, question, 'decision');
  const problems = await notCarriedInFull(deps, request, person.value, decided);
  return problems && `it is no longer approved: ${problems.join('; ')}`;
}

/** Checks again whether the person may use break-glass, which does not depend on the rules. */
async function recheckMember(deps: Deps, role: Role, person: Person): Promise<string | null> {
  const members = await areAmong(deps.directory, role.breakGlass?.members ?? [], [person.slackId]);
  if (!members.known) return members.problem;
  return members.value.has(person.slackId) ? null : 'break-glass of this role no longer names them';
}
