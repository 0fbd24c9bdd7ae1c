import type { AccessReview, Removal } from './accessReview.ts';
import type { Alarm } from './alarm.ts';
import type { Canary } from './canary.ts';
import type { Person } from './person.ts';
import type { Principal } from './policy.ts';
import type { Instant, RoleKey } from './terms.ts';

/** No new access for anybody. */
export interface Freeze {
  readonly by: Person;
  readonly at: Instant;
  readonly reason: string;
}

/** A stand-in for the reviews of somebody who is away. */
export interface Delegation {
  readonly from: Person;
  readonly to: Person;
  readonly until: Instant;
}

/** Somebody's authenticator app. */
export interface SecondFactor {
  /** The shared secret, encrypted with a key that is not in the database. */
  readonly sealed: string;
  /** A first code proved that the app has the secret. */
  readonly confirmed: boolean;
  /** The time step of the latest accepted code, so that none is accepted twice. */
  readonly lastStep: number;
  /** The human beyond the one account: their mailbox at set-up. Absent if set up by an earlier version. */
  readonly human?: string;
}

/** Wrong codes of one human, from any account. It survives a reset of the codes. */
export interface Guesses {
  /** Wrong codes since the last right one, or the last pause. */
  readonly failures: number;
  readonly lockedUntil: Instant;
  /** Pauses since the last day without one: each is longer than the one before. */
  readonly pauses: number;
}

/** A way in which a target differs from the ledger. */
export interface DriftFinding {
  /** Left by a grant that ended, held by somebody without a grant, or missing. */
  readonly kind: 'leftover' | 'standing' | 'missing';
  /** null if it gives none of the policy's roles. */
  readonly role: RoleKey | null;
  readonly account: string;
  readonly grantId: string | null;
}

/** The bot's identity in a Slack workspace, from auth.test and on each message that it posts. */
export interface SlackIdentity {
  readonly team: string;
  readonly user: string;
  readonly bot: string;
}

/** A confirmation that somebody was an administrator or reviewer: active, and named by the policy. */
export interface StandingSeen {
  readonly person: Person;
  /** The principals of the policy that they were found by. */
  readonly as: readonly Principal[];
  readonly at: Instant;
}

/** Small independent states, by kind and key. A lapsed one is stored as null. */
export interface Records {
  /** Key `bot`. */
  freeze: Freeze | null;
  /** Key: the Slack id. */
  admin_seen: StandingSeen | null;
  /** Key: the Slack id, for any role; `as` says which. */
  reviewer_seen: StandingSeen | null;
  /** Key: the Slack id of the absent person. */
  delegation: Delegation | null;
  /** Key: the Slack id. */
  second_factor: SecondFactor | null;
  /** Key: the human, by mailbox or by what `same_person` says. */
  factor_guesses: Guesses | null;
  /** Key: its id. */
  access_review: AccessReview | null;
  /** Rules that owners removed. Key: the role. */
  removals: readonly Removal[] | null;
  /** The policy file as it was in force. Key: its SHA-256. */
  policy_text: { readonly text: string } | null;
  /** The bot's current and earlier identities: a reinstalled app is another user. Key `bot`. */
  slack_identities: { readonly identities: readonly SlackIdentity[] } | null;
  /** Key `weekly`: the end of the last summarized week. */
  digest: { readonly until: Instant } | null;
  /** An alarm that is not over. Key: the kind of alarm. */
  alarm: Alarm | null;
  /** Key `bot`. null if the policy has none. */
  canary: Canary | null;
  /** Unresolved drift. Key: the resource's id. */
  drift: readonly DriftFinding[] | null;
}
