/** One form: for one role or several, once, and with what was said before it was sent. */

import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { HOUR, MINUTE } from '../../src/domain/terms.ts';
import { freeze } from '../../src/lifecycle/health/freeze.ts';
import { onlyOne, previewRequest, usualIncident } from '../../src/lifecycle/request/outlook.ts';
import {
  checkSubmission,
  durationFor,
  MOST_ROLES,
  type Submission,
  submitRequest,
  USUAL_INCIDENT,
} from '../../src/lifecycle/request/submitRequest.ts';
import { aRole } from '../support/domain.ts';
import { aFlow, anIncident, aShift, type Flow } from '../support/flowWorld.ts';

let flow: Flow;
beforeEach(() => {
  flow = aFlow({
    roles: `      read:
        grants: {}
        duration: { default: 20m, max: 1h }
        rules: [{ allow: { duration: { max: 1h } } }]
      write:
        grants: {}
        duration: { max: 4h }
        reason: { min_length: 15 }
        rules: [{ ask: { reviewers: [U0CHLOE], expires: 4h } }]
      drop:
        grants: {}
        duration: { max: 30m }
        rules: [{ deny: { members_of: [U0ANA] } }, { allow: { duration: { max: 1h } } }]`,
  });
});
afterEach(() => flow.close());

const now = () => flow.clock.now();
const form = (more: Partial<Submission> = {}): Submission => ({
  submissionKey: 'S1',
  personId: 'U0ANA',
  roles: ['db/read'],
  duration: HOUR,
  reason: 'because it is needed',
  incidentId: null,
  startsAt: null,
  factor: null,
  ...more,
});
const submits = (more: Partial<Submission> = {}) => submitRequest(flow.deps, form(more));
const statesOf = ({ requests }: Awaited<ReturnType<typeof submits>>) =>
  requests.map(({ role, state }) => [role, state]);
const eventsOf = (type: string) => flow.events().filter((event) => event.type === type);

describe('a form for one role', () => {
  test('is one request, which is its own bundle, with the words as they were typed', async () => {
    flow.shifts.set('U0ANA', [aShift(now())]);
    const { requests, refused } = await submits({ reason: '  because it is needed \n', incidentId: 'PINC1' });
    expect(refused).toEqual([]);
    const [request] = requests;
    expect(requests).toMatchObject([
      {
        bundle: request?.id,
        submissionKey: 'S1:db/read',
        requester: { slackId: 'U0ANA' },
        role: 'db/read',
        duration: HOUR,
        reason: 'because it is needed',
        incidentId: 'PINC1',
        submittedAt: now(),
        startsAt: null,
        extends: null,
        askedFor: null,
        signals: [{ kind: 'first_time' }],
        seenOnCall: null,
        state: 'approved',
      },
    ]);
    expect(await flow.request(request?.id ?? '')).toEqual(request);
  });

  test('keeps what PagerDuty said of their shifts, where a rule asks', async () => {
    flow.reload((source) => source.replace('allow: { duration: { max: 1h } }', 'allow: { on_call: {} }'));
    flow.shifts.set('U0ANA', [aShift(now())]);
    expect((await submits()).requests).toMatchObject([{ seenOnCall: { known: true, value: [{ level: 1 }] } }]);
  });

  test('is decided on the words as they were typed, for the time that was asked', async () => {
    const asked: object[] = [];
    const { evidence } = flow.deps;
    const gather: typeof evidence.gather = (role, about, purpose) => {
      asked.push({ ...about, purpose });
      return evidence.gather(role, about, purpose);
    };
    const startsAt = now() + HOUR;
    const words = form({ reason: ' because it is needed ', incidentId: 'PINC1', startsAt });
    const { requests } = await submitRequest({ ...flow.deps, evidence: { gather } }, words);
    expect(asked).toMatchObject([
      { reason: 'because it is needed', duration: HOUR, incidentId: 'PINC1', at: startsAt, purpose: 'decision' },
    ]);
    expect(requests).toMatchObject([{ state: 'scheduled', startsAt }]);
  });

  test('for longer than the role allows is refused, and nothing is recorded', async () => {
    expect(await submits({ duration: HOUR + 1 })).toEqual({
      requests: [],
      refused: [{ role: 'db/read', refusal: { code: 'duration_too_long', max: HOUR, asked: HOUR + 1 } }],
    });
    expect(flow.events()).toEqual([]);
  });

  test('delivered twice is one request', async () => {
    const first = await submits();
    const before = flow.events().length;
    const second = await submits();
    expect(second.refused).toEqual([]);
    expect(second.requests.map(({ id }) => id)).toEqual(first.requests.map(({ id }) => id));
    expect(flow.events()).toHaveLength(before);
  });

  test('sent at the same moment by two deliveries is one request', async () => {
    const both = await Promise.all([submits(), submits()]);
    expect(new Set(both.flatMap(({ requests }) => requests.map(({ id }) => id))).size).toBe(1);
    expect(eventsOf('request.submitted')).toHaveLength(1);
  });

  test('of one who is not at Slack is refused with the reason', async () => {
    flow.people.set('U0ANA', 'this account is deactivated');
    const refusal = { code: 'person_refused', problem: 'this account is deactivated' };
    expect(await submits({ roles: ['db/read', 'db/write'] })).toEqual({
      requests: [],
      refused: [
        { role: 'db/read', refusal },
        { role: 'db/write', refusal },
      ],
    });
  });

  test('while everything is frozen is refused for every role', async () => {
    await freeze(flow.deps, { personId: 'U0EVE', reason: 'a token has leaked' });
    const refusal = { code: 'frozen', by: 'Eve', reason: 'a token has leaked' };
    expect((await submits({ roles: ['db/read', 'db/write'] })).refused).toEqual([
      { role: 'db/read', refusal },
      { role: 'db/write', refusal },
    ]);
  });
});

describe('a form for several roles', () => {
  test('is one bundle of requests, each decided by its own rules and length', async () => {
    const { requests } = await submits({ roles: ['db/read', 'db/write', 'db/drop'], duration: 2 * HOUR });
    expect(requests.map(({ role, duration, state }) => [role, duration, state])).toEqual([
      ['db/read', HOUR, 'approved'],
      ['db/write', 2 * HOUR, 'pending'],
      ['db/drop', 30 * MINUTE, 'denied'],
    ]);
    const ids = requests.map(({ id }) => id);
    const bundles = new Set(requests.map(({ bundle }) => bundle));
    expect(bundles.size).toBe(1);
    expect(new Set([...ids, ...bundles]).size).toBe(4);
    expect(requests.map(({ submissionKey }) => submissionKey)).toEqual(['S1:db/read', 'S1:db/write', 'S1:db/drop']);
    expect(eventsOf('request.submitted').map(({ payload }) => payload)).toMatchObject([
      { duration: HOUR },
      { duration: 2 * HOUR },
      { duration: 30 * MINUTE },
    ]);
  });

  test('asks for each role once', async () => {
    expect(statesOf(await submits({ roles: ['db/read', 'db/read', 'db/write'] }))).toEqual([
      ['db/read', 'approved'],
      ['db/write', 'pending'],
    ]);
  });

  test('gives what can be given, and says what could not be asked for', async () => {
    const waiting = (await submits({ roles: ['db/write'] })).requests[0];
    const both = await submits({ submissionKey: 'S2', roles: ['db/write', 'db/read'] });
    expect(statesOf(both)).toEqual([['db/read', 'approved']]);
    expect(both.refused).toEqual([
      { role: 'db/write', refusal: { code: 'already_pending', role: 'db/write', requestId: waiting?.id } },
    ]);
    // A second delivery finds what came of the first, though its first role was refused.
    const again = await submits({ submissionKey: 'S2', roles: ['db/write', 'db/read'] });
    expect(again).toEqual({ requests: [await flow.request(both.requests[0]?.id ?? '')], refused: [] });
    expect(eventsOf('request.submitted')).toHaveLength(2);
  });

  test('delivered twice finds all of them', async () => {
    const roles = ['db/read', 'db/write'];
    await submits({ roles });
    expect(statesOf(await submits({ roles }))).toEqual([
      ['db/read', 'approved'],
      ['db/write', 'pending'],
    ]);
  });

  test('is refused whole where one thing is wrong with it', async () => {
    const { requests, refused } = await submits({ roles: ['db/read', 'db/write'], reason: 'too short' });
    expect(requests).toEqual([]);
    expect(refused.map(({ role, refusal }) => [role, refusal.code])).toEqual([
      ['db/read', 'reason_too_short'],
      ['db/write', 'reason_too_short'],
    ]);
    expect(flow.events()).toEqual([]);
  });
});

describe('what is wrong with a form', () => {
  const codes = (more: Partial<Submission>) => checkSubmission(flow.deps, form(more)).map(({ code }) => code);

  test('is nothing, where all is in order', () => {
    expect(codes({ roles: ['db/read', 'db/write'] })).toEqual([]);
  });

  test('is more than five roles', () => {
    expect(MOST_ROLES).toBe(5);
    expect(checkSubmission(flow.deps, form({ roles: Array(6).fill('db/read') }))).toEqual([
      { code: 'too_many_roles', max: 5 },
    ]);
    expect(codes({ roles: Array(5).fill('db/read') })).toEqual([]);
  });

  test('is no role, or one that is not there', () => {
    expect(checkSubmission(flow.deps, form({ roles: [] }))).toEqual([{ code: 'unknown_role', role: '' }]);
    expect(checkSubmission(flow.deps, form({ roles: ['db/read', 'db/nothing'] }))).toEqual([
      { code: 'unknown_role', role: 'db/nothing' },
    ]);
  });

  test('is said once for all roles, and all of it', () => {
    expect(codes({ roles: ['db/read', 'db/write'], duration: 0, reason: '' })).toEqual([
      'duration_not_positive',
      'reason_too_short',
    ]);
    expect(codes({ startsAt: now() })).toEqual(['start_not_ahead']);
  });

  test('is a length that one role alone refuses, and several get what each allows', () => {
    expect(codes({ duration: 2 * HOUR })).toEqual(['duration_too_long']);
    expect(codes({ duration: 2 * HOUR, roles: ['db/read', 'db/write'] })).toEqual([]);
    const role = aRole({ duration: { default: HOUR, max: 2 * HOUR, total: 4 * HOUR } });
    expect(durationFor(role, { roles: ['a'], duration: 3 * HOUR })).toBe(3 * HOUR);
    expect(durationFor(role, { roles: ['a', 'b'], duration: 3 * HOUR })).toBe(2 * HOUR);
    expect(durationFor(role, { roles: ['a', 'b'], duration: HOUR })).toBe(HOUR);
  });
});

describe('the usual incident', () => {
  const named = async () => (await submits({ incidentId: USUAL_INCIDENT })).requests[0]?.incidentId;

  test('is the one that is open', async () => {
    flow.incidents.set('PINC1', anIncident());
    expect(await named()).toBe('PINC1');
  });

  test('is none where there are two, or PagerDuty does not answer', async () => {
    flow.incidents.set('PINC1', anIncident()).set('PINC2', anIncident({ id: 'PINC2' }));
    expect(await named()).toBeNull();
    flow.incidents.delete('PINC2');
    flow.outages.add('pagerduty');
    const ana = await flow.deps.directory.person('U0ANA');
    expect(ana.known && (await usualIncident(flow.deps, ana.value))).toBeNull();
  });

  test('is not looked up where none is named', async () => {
    flow.incidents.set('PINC1', anIncident());
    expect((await submits()).requests[0]?.incidentId).toBeNull();
  });

  test('of a list is its only one', () => {
    expect(onlyOne([])).toBeNull();
    expect(onlyOne([{ id: 'PINC1' }])).toBe('PINC1');
    expect(onlyOne([{ id: 'PINC1' }, { id: 'PINC2' }])).toBeNull();
  });
});

describe('a preview', () => {
  const preview = async (more: Partial<Parameters<typeof previewRequest>[1]> = {}) => {
    const found = await previewRequest(flow.deps, {
      personId: 'U0ANA',
      role: 'db/read',
      duration: HOUR,
      incidentId: null,
      reason: '',
      startsAt: null,
      ...more,
    });
    return 'refused' in found ? found.refused : found.decision.effect;
  };

  test('says what would be decided, and changes nothing', async () => {
    expect(await preview()).toBe('allow');
    expect(await preview({ role: 'db/write' })).toBe('ask');
    expect(await preview({ role: 'db/drop', personId: 'U0BEN' })).toBe('allow');
    expect(await preview({ role: 'db/drop' })).toBe('deny');
    expect(flow.events()).toEqual([]);
  });

  test('says what stands in the way, whatever the policy says', async () => {
    expect(await preview({ role: 'db/nothing' })).toEqual({ code: 'unknown_role', role: 'db/nothing' });
    const waiting = (await submits({ roles: ['db/write'] })).requests[0];
    await submits({ submissionKey: 'S2' });
    expect(await preview()).toEqual({ code: 'already_holds', role: 'db/read', until: now() + HOUR });
    expect(await preview({ startsAt: now() + HOUR })).toBe('allow');
    expect(await preview({ role: 'db/write' })).toEqual({
      code: 'already_pending',
      role: 'db/write',
      requestId: waiting?.id,
    });
    expect(await preview({ role: 'db/write', startsAt: now() + HOUR })).toMatchObject({ code: 'already_pending' });
    expect(await preview({ personId: 'U0BEN' })).toBe('allow');
    flow.people.set('U0BEN', 'deactivated');
    expect(await preview({ personId: 'U0BEN' })).toEqual({ code: 'person_refused', problem: 'deactivated' });
    await freeze(flow.deps, { personId: 'U0EVE', reason: 'a token has leaked' });
    expect(await preview({ personId: 'U0DEV' })).toMatchObject({ code: 'frozen' });
  });

  test('knows another account of theirs', async () => {
    await submits();
    flow.people.set('U0ANA2', { slackId: 'U0ANA2', name: 'A', email: 'ana+2@harbor.example', timeZone: 'UTC' });
    expect(await preview({ personId: 'U0ANA2' })).toMatchObject({ code: 'already_holds' });
  });
});
