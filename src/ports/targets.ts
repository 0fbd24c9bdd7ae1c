/** The ports between the flow and the targets, in both directions. */

import type { Grant, Residue } from '../domain/grant.ts';
import type { Person } from '../domain/person.ts';
import type { Policy, Resource } from '../domain/policy.ts';
import type { Instant, Millis, RoleKey } from '../domain/terms.ts';

/** Gives and revokes roles at the targets, by grant. Each call has its own deadline. */
export interface Targets {
  /** Idempotent. `expiresAt` is for targets that expire access themselves. */
  grant(grant: Grant, expiresAt: Instant): Promise<{ account: string }>;
  /**
   * Idempotent: already gone is success.
   * @returns what the holder made with the access and that outlives it; empty if nothing is known to be left
   */
  revoke(grant: Grant): Promise<readonly Residue[]>;
  isActive(grant: Grant): Promise<boolean>;
  /**
   * Kind and place of a resource's target in the policy in force. A grant is revoked where it was given,
   * whatever the policy says by then. It never holds secrets. null if the resource is not in the policy.
   */
  placeOf(resourceId: string): string | null;
  /** Every place that a policy can reach, through its resources and its retired targets. */
  placesOf(policy: Policy): ReadonlySet<string>;
  /** Whether this place can be reached with the policy in force, or with an earlier one of this process. */
  knowsPlace(place: string): boolean;
  /** Records, by the target's own ids, what a grant from an earlier version touched. Idempotent. */
  stamp(grant: Grant): Promise<void>;
  /** Whether the target of a resource can list who holds its roles. */
  canList(resourceId: string): boolean;
  /** Whether `list` reads grant ids from labels at the target, independent of this database. */
  showsMarks(resourceId: string): boolean;
  /** Everybody who holds any of a resource's roles, directly or through others, and everything that the bot made at the target. */
  list(resource: Resource): Promise<readonly Holding[]>;
  /** Removes a holding that `list` found. Already gone is success. */
  remove(resourceId: string, holding: Holding): Promise<void>;
  /** Retries the clean-up of what ended access left at a target. Changes nobody's access. */
  tidy(resourceId: string): Promise<void>;
  /** A new secret for an active grant, which replaces the one before; null if the target needs none. */
  issueCredential(grant: Grant): Promise<Credential | null>;
  /** Whether grants on this resource come with a secret of their own. */
  issuesCredentials(resourceId: string): boolean;
  /** What would stop this person from getting access, such as an unknown name at the target. @returns null if nothing is known to */
  obstacle(resourceId: string, person: Person): string | null;
  /**
   * The template for account names at the target of a resource; null if it has none. Absent if account names never
   * derive from the person.
   */
  readonly accountTemplate?: (resourceId: string) => string | null;
  /**
   * How long sessions of a grant may outlive it, in ms: 0 if they end with it, null if they last until
   * they are closed, undefined if there are no sessions.
   */
  afterlife(grant: Grant): Millis | null | undefined;
}

/** Something that somebody holds at a target. */
export interface Holding {
  /** Their account name there. */
  readonly account: string;
  /** null if it gives none of the policy's roles. */
  readonly role: RoleKey | null;
  /** The grant that the bot made it for; null if somebody else gave it. */
  readonly grantId: string | null;
}

/**
 * What each grant touched, by ids that the target never reuses (a user's id, a team's id,
 * an oid, a uid): names can change hands while a grant lives. Durable before a call resolves.
 * @throws StorageError
 */
export interface IdBook {
  /**
   * Stores an id. A second call for the same thing replaces it.
   * @param thing what the id belongs to, in the provisioner's words, such as `login` or `team payments`
   */
  keep(grantId: string, thing: string, id: string): Promise<void>;
  /** Ids by thing; empty if nothing was recorded. */
  of(grantId: string): Promise<ReadonlyMap<string, string>>;
}

/** Prefix of places whose rows keep somebody out instead of giving access: they outlive the grant. */
export const KEEPS_OUT = 'ssh revoked ';

/** What a grant gave at a target without labels, and what was there before. */
export interface SeatRecord {
  readonly grantId: string;
  /** The place, by the target's own id; by name in rows of versions that kept no ids. */
  readonly place: string;
  /** The account, likewise. */
  readonly account: string;
  /** What the grant gives there. */
  readonly level: string;
  readonly role: RoleKey;
  /** What the account had there before any grant; null if nothing. */
  readonly before: string | null;
}

/** Seats by grant, durable before a call returns. @throws StorageError */
export interface SeatBook {
  at(place: string, account: string): Promise<readonly SeatRecord[]>;
  of(grantId: string): Promise<readonly SeatRecord[]>;
  /** Inserts, or updates account, level and what was before. */
  keep(record: SeatRecord): Promise<void>;
  drop(record: Pick<SeatRecord, 'grantId' | 'place'>): Promise<void>;
}

/** A finding of `jitbot doctor`: whether something that a role needs is there. */
export interface Finding {
  readonly ok: boolean;
  readonly what: string;
  /** What to do about it. */
  readonly fix?: string;
}

/** Shown once to its person, and stored nowhere. */
export interface Credential {
  readonly account: string;
  readonly secret: string;
  /** How to use it, for example a connection address with the secret in it. */
  readonly usage: string;
}
