import type { Person } from './person.ts';
import type { Instant } from './terms.ts';

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
  /** Wrong codes in a row. */
  readonly failures: number;
  readonly lockedUntil: Instant;
}

/** Small states that stand on their own, by kind and key. Whatever lapses is kept as null. */
export interface Records {
  /** Key `bot`. */
  freeze: Freeze | null;
  /** Key: the Slack id of whoever is away. */
  delegation: Delegation | null;
  /** Key: the Slack id. */
  second_factor: SecondFactor | null;
}
