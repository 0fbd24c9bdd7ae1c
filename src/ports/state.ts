/** Compares the tables with the events: the owner of the file can change the tables without changing the events. */

import type { Grant, LiveGrant } from '../domain/grant.ts';
import type { Instant } from '../domain/terms.ts';
import type { Job } from './jobs.ts';

/** How the tables differ from the events about one grant. */
export type StateFinding =
  /** The job that ends it, or that watches its shift or incident, is missing. */
  | { readonly kind: 'not_due'; readonly grant: LiveGrant; readonly jobs: readonly Job[] }
  /** Its row differs from the events. */
  | {
      readonly kind: 'bent';
      readonly problem: string;
      /** null if the row is missing or cannot be read. */
      readonly row: Grant | null;
      /** The version of the row; null if the row is missing. */
      readonly version: number | null;
      /** Numbers of the events about its request. */
      readonly events: readonly number[];
    };

export interface StateCheck {
  /** Ids of all grants that differ. Searches in steps, so that other work can run in between. */
  suspects(): Promise<readonly string[]>;
  /** How a grant differs now. Nothing is written during the comparison. @returns null if it does not differ */
  look(grantId: string): Promise<StateFinding | null>;
  /** Corrects the columns of a grant's row that are not part of its body. Does nothing if there is no row. */
  realign(grant: Grant): Promise<void>;
  /** Number of the event that froze all access. @returns null if there is none, or it was lifted since */
  freezeEvent(): Promise<number | null>;
  /** Keys of stand-ins that no event named. Those whose event may be in an archive are left out. */
  strayStandIns(): Promise<readonly string[]>;
  /** Numbers of the events with owners' answers that removed a rule, unless a later answer kept it. */
  removals(): Promise<readonly number[]>;
  /** Deletes small states that cannot be read. @returns which, for people */
  dropUnreadable(): Promise<readonly string[]>;
  /** The missing jobs of open requests, which would expire or start them. */
  idleRequests(now: Instant): Promise<readonly Job[]>;
  /** Releases what the comparison needed. */
  close(): Promise<void>;
}
