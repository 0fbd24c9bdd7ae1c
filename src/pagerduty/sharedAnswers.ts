import { type Instant, type Known, MINUTE, type Millis } from '../domain/terms.ts';
import type { Purpose } from '../ports/evidence.ts';
import type { Clock } from '../ports/host.ts';

/** How long an answer may be used for previews, in ms. */
const PREVIEW_AGE: Millis = MINUTE;
const CACHE_LIMIT = 2_000;

/** Concurrent equal questions share one call. Old answers are used only for previews. */
export class SharedAnswers {
  readonly #clock: Pick<Clock, 'now'>;
  readonly #inFlight = new Map<string, Promise<Known<unknown>>>();
  readonly #answers = new Map<string, { readonly at: Instant; readonly answer: Known<unknown> }>();

  constructor(clock: Pick<Clock, 'now'>) {
    this.#clock = clock;
  }

  /** @param question the same question must always expect the same type of answer */
  async get<T>(question: string, purpose: Purpose, ask: () => Promise<Known<T>>): Promise<Known<T>> {
    const earlier = this.#answers.get(question);
    if (purpose === 'preview' && earlier && this.#clock.now() - earlier.at <= PREVIEW_AGE)
      return earlier.answer as Known<T>;
    // A caller that does not wait for the rate limit must not join a call that does.
    const turn = purpose === 'decision' ? `waiting ${question}` : question;
    const running = this.#inFlight.get(turn) ?? this.#start(question, turn, ask);
    return running as Promise<Known<T>>;
  }

  #start<T>(question: string, turn: string, ask: () => Promise<Known<T>>): Promise<Known<T>> {
    const asked = ask()
      .then((answer) => {
        if (answer.known) this.#keep(question, answer);
        return answer;
      })
      .finally(() => this.#inFlight.delete(turn));
    this.#inFlight.set(turn, asked);
    return asked;
  }

  #keep(question: string, answer: Known<unknown>): void {
    this.#answers.delete(question);
    this.#answers.set(question, { at: this.#clock.now(), answer });
    const oldest = this.#answers.keys().next();
    if (this.#answers.size > CACHE_LIMIT && !oldest.done) this.#answers.delete(oldest.value);
  }
}
