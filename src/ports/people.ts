/** Who is who: Slack, and one-time codes. */

import type { Person } from '../domain/person.ts';
import type { Principal } from '../domain/policy.ts';
import type { Instant, Known } from '../domain/terms.ts';
import type { Purpose } from './evidence.ts';

/** Who is who at Slack. */
export interface Directory {
  /** The person, if active, internal and human; otherwise why not. Always asked afresh. */
  person(slackId: string): Promise<Known<Person>>;
  /** The same, by e-mail address. */
  personByEmail(email: string): Promise<Known<Person>>;
  /**
   * Why this account is certainly no active, full member any more: `the Slack account was deactivated`; null: it is one.
   * Not known where Slack does not say. Always asked afresh.
   */
  hasLeft(slackId: string): Promise<Known<string | null>>;
  /** Whether somebody can be expected to see a message now: do-not-disturb, and the hour where they are. */
  isAwake(person: Person): Promise<Known<boolean>>;
  /** Members of each user group. */
  members(
    groupIds: readonly Principal[],
    purpose: Purpose,
  ): Promise<ReadonlyMap<Principal, Known<ReadonlySet<string>>>>;
  /**
   * Everybody who ever was a full member of the workspace and whose address Slack still shows, also those who left: a few
   * minutes old at most.
   */
  everybody(): Promise<Known<readonly Pick<Person, 'slackId' | 'name' | 'email'>[]>>;
  /** What people call each of them, `@dba` or `Ana Kovač`, as far as Slack says. For reading only: nothing is decided by it. */
  names(principals: readonly Principal[]): Promise<ReadonlyMap<Principal, string>>;
}

/** One-time codes and how their secrets are kept. */
export interface CodeBox {
  /** Whether a key to encrypt with was set up. */
  readonly canSeal: boolean;
  /** A new secret, encrypted; and as the authenticator app takes it. */
  create(account: string): { sealed: string; secret: string; uri: string };
  /** The same secret, encrypted with the key that is in use now. */
  resealed(sealed: string): string;
  /** The time step that the code is of, close to now; null: it is none. */
  stepOf(sealed: string, code: string, now: Instant): number | null;
}
