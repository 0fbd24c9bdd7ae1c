/** What the events say, next to what the tables say: whoever owns the file can change the tables alone. */

import type { Grant, LiveGrant } from '../domain/grant.ts';
import type { Instant } from '../domain/terms.ts';
import type { Job } from './jobs.ts';

/** How the tables differ from the events about one grant. */
export type StateFinding =
  /** Its end, or the look at what it was given for, is not due work. */
  | { readonly kind: 'not_due'; readonly grant: LiveGrant; readonly jobs: readonly Job[] }
  /** Its row is not what the events say. */
  | {
      readonly kind: 'bent';
      readonly problem: string;
      /** null: it cannot be read, or is not there. */
      readonly row: Grant | null;
      /** The version of the row; null: it is not there. */
      readonly version: number | null;
      /** Numbers of the events about its request. */
      readonly events: readonly number[];
    };

export interface StateCheck {
  /** Ids of all grants that differ, looked for a little at a time. */
  suspects(): Promise<readonly string[]>;
  /** How a grant differs now; null: it does not. Nothing is written meanwhile. */
  look(grantId: string): Promise<StateFinding | null>;
  /** Puts the columns that the body does not carry to what they have to be, where there is a row. */
  realign(grant: Grant): Promise<void>;
  /** The event that froze all access; null: nothing is frozen, as far as events say. */
  freezeEvent(): Promise<number | null>;
  /** Keys of stand-ins whom no event names so. One whose event may be in an archive is none of them. */
  strayStandIns(): Promise<readonly string[]>;
  /** Answers by which owners took out a rule, as far as none took it back: numbers of events. */
  removals(): Promise<readonly number[]>;
  /** Small states that nobody can read: they are nothing from now on. @returns which */
  dropUnreadable(): Promise<readonly string[]>;
  /** Requests whose end, or beginning, is not due work. */
  idleRequests(now: Instant): Promise<readonly Job[]>;
}
