/** What cannot be written down is not said to be done: a job comes again, and a person is told. */

import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Request } from '../../src/domain/request.ts';
import { HOUR, known, MINUTE } from '../../src/domain/terms.ts';
import type { Deps } from '../../src/lifecycle/deps.ts';
import { createSweep } from '../../src/lifecycle/people/sweepPeople.ts';
import { cancelRequest, expireRequest } from '../../src/lifecycle/request/closeRequest.ts';
import { escalationKey } from '../../src/lifecycle/request/requestChange.ts';
import { startRequest } from '../../src/lifecycle/request/startRequest.ts';
import { submitRequest } from '../../src/lifecycle/request/submitRequest.ts';
import { delegate, endDelegation } from '../../src/lifecycle/review/delegate.ts';
import { escalateRequest } from '../../src/lifecycle/review/escalateRequest.ts';
import { reviewRequest } from '../../src/lifecycle/review/reviewRequest.ts';
import { StorageError } from '../../src/ports/store.ts';
import { aFlow, type Flow } from '../support/flowWorld.ts';

let flow: Flow;
let ahead: Request;
let waiting: Request;
let isDeactivated: boolean;
beforeEach(async () => {
  flow = aFlow({
    slack: '  delegates: [U0FRED, U0EVE]',
    roles: `      read:
        grants: {}
        duration: { max: 4h }
        rules: [{ ask: { reviewers: [U0CHLOE, U0DEV], escalate: [{ after: 5m, to: { reviewers: [U0EVE] } }], expires: 4h } }]
      go: { grants: {}, duration: { max: 4h }, rules: [{ allow: { duration: { max: 4h } } }] }`,
  });
  isDeactivated = false;
  waiting = await flow.asks('U0ANA', 'db/read', HOUR);
  ahead = await flow.asks('U0ANA', 'db/go', HOUR, { startsAt: flow.clock.now() + HOUR });
  await flow.standsIn('U0CHLOE', 'U0FRED');
});
afterEach(() => flow.close());

/** The same world on a disk that is full. */
const full = (): Deps => ({
  ...flow.deps,
  store: {
    ...flow.deps.store,
    commit: async () => {
      throw new StorageError('the disk is full');
    },
  },
  directory: {
    ...flow.deps.directory,
    hasLeft: async (id) => (isDeactivated ? known('deactivated') : flow.deps.directory.hasLeft(id)),
  },
});
const says = (verdict: 'approve' | 'deny') =>
  reviewRequest(full(), {
    requestId: waiting.id,
    reviewerId: 'U0DEV',
    verdict,
    comment: 'seen',
    change: null,
    factor: null,
  });
const later = (ms: number) => flow.clock.advance(ms);
const begins = () => startRequest(full(), ahead.id);

const submits = (personId: string, role: string) =>
  submitRequest(full(), {
    submissionKey: 'FULL',
    personId,
    roles: [role],
    duration: HOUR,
    reason: 'needed',
    incidentId: null,
    startsAt: null,
    factor: null,
  });

const VERBS: readonly [string, () => Promise<unknown>][] = [
  ['a request', () => submits('U0BEN', 'db/go')],
  ['a yes', () => says('approve')],
  ['a no', () => says('deny')],
  ['that a request is not needed', () => cancelRequest(full(), { requestId: waiting.id, personId: 'U0ANA' })],
  [
    'that nobody decided',
    () => {
      later(4 * HOUR);
      return expireRequest(full(), waiting.id);
    },
  ],
  ['who was asked as well', () => escalateRequest(full(), escalationKey(waiting.id, 0))],
  [
    'a start',
    () => {
      later(HOUR);
      return begins();
    },
  ],
  [
    'that a start may not be',
    () => {
      later(HOUR);
      flow.people.set('U0ANA', 'this account is deactivated');
      return begins();
    },
  ],
  [
    'that a start came too late',
    () => {
      later(2 * HOUR);
      return begins();
    },
  ],
  ['a stand-in', () => delegate(full(), { fromId: 'U0DEV', toId: 'U0EVE', until: flow.clock.now() + MINUTE })],
  ['being back', () => endDelegation(full(), 'U0CHLOE')],
  [
    'that somebody has left',
    async () => {
      await flow.asks('U0BEN', 'db/go', HOUR);
      await flow.work();
      isDeactivated = true;
      return createSweep(full())('U0BEN', 1);
    },
  ],
];

describe('a disk that is full', () => {
  test.each(VERBS)('fails %s', async (_what, verb) => {
    await expect(verb()).rejects.toThrow('the disk is full');
    expect((await flow.request(waiting.id)).state).toBe('pending');
    expect((await flow.request(ahead.id)).state).toBe('scheduled');
  });

  test('keeps nobody from reading why they are refused', async () => {
    expect(await submits('U0ANA', 'db/read')).toMatchObject({
      requests: [],
      refused: [{ role: 'db/read', refusal: { code: 'already_pending' } }],
    });
  });
});
