import type { AccessReview, Removal } from './accessReview.ts';
import type { Alarm } from './alarm.ts';
import type { Person } from './person.ts';
import type { Principal } from './policy.ts';
import type { Instant, RoleKey } from './terms.ts';

/** No new access for anybody. */
export interface Freeze {
  readonly by: Person;
  readonly at: Instant;
  readonly reason: string;
}

/** Somebody who is away has named a stand-in for their reviews. */
export interface Delegation {
  readonly from: Person;
  readonly to: Person;
  readonly until: Instant;
}

/** Somebody's authenticator app. */
export interface SecondFactor {
  /** The shared secret, encrypted with a key that is not in the database. */
  readonly sealed: string;
  /** A first code has proved that the app has it. */
  readonly confirmed: boolean;
  /** The time step of the newest code that was accepted: none is accepted twice. */
  readonly lastStep: number;
  /** Whose it is beyond the one account: their mailbox when they set it up. Absent: set up before this was kept. */
  readonly human?: string;
}

/** Wrong codes of one human, whichever account they came from. It outlives the codes: a reset does not clear it. */
export interface Guesses {
  /** Wrong codes since the last right one, or the last pause. */
  readonly failures: number;
  readonly lockedUntil: Instant;
  /** Pauses since a day went by without one: each is longer than the one before. */
  readonly pauses: number;
}

/** A way in which a target differs from the ledger. */
export interface DriftFinding {
  /** Left behind by a grant that ended; held by somebody whom nobody granted it; or not there though it should be. */
  readonly kind: 'leftover' | 'standing' | 'missing';
  /** null: it gives none of the policy's roles. */
  readonly role: RoleKey | null;
  readonly account: string;
  readonly grantId: string | null;
}

/** Who the bot is in a Slack workspace. Slack says so (auth.test), and puts it on each message that the bot posts. */
export interface SlackIdentity {
  readonly team: string;
  readonly user: string;
  readonly bot: string;
}

/** Somebody was seen to be an administrator, or a reviewer: active, and among those whom the policy names. */
export interface StandingSeen {
  readonly person: Person;
  /** The people and groups that the policy names which they were found as. */
  readonly as: readonly Principal[];
  readonly at: Instant;
}

/** Small states that stand on their own, by kind and key. Whatever lapses is kept as null. */
export interface Records {
  /** Key `bot`. */
  freeze: Freeze | null;
  /** Key: the Slack id. */
  admin_seen: StandingSeen | null;
  /** Key: the Slack id. Of whatever role: `as` says of which. */
  reviewer_seen: StandingSeen | null;
  /** Key: the Slack id of whoever is away. */
  delegation: Delegation | null;
  /** Key: the Slack id. */
  second_factor: SecondFactor | null;
  /** Key: the human, by mailbox or by what `same_person` says. */
  factor_guesses: Guesses | null;
  /** Key: its id. */
  access_review: AccessReview | null;
  /** Rules that owners took out. Key: the role. */
  removals: readonly Removal[] | null;
  /** The policy file as it was in force. Key: its SHA-256. */
  policy_text: { readonly text: string } | null;
  /** Who the bot is and was: an app that is installed anew is another user. Key `bot`. */
  slack_identities: { readonly identities: readonly SlackIdentity[] } | null;
  /** Key `weekly`: the end of the last week that was summed up. */
  digest: { readonly until: Instant } | null;
  /** What somebody was woken for and that is still so. Key: the kind of alarm. */
  alarm: Alarm | null;
  /** What was found and is still so. Key: the resource's id. */
  drift: readonly DriftFinding[] | null;
}
