import type { Change } from '../ports/store.ts';

/** Several changes as one, committed together or not at all. */
export const together = (changes: readonly Change[]): Change => ({
  requests: changes.flatMap(({ requests = [] }) => requests),
  grants: changes.flatMap(({ grants = [] }) => grants),
  records: changes.flatMap(({ records = [] }) => records),
  events: changes.flatMap(({ events = [] }) => events),
  jobs: changes.flatMap(({ jobs = [] }) => jobs),
  done: changes.flatMap(({ done = [] }) => done),
});
