/**
 * Access whose target can never confirm its end: a deleted repository or group, a server that is gone. The bot
 * cannot see that it is gone, and retries for ever. An administrator who looked at the target can declare it gone.
 * This revokes nothing and needs no proof, so the administrator has to be confirmed by Slack now, and nobody
 * can declare their own access gone.
 */

import { conclude, type RevokingGrant } from '../../domain/grant.ts';
import { isSameHuman, named, type Person, personActor } from '../../domain/person.ts';
import { findRole } from '../../domain/policy.ts';
import { type Refused, refuse } from '../../domain/refusal.ts';
import { typed } from '../../domain/text.ts';
import type { Deps } from '../deps.ts';
import { checkAdmin } from '../people/eligibility.ts';
import { humanSince } from '../people/humans.ts';
import { type ConfirmedFactor, isConfirmed } from '../people/secondFactor.ts';
import { retryOnConflict } from '../request/retryOnConflict.ts';

export interface Declaration {
  readonly grantId: string;
  readonly personId: string;
  /** What the administrator saw at the target, in their own words. */
  readonly reason: string;
  /** Needed if reviewing the role takes a code. */
  readonly factor: ConfirmedFactor | null;
}

export function declareGone(deps: Deps, input: Declaration): Promise<{ declared: RevokingGrant } | Refused> {
  // The lock waits for an attempt to revoke that is running.
  return deps.grantLock(input.grantId, () => retryOnConflict(() => declareOnce(deps, input)));
}

async function declareOnce(deps: Deps, input: Declaration): Promise<{ declared: RevokingGrant } | Refused> {
  const admin = await checkAdmin(deps, input.personId);
  if ('refused' in admin) return admin;
  const loaded = await deps.store.grant(input.grantId);
  if (!loaded) return refuse({ code: 'unknown_grant' });
  const { value: grant, version } = loaded;
  if (grant.state !== 'overdue') return refuse({ code: 'not_overdue' });
  const own = await isOwnAccess(deps, admin.person, grant.person);
  if (own) return own;
  if (wantsCode(deps, grant.role) && !isConfirmed(input.factor, input.personId, deps.clock.now()))
    return refuse({ code: 'second_factor_needed' });
  const reason = typed(input.reason);
  if (reason === '') return refuse({ code: 'comment_missing' });
  const overdue: RevokingGrant = { ...grant, state: 'overdue' };
  await deps.store.commit({
    grants: [{ value: conclude(overdue, deps.clock.now()), version }],
    events: [
      {
        type: 'grant.declared_gone',
        actor: personActor(admin.person),
        requestId: grant.requestId,
        grantId: grant.id,
        payload: { role: grant.role, person: named(grant.person), why: grant.why, reason },
      },
    ],
    unseated: [grant.id],
    done: [{ kind: 'end', key: grant.id }],
  });
  return { declared: overdue };
}

/** Whether declaring access of this role gone takes a one-time code, as reviewing it does. */
export const wantsCode = ({ policy }: Pick<Deps, 'policy'>, role: string): boolean =>
  findRole(policy, role)?.secondFactor.review === true;

/** @returns the refusal if holder and administrator are one human, or may be; null if they are two */
async function isOwnAccess(deps: Deps, admin: Person, holder: Person): Promise<Refused | null> {
  const [own, theirs] = await Promise.all([humanSince(deps, admin), humanSince(deps, holder)]);
  if (isSameHuman(own, theirs) || (await deps.store.accountsOf(theirs)).includes(admin.slackId))
    return refuse({ code: 'own_access' });
  const unseen = own.unseen ?? theirs.unseen;
  return unseen === undefined ? null : refuse({ code: 'eligibility_unknown', problem: unseen });
}
