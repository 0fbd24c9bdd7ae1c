/** A target with places that have members, and without labels on memberships. */

import type { Instant } from '../domain/terms.ts';

/** A place by its name in the policy file, and the level that a role gives in it: `team payments` and `member`. */
export interface Seat {
  readonly place: string;
  readonly level: string;
}

export interface Member {
  /** The target's id of the person, from `Roster.personId`. */
  readonly id: string;
  /** Their name there, for messages. */
  readonly account: string;
  readonly level: string;
}

/** Something that a holder may have made in a place, such as a deploy key. */
export interface Made {
  /** The target's id with its type and rights: `deploy key 17`. null if it could not be read. */
  readonly id: string | null;
  /** `deploy key "ci" (may write)` */
  readonly what: string;
  /** The id of the person, if it is one. */
  readonly person?: string;
}

/**
 * People and places are identified by ids that the target never reuses. Names only select them when access is given,
 * because a name can later belong to another.
 */
export interface Roster<Role> {
  /** Identifies the target: two resources with the same scope have the same places. */
  readonly scope: string;
  /** The scope in versions of the bot that recorded names. Missing if it is the same. */
  readonly earlierScope?: string;
  /** From lowest to highest. */
  readonly levels: readonly string[];
  /**
   * A level that gives nothing now but may become active again. It is removed, and does not count as earlier access.
   */
  readonly dormant?: string;
  /** Whether `set` supports the target's own expiry. */
  readonly expires: boolean;
  seats(role: Role): readonly Seat[];
  /** @throws if the target shows no place of this name: it may be gone, renamed or hidden from the bot */
  placeId(name: string): Promise<string>;
  /** @throws if the target shows nobody of this name */
  personId(account: string): Promise<string>;
  /**
   * The membership id of a person in this place, for targets without ids of people, or null if they are not a member
   * yet. Missing if it is the person's id.
   */
  readonly memberId?: (placeId: string, personId: string) => Promise<string | null>;
  /**
   * A person's level in a place now, or null if the place has listed all its members and they are not among them.
   * @throws if it has not: what the bot may not see looks the same as what does not exist
   */
  level(placeId: string, personId: string): Promise<string | null>;
  /**
   * Sets a level. Idempotent; already gone is success. `until` sets the target's own expiry, and never shortens an
   * existing one.
   */
  set(placeId: string, personId: string, level: string | null, until: Instant | null): Promise<void>;
  /** All members, over all pages. */
  members(placeId: string): Promise<readonly Member[]>;
  /**
   * What is in a place that a member of this level could have made, to report what is new at the end. null if this
   * level cannot make anything, missing if no level can.
   */
  readonly made?: (placeId: string, level: string) => Promise<readonly Made[] | null>;
}
