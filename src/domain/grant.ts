import type { Actor, Person } from './person.ts';
import type { Instant, Millis } from './terms.ts';

/** Why access ended, or is ending. */
export type EndReason = 'expired' | 'revoked' | 'provision_failed';

interface GrantCore {
  readonly id: string;
  readonly requestId: string;
  readonly person: Person;
  readonly resourceId: string;
  /** `payments-db/read` */
  readonly role: string;
  /** What the role gave when it was granted: the policy may change before the end. Never holds secrets. */
  readonly grants: unknown;
  readonly duration: Millis;
  /** The intent: committed before the target is touched. */
  readonly intendedAt: Instant;
  /** Until then at the latest; counted from the intent while provisioning, from activation afterwards. */
  readonly endsAt: Instant;
}

/** When access began and what it is called there; null where it never became active. */
export interface Activation {
  readonly at: Instant;
  /** What the person is called at the target, for example the database login. */
  readonly account: string;
}

interface Ending {
  readonly activation: Activation | null;
  readonly why: EndReason;
  readonly by: Actor;
  /** For `provision_failed`: what went wrong. */
  readonly problem: string | null;
}

export type ProvisioningGrant = GrantCore & { readonly state: 'provisioning' };
export type ActiveGrant = GrantCore & { readonly state: 'active'; readonly activation: Activation };
export type RevokingGrant = GrantCore &
  Ending & {
    /** `overdue`: not provably gone after several attempts; retried for ever, and loud. */
    readonly state: 'revoking' | 'overdue';
    readonly since: Instant;
  };

/** The access itself. */
export type Grant =
  | ProvisioningGrant
  | ActiveGrant
  | RevokingGrant
  /** Gone from the target: revoked and read back. */
  | (GrantCore & Ending & { readonly state: 'ended'; readonly endedAt: Instant })
  /** Never became active, and the target is clean. */
  | (GrantCore & Ending & { readonly state: 'failed'; readonly endedAt: Instant });

export type LiveGrant = ProvisioningGrant | ActiveGrant | RevokingGrant;

/** States in which the target may hold something. */
export const LIVE_STATES: readonly Grant['state'][] = ['provisioning', 'active', 'revoking', 'overdue'];

export const isLive = (grant: Grant): grant is LiveGrant => LIVE_STATES.includes(grant.state);

export const isRevoking = (grant: Grant): grant is RevokingGrant =>
  grant.state === 'revoking' || grant.state === 'overdue';

/** Failed revocations in a row after which a grant is overdue and people are told. */
export const OVERDUE_AFTER_FAILURES = 6;

/** The intent to grant. */
export function intendGrant(fields: Omit<GrantCore, 'intendedAt' | 'endsAt'>, at: Instant): ProvisioningGrant {
  return { ...fields, state: 'provisioning', intendedAt: at, endsAt: at + fields.duration };
}

/** The clock of a grant starts when access is active, not when it was asked for. */
export function activate(grant: ProvisioningGrant, account: string, at: Instant): ActiveGrant {
  return { ...grant, state: 'active', activation: { at, account }, endsAt: at + grant.duration };
}

export function startRevoking(
  grant: ProvisioningGrant | ActiveGrant,
  ending: { why: EndReason; by: Actor; problem: string | null },
  at: Instant,
): RevokingGrant {
  const activation = grant.state === 'active' ? grant.activation : null;
  return { ...grant, ...ending, state: 'revoking', activation, since: at };
}

/** The target was read back and holds nothing of this grant any more. */
export function conclude(grant: RevokingGrant, at: Instant): Grant {
  const { since: _since, ...rest } = grant;
  return { ...rest, state: grant.why === 'provision_failed' ? 'failed' : 'ended', endedAt: at };
}
