import { createActivityReader } from '../history/activity.ts';
import { figuresInSteps } from '../history/figures.ts';
import { eventSearch } from '../history/search.ts';
import { verifyInSteps } from '../history/verify.ts';
import { readDrain } from '../sqlite/drainFile.ts';
import { createEventReader, newestPolicyLoaded } from '../sqlite/eventReader.ts';
import { createIdBook } from '../sqlite/idBook.ts';
import { createJobQueue } from '../sqlite/jobQueue.ts';
import { type OpenLedger, openLedgerToRead } from '../sqlite/open.ts';
import { createOverviewReader } from '../sqlite/overview.ts';
import { createPostBook } from '../sqlite/postBook.ts';
import { createSeatBook } from '../sqlite/seatBook.ts';
import { createStateCheck } from '../sqlite/stateCheck.ts';
import { createStore } from '../sqlite/store.ts';
import type { Ledger } from './ledger.ts';

/** A ledger in one SQLite file. */
export const sqliteLedger = (opened: OpenLedger): Ledger => ({
  where: opened.path,
  exposed: opened.exposed,
  bent: opened.bent,
  putBack: opened.putBack,
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
  drain: async () => readDrain(opened.path),
  newestPolicyLoaded: async () => newestPolicyLoaded(opened),
  verify: (anchors) => readBeside(opened, (reader) => verifyInSteps(reader, anchors)),
  figures: (period) => readBeside(opened, (reader) => figuresInSteps(reader, period)),
  close: async () => opened.close(),
});

/** Reads over a separate connection, so that a long read blocks nothing. */
async function readBeside<T>({ path }: OpenLedger, read: (reader: OpenLedger) => Promise<T>): Promise<T> {
  const reader = openLedgerToRead(path);
  try {
    return await read(reader);
  } finally {
    reader.close();
  }
}
