import { expect, test } from 'vitest';
import { requestCore } from '../../src/domain/request.ts';
import { HOUR, known, MINUTE } from '../../src/domain/terms.ts';
import { ANA, anEntry, NOON } from '../support/domain.ts';

const CORE = {
  id: 'R1',
  bundle: 'B1',
  submissionKey: 'K1',
  requester: ANA,
  role: 'db/read',
  duration: HOUR,
  reason: 'it is stuck',
  incidentId: 'PINC',
  submittedAt: NOON,
  startsAt: NOON + HOUR,
  extends: 'G1',
  askedFor: { role: 'db/admin', duration: 2 * HOUR },
  signals: [{ kind: 'first_time', facts: 'never before' }],
} as const;

test('the next state keeps all that was requested and drops fields of the old state', () => {
  expect(requestCore({ ...CORE, ...{ state: 'pending', reviews: [], expiresAt: NOON + MINUTE } })).toEqual(CORE);
});

test.each([
  ['shifts', known([anEntry()])],
  ['that no rule asked', null],
])('a request keeps what PagerDuty said about it: %s', (_name, seenOnCall) => {
  expect(requestCore({ ...CORE, seenOnCall })).toEqual({ ...CORE, seenOnCall });
  expect('seenOnCall' in requestCore(CORE)).toBe(false);
});
