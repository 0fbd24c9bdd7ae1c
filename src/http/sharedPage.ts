import { type Millis, SECOND } from '../domain/terms.ts';
import type { Page } from './page.ts';

/** An answer is kept so many times as long as it took to make. */
const KEPT_TIMES = 9;
const KEPT_MOST: Millis = 5 * SECOND;

/**
 * Gives everybody who asks for a page while it is made, and for a while after, the same answer: however often it is asked for,
 * making it takes a tenth of the process's time at most.
 * @param now in milliseconds, for tests
 */
export function sharedPage(show: Page['show'], now: () => number = () => performance.now()): Page['show'] {
  let last: { readonly answer: ReturnType<Page['show']>; until: number } | null = null;
  return () => {
    if (last !== null && now() < last.until) return last.answer;
    const from = now();
    const making = { answer: show(), until: Number.POSITIVE_INFINITY };
    const keep = () => {
      making.until = now() + Math.min((now() - from) * KEPT_TIMES, KEPT_MOST);
    };
    making.answer.then(keep, keep);
    last = making;
    return making.answer;
  };
}
