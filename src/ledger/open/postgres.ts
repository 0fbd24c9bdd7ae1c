import { figuresInSteps } from '../history/figures.ts';
import { verifyInSteps } from '../history/verify.ts';
import { createActivityReader } from '../postgres/activity.ts';
import { createIdBook, createPostBook, createSeatBook } from '../postgres/books.ts';
import { readDrain } from '../postgres/drain.ts';
import { createEventReader, newestPolicyLoaded } from '../postgres/eventReader.ts';
import { createJobQueue } from '../postgres/jobQueue.ts';
import { foreignParts } from '../postgres/migrations.ts';
import { openPostgres, type PostgresLedger, readingFrom } from '../postgres/open.ts';
import { createOverviewReader } from '../postgres/overview.ts';
import { type Place, takePlace, type Wait } from '../postgres/place.ts';
import { eventSearch } from '../postgres/search.ts';
import { createStore } from '../postgres/store.ts';
import type { Ledger } from './ledger.ts';
import { withMirror } from './mirror.ts';
import { createStateCheck } from './postgresStateCheck.ts';

/**
 * Opens a ledger on PostgreSQL for the one bot that works on it.
 * @param wait for a standby, which waits until there is a place
 * @param onLost called when another one has taken over: this process can write nothing any more
 * @throws StorageError that says what, where and what to do
 */
export async function openForBot(address: string, onLost: (why: string) => void, wait?: Wait): Promise<Ledger> {
  const opened = await openPostgres(address);
  try {
    const place = await takePlace(opened, {
      ...{ what: 'another bot', most: 1, onLost },
      ...(wait && { wait }),
    });
    await readingFrom(opened)(() => opened.remembered.begin(opened.pool));
    return { ...postgresLedger(opened, place), bent: await foreignParts(opened.pool) };
  } catch (error) {
    await opened.close();
    throw error;
  }
}

/** @param place what keeps others from working on it; null beside a bot */
export const postgresLedger = (opened: PostgresLedger, place: Place | null): Ledger => ({
  where: opened.where,
  exposed: [],
  bent: [],
  putBack: [],
  queue: createJobQueue(opened),
  events: createEventReader(opened),
  posts: createPostBook(opened),
  ids: createIdBook(opened),
  seats: createSeatBook(opened),
  search: eventSearch(opened),
  activity: createActivityReader(opened),
  overview: createOverviewReader(opened),
  createStore: (options) => createStore(opened, options),
  createStateCheck: (clock) => createStateCheck(opened, clock),
  drain: () => readDrain(opened),
  newestPolicyLoaded: () => newestPolicyLoaded(opened),
  verify: (anchors) => withMirror(opened, (mirror) => verifyInSteps(mirror, anchors)),
  figures: (period) => withMirror(opened, (mirror) => figuresInSteps(mirror, period)),
  close: async () => {
    await place?.leave();
    await opened.close();
  },
});
