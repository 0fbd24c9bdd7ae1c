import { type Instant, isInstant, MINUTE, type Millis } from '../domain/terms.ts';
import type { Ledger } from '../ledger/open/ledger.ts';
import type { Clock, Log } from '../ports/host.ts';
import { CURSORS } from '../ports/keys.ts';
import type { PostBook } from '../ports/posts.ts';

/**
 * How often the time is stored. If the clock is set back while the bot is down, the stored time keeps ends from being
 * late.
 */
const HEARTBEAT: Millis = MINUTE;

/**
 * The latest time in the database: the bot's clock must not start before it. Values that cannot be a time are ignored.
 */
export async function latestKnown({ events, posts }: Pick<Ledger, 'events' | 'posts'>): Promise<Instant> {
  const newest = (await events.newest())?.at ?? 0;
  const beat = await posts.cursor(CURSORS.clock);
  return Math.max(0, ...[newest, beat].filter(isInstant));
}

/** Stores the time now, and then regularly. */
export function createHeartbeat({ posts, clock, log }: { posts: PostBook; clock: Clock; log: Log }) {
  let cancel = (): void => undefined;
  let beating: Promise<void> = Promise.resolve();

  async function beat(): Promise<void> {
    try {
      await posts.moveCursor(CURSORS.clock, clock.now());
    } catch (error) {
      log.warn({ err: error }, 'the time could not be written down');
    }
  }

  function begin(): void {
    beating = beat();
    cancel = clock.wakeAt(clock.now() + HEARTBEAT, begin);
  }

  return {
    begin,
    stop: async (): Promise<void> => {
      cancel();
      await beating;
    },
  };
}
