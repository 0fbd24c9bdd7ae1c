/** What the bot counts while it works, for its operators. Nothing here decides anything. */

import type { LedgerEvent } from '../domain/events.ts';
import type { Millis } from '../domain/terms.ts';

/** A call to something outside. */
export interface OutsideCall {
  readonly service: 'slack' | 'pagerduty' | 'target';
  /** The kind of target; '' for other services. */
  readonly kind: string;
  /** The operation, in a few words that never name a person or a thing. */
  readonly verb: string;
}

export interface Meter {
  called(call: OutsideCall, outcome: { readonly ok: boolean; readonly took: Millis }): void;
  /** A service's rate limit is used up for `wait` ms. */
  heldOff(service: OutsideCall['service'], wait: Millis): void;
  /** These events were committed to the ledger. */
  committed(events: readonly LedgerEvent[]): void;
  /** Somebody got access, `after` ms after they asked. */
  accessGiven(by: 'policy' | 'reviewers' | 'break_glass', after: Millis): void;
}

/** Counts nothing: for a bot without metrics. */
export const SILENT_METER: Meter = {
  called: () => undefined,
  heldOff: () => undefined,
  committed: () => undefined,
  accessGiven: () => undefined,
};

/** Does a call and counts it. @throws what the call throws */
export async function metered<T>(
  meter: Pick<Meter, 'called'>,
  call: OutsideCall,
  work: () => Promise<T>,
  isGood: (answer: T) => boolean = () => true,
): Promise<T> {
  const began = performance.now();
  const done = (ok: boolean) => meter.called(call, { ok, took: performance.now() - began });
  try {
    const answer = await work();
    done(isGood(answer));
    return answer;
  } catch (error) {
    done(false);
    throw error;
  }
}
