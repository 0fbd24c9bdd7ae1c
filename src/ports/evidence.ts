/** What a decision rests on, gathered from the world. */

import type { Evidence } from '../domain/evidence.ts';
import type { Person } from '../domain/person.ts';
import type { Role } from '../domain/policy.ts';
import type { Instant, Millis } from '../domain/terms.ts';

/**
 * What an answer is for. `decision` always asks, and waits where a rate limit is used up; `check` always asks and does
 * not wait; an answer to `preview` may be up to a minute old.
 */
export type Purpose = 'decision' | 'check' | 'preview';

/** Gathers what a role's rules ask about a person. Problems are part of the answer; it never throws. */
export interface EvidenceSource {
  /** @param about.at the future time to gather evidence for; null means now */
  gather(
    role: Role,
    about: {
      readonly person: Person;
      readonly incidentId: string | null;
      readonly at: Instant | null;
      /** The request that is decided again; null for a new one. */
      readonly requestId: string | null;
      /** Passed on to Open Policy Agent, in ms. */
      readonly duration: Millis;
      readonly reason: string;
      /** Calls with the same object share lookups: what several roles depend on is asked once. */
      readonly look?: object;
    },
    purpose: Purpose,
  ): Promise<Evidence>;
}
