import type { Grant, Residue } from '../domain/grant.ts';
import type { Person } from '../domain/person.ts';
import type { Policy, Resource } from '../domain/policy.ts';
import type { Instant, Millis, RoleKey } from '../domain/terms.ts';

/** What the flow needs of targets, and targets of the bot. */

/** Gives and takes roles at the targets, by grant. Each call has a deadline of its own. */
export interface Targets {
  /** Idempotent. `expiresAt` is for the target's own expiry, where it has one. */
  grant(grant: Grant, expiresAt: Instant): Promise<{ account: string }>;
  /**
   * Idempotent; already gone is success.
   * @returns what the holder made with the access and that outlives it; empty: nothing is known to be left
   */
  revoke(grant: Grant): Promise<readonly Residue[]>;
  isActive(grant: Grant): Promise<boolean>;
  /**
   * Kind and place of the target that a resource has in the policy in force: a grant is taken back where it was given,
   * whatever the policy says by then. Never holds secrets. null: the resource is not in the policy.
   */
  placeOf(resourceId: string): string | null;
  /** Every place that a policy can reach: of its resources, and of the targets that it names as retired. */
  placesOf(policy: Policy): ReadonlySet<string>;
  /** Whether a target of this place can be reached with what the policy in force says, or an earlier one of this process. */
  knowsPlace(place: string): boolean;
  /** Writes down, by the target's own ids, what a grant of an earlier version of the bot touched. Idempotent. */
  stamp(grant: Grant): Promise<void>;
  /** Whether the target of a resource can say who holds its roles. */
  canList(resourceId: string): boolean;
  /** Whether `list` says by the target's own labels for which grant the bot gave something, whatever this database knows. */
  showsMarks(resourceId: string): boolean;
  /** Everybody who holds any of a resource's roles there, by whatever way, and what the bot made there. */
  list(resource: Resource): Promise<readonly Holding[]>;
  /** Takes away what `list` found. Already gone is success. */
  remove(resourceId: string, holding: Holding): Promise<void>;
  /** Tries again to clean up what ended access left behind at a target. Changes nobody's access. */
  tidy(resourceId: string): Promise<void>;
  /** A fresh secret for an active grant, replacing any before it; null where the target needs none. */
  issueCredential(grant: Grant): Promise<Credential | null>;
  /** Whether grants on this resource come with a secret of their own. */
  issuesCredentials(resourceId: string): boolean;
  /** What keeps this person from getting anything there, such as a name that nobody has told; null: nothing is known. */
  obstacle(resourceId: string, person: Person): string | null;
  /**
   * The template for what people are called at the target of a resource; null: it has none. Absent: accounts there never
   * follow from who somebody is.
   */
  readonly accountTemplate?: (resourceId: string) => string | null;
  /**
   * How long sessions that were opened with a grant may live on after its end; 0: they are ended with it; null: until
   * they are closed; undefined: there are none.
   */
  afterlife(grant: Grant): Millis | null | undefined;
}

/** Something that somebody holds at a target. */
export interface Holding {
  /** What they are called there. */
  readonly account: string;
  /** null: it gives none of the policy's roles. */
  readonly role: RoleKey | null;
  /** The grant that the bot made it for; null: it is not the bot's doing. */
  readonly grantId: string | null;
}

/**
 * What each grant touched, by ids that the target gave out and never gives to anything else (a user's id, a team's id,
 * an oid, a uid): names can change hands while a grant lives. Durable before a call resolves.
 * @throws StorageError
 */
export interface IdBook {
  /** `thing`: what the id is of, in the provisioner's own words, such as `login` or `team payments`. Again: replaces it. */
  keep(grantId: string, thing: string, id: string): Promise<void>;
  /** By thing. Empty: nothing was written down. */
  of(grantId: string): Promise<ReadonlyMap<string, string>>;
}

/** How the places begin whose rows keep somebody out, and give nothing: they outlive the grant. */
export const KEEPS_OUT = 'ssh revoked ';

/** What a grant gave where the target has no room for a label, and what was there before. */
export interface SeatRecord {
  readonly grantId: string;
  /** Where, among all targets, by the target's own id; by name in rows of versions before ids were kept. */
  readonly place: string;
  /** Whose, likewise. */
  readonly account: string;
  /** What the grant gives there. */
  readonly level: string;
  readonly role: RoleKey;
  /** What the account had there before any grant of the bot's; null: nothing. */
  readonly before: string | null;
}

/** Who sits where by which grant, durable before a call returns. @throws StorageError */
export interface SeatBook {
  at(place: string, account: string): Promise<readonly SeatRecord[]>;
  of(grantId: string): Promise<readonly SeatRecord[]>;
  /** One that is there already takes on the account, the level and what was before. */
  keep(record: SeatRecord): Promise<void>;
  drop(record: Pick<SeatRecord, 'grantId' | 'place'>): Promise<void>;
}

/** What `jitbot doctor` found: whether something that a role needs is there. */
export interface Finding {
  readonly ok: boolean;
  readonly what: string;
  /** What to do about it. */
  readonly fix?: string;
}

/** Shown to its person once; stored nowhere. */
export interface Credential {
  readonly account: string;
  readonly secret: string;
  /** How to use it, for example a connection address with the secret in it. */
  readonly usage: string;
}
