import { type Instant, MINUTE, type Millis, SECOND } from '../domain/terms.ts';
import type { Purpose } from '../ports/evidence.ts';
import type { Clock } from '../ports/host.ts';
import { type Answer, DEADLINE } from './answer.ts';

/** Pause after a 429 without a time, in ms. */
const DEFAULT_HOLD_OFF: Millis = 30 * SECOND;
/**
 * Maximum time that a decision waits for the rate limit, in ms. PagerDuty's limits are per minute: during a storm, an
 * on-call person is better served a minute later than by a reviewer who sleeps.
 */
const LONGEST_WAIT: Millis = 2 * MINUTE;

/** The time that one question may take, in ms. */
export interface Waiting {
  /** Its deadline, which starts again after waiting for the rate limit. */
  signal: AbortSignal;
  /** The latest reset of the rate limit that the question waits for. */
  readonly until: Instant;
}

/** When PagerDuty may be asked again, from its rate limit headers. */
export class RateLimits {
  readonly #clock: Pick<Clock, 'now' | 'wakeAt'>;
  readonly #ending: AbortSignal | undefined;
  readonly #heard: (wait: Millis) => void;
  /** When to send again, by operation: PagerDuty limits some operations separately, so that others still answer. */
  readonly #heldOff = new Map<string, Instant>();

  /**
   * @param ending when aborted, nothing waits for a rate limit any longer
   * @param heard called with how long PagerDuty said to wait, in ms
   */
  constructor(
    clock: Pick<Clock, 'now' | 'wakeAt'>,
    ending: AbortSignal | undefined,
    heard: (wait: Millis) => void = () => undefined,
  ) {
    this.#clock = clock;
    this.#ending = ending;
    this.#heard = heard;
  }

  waitingFor(purpose: Purpose): Waiting {
    const now = this.#clock.now();
    return { signal: AbortSignal.timeout(DEADLINE), until: purpose === 'decision' ? now + LONGEST_WAIT : now };
  }

  note(operation: string, { status, headers }: Answer): void {
    const remaining = headers.get('ratelimit-remaining');
    if (status !== 429 && remaining !== '0') return;
    const reset = Number(headers.get('ratelimit-reset') ?? headers.get('retry-after') ?? Number.NaN);
    if (status === 429 || Number.isFinite(reset)) {
      const wait = Number.isFinite(reset) ? reset * SECOND : DEFAULT_HOLD_OFF;
      this.#heldOff.set(operation, this.#clock.now() + wait);
      this.#heard(wait);
    }
  }

  isWorthWaiting(operation: string, waiting: Waiting): boolean {
    return this.#heldOffUntil(operation) <= waiting.until;
  }

  /**
   * Waits until an operation may be sent, as long as the caller can wait.
   * @returns the remaining time until the reset in ms, 0 if it may be sent now
   */
  async wait(operation: string, waiting: Waiting): Promise<Millis> {
    for (;;) {
      const left = this.#heldOffUntil(operation) - this.#clock.now();
      if (left <= 0) return 0;
      if (!this.isWorthWaiting(operation, waiting) || this.#ending?.aborted) return left;
      await this.#sleepUntil(this.#heldOffUntil(operation));
      waiting.signal = AbortSignal.timeout(DEADLINE);
    }
  }

  #heldOffUntil(operation: string): Instant {
    return this.#heldOff.get(operation) ?? 0;
  }

  async #sleepUntil(at: Instant): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const cancel = this.#clock.wakeAt(at, resolve);
    const stop = () => resolve();
    this.#ending?.addEventListener('abort', stop, { once: true });
    await promise;
    this.#ending?.removeEventListener('abort', stop);
    cancel();
  }
}
