/** What a target offers where people are in places, and nothing can be written beside their names. */

import type { Instant } from '../domain/terms.ts';

/** A place as the policy file calls it, and the level that a role gives in it: `team payments` and `member`. */
export interface Seat {
  readonly place: string;
  readonly level: string;
}

export interface Member {
  /** The target's own id of the person, as `Roster.personId` says it. */
  readonly id: string;
  /** What people call them there, for showing. */
  readonly account: string;
  readonly level: string;
}

/** Something that a holder may have made in a place, such as a deploy key of a repository. */
export interface Made {
  /** The target's own id, with what it is an id of, and what it may do: `deploy key 17`. null: it could not be looked at. */
  readonly id: string | null;
  /** `deploy key "ci" (may write)` */
  readonly what: string;
  /** Where it is a person: their id. */
  readonly person?: string;
}

/**
 * People and places are told by ids that the target gave out and never gives to anything else. Names only say which ones are
 * meant when access is given: later they may have changed hands.
 */
export interface Roster<Role> {
  /** Names the target among all others: two resources with the same scope stand for the same places. */
  readonly scope: string;
  /** What the scope was called by the versions of the bot that knew people and places by name. Absent: the same. */
  readonly earlierScope?: string;
  /** From the least to the most. */
  readonly levels: readonly string[];
  /** A level that gives nothing now and may come back by itself: it is taken away, and is not what somebody had before. */
  readonly dormant?: string;
  /** Whether `set` takes the target's own expiry. */
  readonly expires: boolean;
  seats(role: Role): readonly Seat[];
  /** @throws where the target shows no place of this name: it may be gone, renamed or out of the bot's sight */
  placeId(name: string): Promise<string>;
  /** @throws where the target shows nobody of this name */
  personId(account: string): Promise<string>;
  /**
   * The id that somebody has as a member of this place, where the target knows people by that and not by an id of their own;
   * null: they are no member yet. Absent: it is the person's id.
   */
  readonly memberId?: (placeId: string, personId: string) => Promise<string | null>;
  /**
   * What somebody has in a place now. null: nothing, and the place itself has answered with everybody who is in it.
   * @throws where it has not: what the bot may not see looks the same as what is not there
   */
  level(placeId: string, personId: string): Promise<string | null>;
  /** Idempotent; gone already is success. `until` is for the target's own expiry, and never makes an earlier one shorter. */
  set(placeId: string, personId: string, level: string | null, until: Instant | null): Promise<void>;
  /** Everybody, over all pages. */
  members(placeId: string): Promise<readonly Member[]>;
  /**
   * What stands in a place and could have been put there by somebody of this level, so that what is new at the end can be
   * named. null: this level can put nothing there. Absent: no level can.
   */
  readonly made?: (placeId: string, level: string) => Promise<readonly Made[] | null>;
}
