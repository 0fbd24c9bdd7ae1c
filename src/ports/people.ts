/** Who is who: Slack, and one-time codes. */

import type { Named, Person } from '../domain/person.ts';
import type { Principal } from '../domain/policy.ts';
import type { Instant, Known } from '../domain/terms.ts';
import type { Purpose } from './evidence.ts';

/** Who is who at Slack. */
export interface Directory {
  /** The person, if active, internal and human; otherwise why not. Never cached. */
  person(slackId: string): Promise<Known<Person>>;
  /** Like `person`, by e-mail address. */
  personByEmail(email: string): Promise<Known<Person>>;
  /**
   * Why this account is certainly no longer an active, full member, such as `the Slack account was deactivated`. Its value is
   * null if the account still is one; it is unknown if Slack does not say. Never cached.
   */
  hasLeft(slackId: string): Promise<Known<string | null>>;
  /** Whether somebody can be expected to see a message now, by do-not-disturb and their local hour. */
  isAwake(person: Person): Promise<Known<boolean>>;
  /** Members of each user group. */
  members(
    groupIds: readonly Principal[],
    purpose: Purpose,
  ): Promise<ReadonlyMap<Principal, Known<ReadonlySet<string>>>>;
  /**
   * Current and former full members of the workspace whose address Slack still shows; at most a few
   * minutes old.
   */
  everybody(): Promise<Known<readonly Pick<Person, 'slackId' | 'name' | 'email'>[]>>;
  /**
   * Who has a mailbox at Slack: members, guests, bots and people of other workspaces alike, by any address of it. null if nobody
   * has. Slack is asked each time for the address itself, and its list, which may be a few minutes old, for other addresses.
   */
  mailboxOwner(email: string): Promise<Known<Named | null>>;
  /** Display names, such as `@dba` or `Ana Kovač`, as far as Slack knows them. No decision may rest on them. */
  names(principals: readonly Principal[]): Promise<ReadonlyMap<Principal, string>>;
}

/** One-time codes and how their secrets are kept. */
export interface CodeBox {
  /** Whether an encryption key is configured. */
  readonly canSeal: boolean;
  /** A new secret: encrypted, in plain text, and as the URI that an authenticator app reads. */
  create(account: string): { sealed: string; secret: string; uri: string };
  /** Whether a key is there that decrypts it. Without one, only a reset helps. */
  canOpen(sealed: string): boolean;
  /** The same secret, encrypted with the key that is in use now. */
  resealed(sealed: string): string;
  /** The time step, close to now, that a code belongs to. @returns null if the code is wrong */
  stepOf(sealed: string, code: string, now: Instant): number | null;
}
