/** Access in an emergency is given at once to whom the policy names, and looked at by somebody else afterwards. */

import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { REASON_MAX_LENGTH } from '../../src/domain/form.ts';
import type { ApprovedRequest } from '../../src/domain/request.ts';
import { HOUR, known, MINUTE, unknown } from '../../src/domain/terms.ts';
import { answerAccessReview, startAccessReview } from '../../src/lifecycle/accessReview/accessReview.ts';
import {
  breakGlass,
  chaseUseReview,
  checkEmergency,
  type EmergencyInput,
  previewEmergency,
  reviewUse,
  type UseReviewInput,
} from '../../src/lifecycle/breakGlass/breakGlass.ts';
import { ConflictError } from '../../src/ports/store.ts';
import { failCommit } from '../support/disturbed.ts';
import { aFlow, anIncident, aShift, type Flow } from '../support/flowWorld.ts';

let flow: Flow;
const DAY = 24 * HOUR;
const glass = (reviewers: string) =>
  `break_glass: { members_of: [S0HEROES], max: 2h, review_within: 4h, reviewers: [${reviewers}] }`;
const ROLES = `      read:
        grants: {}
        duration: { max: 1h }
        reason: { min_length: 15 }
        rules: [{ allow: { members_of: [S0RULES] } }, { ask: { when: { members_of: [U0ANA] }, reviewers: [U0DEV] } }]
        ${glass('U0CHLOE, U0DEV')}
      write:
        grants: {}
        duration: { max: 1h }
        second_factor: [request]
        rules: [{ ask: { reviewers: [U0DEV] } }]
        ${glass('U0CHLOE')}
      plain: { grants: {}, duration: { max: 1h }, rules: [{ ask: { reviewers: [U0DEV] } }] }`;
beforeEach(() => {
  flow = aFlow({ slack: '  same_person: [[U0ANA, U0ANATOO]]', roles: ROLES });
  flow.groups.set('S0HEROES', ['U0ANA', 'U0BEN']);
  flow.groups.set('S0RULES', []);
  flow.people.set('U0ANATOO', { slackId: 'U0ANATOO', name: 'Ana', email: 'root@harbor.example', timeZone: 'UTC' });
});
afterEach(() => flow.close());

const now = () => flow.clock.now();
let uses = 0;
const use = (more: Partial<EmergencyInput> = {}) => {
  uses += 1;
  return breakGlass(flow.deps, {
    submissionKey: `B${uses}`,
    personId: 'U0ANA',
    role: 'db/read',
    duration: HOUR,
    reason: 'everything is down',
    incidentId: null,
    factor: null,
    ...more,
  });
};
const used = async (more: Partial<EmergencyInput> = {}): Promise<ApprovedRequest> => {
  const request = await use(more);
  if ('refused' in request || request.state !== 'approved')
    throw new Error(`it was not given: ${JSON.stringify(request)}`);
  return request;
};
const refused = (code: string) => ({ refused: expect.objectContaining({ code }) });
const policy = (from: string | RegExp, to: string) => flow.reload((source) => source.replace(from, to));
const said = (type: string) => flow.events().filter((event) => event.type === type);
const last = () => flow.events().at(-1);
const ended = async ({ grantId }: { grantId: string }) => (await flow.deps.store.grant(grantId))?.value.state;

describe('a form that cannot be right', () => {
  const wrong = (more: Partial<Pick<EmergencyInput, 'role' | 'duration' | 'reason'>>) =>
    checkEmergency(flow.deps, { role: 'db/read', duration: HOUR, reason: 'x'.repeat(20), ...more }).map(
      ({ code }) => code,
    );

  test.each([
    ['nothing, where all is well', {}, []],
    ['that there is no such role', { role: 'db/none' }, ['unknown_role']],
    ['that the role has no break-glass', { role: 'db/plain' }, ['no_break_glass']],
    ['nothing about the longest time', { duration: 2 * HOUR }, []],
    ['that a millisecond more is too long', { duration: 2 * HOUR + 1 }, ['duration_too_long']],
    ['that no time is none', { duration: 0 }, ['duration_not_positive']],
    ['nothing about ten characters', { reason: ' 1234567890 ' }, []],
    ['that nine are too few', { reason: ' 123456789 ' }, ['reason_too_short']],
    ['nothing about the longest reason', { reason: 'x'.repeat(REASON_MAX_LENGTH) }, []],
    ['that a longer one is too long', { reason: 'x'.repeat(REASON_MAX_LENGTH + 1) }, ['reason_too_long']],
    ['all at once', { duration: 3 * HOUR, reason: '' }, ['duration_too_long', 'reason_too_short']],
  ])('%s', (_what, more, expected) => {
    expect(wrong(more)).toEqual(expected);
  });

  test('is refused when it is sent, and nothing is given', async () => {
    expect(await use({ role: 'db/plain' })).toEqual({ refused: { code: 'no_break_glass', role: 'db/plain' } });
    expect(await use({ role: 'db/none' })).toEqual({ refused: { code: 'unknown_role', role: 'db/none' } });
    expect(await use({ duration: 2 * HOUR + 1 })).toEqual({
      refused: { code: 'duration_too_long', max: 2 * HOUR, asked: 2 * HOUR + 1 },
    });
    expect(flow.events()).toEqual([]);
  });
});

describe('using break-glass', () => {
  test('gives access immediately, with a review due, recorded as break-glass', async () => {
    const began = now();
    const request = await used({ submissionKey: 'mine', reason: '  everything is down ' });
    expect(request).toMatchObject({
      bundle: request.id,
      submissionKey: 'mine',
      requester: flow.people.get('U0ANA'),
      role: 'db/read',
      duration: HOUR,
      reason: 'everything is down',
      incidentId: null,
      submittedAt: began,
      startsAt: null,
      extends: null,
      askedFor: null,
      approvedAt: began,
      decision: { effect: 'break_glass', rule: null, reasons: ['break-glass, to be reviewed'] },
      useReview: { reviewer: 'U0CHLOE', dueAt: began + 4 * HOUR, broughtUp: 0, verdict: null },
    });
    expect(request.decision.outcomes).toHaveLength(2);
    expect(flow.events().map(({ type }) => type)).toEqual([
      'request.submitted',
      'signals.raised',
      'break_glass.invoked',
      'request.approved',
      'grant.provisioning',
    ]);
    expect(flow.events()).toMatchObject([
      { payload: { decision: { effect: 'break_glass' } } },
      { requestId: request.id },
      {
        actor: { kind: 'person', id: 'U0ANA' },
        requestId: request.id,
        grantId: request.grantId,
        payload: {
          role: 'db/read',
          person: { slackId: 'U0ANA', name: 'Ana' },
          duration: HOUR,
          reason: 'everything is down',
          reviewer: { slackId: 'U0CHLOE', name: 'Chloe' },
          reviewBy: began + 4 * HOUR,
          page: null,
        },
      },
      { payload: { by: 'break_glass', approvers: [] } },
      { grantId: request.grantId },
    ]);
    expect(flow.due('chase_use_review')).toEqual([{ key: request.id, dueAt: began + 2 * HOUR }]);
    expect(flow.due('provision')).toEqual([{ key: request.grantId, dueAt: began }]);
    await flow.work();
    expect((await flow.held('U0ANA', 'db/read')).endsAt).toBe(began + HOUR);
  });

  test('pages those whom the policy names', async () => {
    policy('reviewers: [U0CHLOE, U0DEV] }', 'reviewers: [U0CHLOE, U0DEV], page: PCHECKOUT }');
    await used();
    expect(said('break_glass.invoked')).toMatchObject([{ payload: { page: 'PCHECKOUT' } }]);
  });

  test('records what PagerDuty said, as the rules would have', async () => {
    policy('allow: { members_of: [S0RULES] }', 'allow: { members_of: [S0RULES], on_call: {}, incident: {} }');
    flow.shifts.set('U0ANA', [aShift(now(), { level: 2 }), aShift(now())]);
    flow.incidents.set('PINC1', anIncident({ number: 7 }));
    expect(await used({ incidentId: 'PINC1' })).toMatchObject({
      incidentId: 'PINC1',
      decision: { proof: { onCall: { level: 2 }, incident: { number: 7 } } },
      seenOnCall: { known: true, value: [{ level: 2 }, { level: 1 }] },
    });
    flow.outages.add('pagerduty');
    expect(await used({ personId: 'U0BEN', incidentId: 'PINC1' })).toMatchObject({
      decision: { proof: { onCall: null, incident: null } },
    });
  });

  test('records that nobody is on call', async () => {
    policy('allow: { members_of: [S0RULES] }', 'allow: { members_of: [S0RULES], on_call: {} }');
    expect(await used()).toMatchObject({ decision: { proof: { onCall: null, incident: null } } });
  });

  test('twice with one form counts once', async () => {
    const first = await used({ submissionKey: 'same' });
    expect(await use({ submissionKey: 'same', personId: 'U0BEN' })).toEqual(first);
    expect(said('break_glass.invoked')).toHaveLength(1);
  });

  test('is decided again after losing a race', async () => {
    failCommit(flow.deps.store, new ConflictError('somebody was faster'));
    await used();
    expect(said('break_glass.invoked')).toHaveLength(1);
  });
});

describe('who may', () => {
  test('not those whom it does not name', async () => {
    expect(await use({ personId: 'U0FRED' })).toEqual({ refused: { code: 'no_break_glass', role: 'db/read' } });
  });

  test('not while it is unknown whom it names', async () => {
    flow.groups.delete('S0HEROES');
    expect(await use()).toEqual({ refused: { code: 'eligibility_unknown', problem: 'no group S0HEROES' } });
  });

  test('not people whom Slack does not know', async () => {
    flow.people.set('U0ANA', 'deactivated');
    expect(await use()).toEqual({ refused: { code: 'person_refused', problem: 'deactivated' } });
  });

  test('not while granting is blocked for everybody', async () => {
    Object.assign(flow.deps.integrity, { problem: () => 'event 4 was changed' });
    expect(await use()).toEqual({ refused: { code: 'ledger_damaged', problem: 'event 4 was changed' } });
  });

  test('not people without an account at the target', async () => {
    Object.assign(flow.deps.targets, { obstacle: () => 'no name there' });
    expect(await use()).toEqual({ refused: { code: 'no_account', role: 'db/read', problem: 'no name there' } });
  });

  test('not somebody who has it already, by any account', async () => {
    flow.groups.set('S0HEROES', ['U0ANA', 'U0ANATOO', 'U0BEN']);
    await used();
    await flow.work();
    const { endsAt } = await flow.held('U0ANA', 'db/read');
    const code = { code: 'already_holds', role: 'db/read', until: endsAt };
    expect(await use({ personId: 'U0ANATOO' })).toEqual({ refused: code });
    await used({ personId: 'U0BEN' });
  });

  test('one human once, by two accounts in the same instant', async () => {
    flow.groups.set('S0HEROES', ['U0ANA', 'U0ANATOO', 'U0BEN']);
    for (const allowed of [[], ['U0BEN', 'U0ANA', 'U0ANATOO']]) {
      flow.groups.set('S0RULES', allowed);
      const outcomes = await Promise.all(['U0ANA', 'U0ANATOO'].map((personId) => use({ personId })));
      expect(outcomes.filter((one) => 'refused' in one)).toEqual([refused('already_holds')]);
      flow.clock.advance(HOUR);
      await flow.work();
    }
  });

  test('not without the one-time code that the role needs', async () => {
    expect(await use({ role: 'db/write' })).toEqual({ refused: { code: 'second_factor_needed' } });
  });

  test('not somebody with a use that nobody reviewed in time, of any role', async () => {
    policy('        second_factor: [request]\n', '');
    const first = await used();
    flow.clock.advance(HOUR);
    await flow.work();
    flow.clock.advance(3 * HOUR - 1);
    await used({ role: 'db/write', duration: MINUTE });
    flow.clock.advance(1);
    expect(await use()).toEqual({
      refused: { code: 'break_glass_unreviewed', requestId: first.id, reviewer: 'U0CHLOE' },
    });
    expect(await use({ role: 'db/write', duration: MINUTE })).toMatchObject({
      refused: { code: 'break_glass_unreviewed', requestId: first.id },
    });
    await used({ personId: 'U0BEN' });
    await reviewUse(flow.deps, { requestId: first.id, reviewerId: 'U0CHLOE', justified: true, comment: 'it was down' });
    flow.clock.advance(MINUTE);
    await flow.work();
    await used();
  });

  const removed = async (entitlement: (text: string) => boolean) => {
    const review = await startAccessReview(flow.deps, { personId: 'U0EVE', period: DAY });
    if ('refused' in review) throw new Error(review.refused.code);
    const item = review.items.findIndex((one) => one.role === 'db/read' && entitlement(one.entitlement));
    expect(
      await answerAccessReview(flow.deps, {
        personId: 'U0EVE',
        reviewId: review.id,
        item,
        verdict: 'remove',
        comment: 'not needed',
      }),
    ).not.toHaveProperty('refused');
  };

  test('nobody, where an owner removed it, until the policy changes it', async () => {
    await removed((text) => text.startsWith('break-glass'));
    expect(await use()).toEqual({ refused: { code: 'no_break_glass', role: 'db/read' } });
    expect(
      await previewEmergency(flow.deps, { personId: 'U0ANA', role: 'db/read', duration: 1, incidentId: null }),
    ).toEqual({ refused: { code: 'no_break_glass', role: 'db/read' } });
    policy('max: 2h', 'max: 3h');
    await used();
  });

  test('those whom it names, where an owner removed another rule', async () => {
    await removed((text) => !text.startsWith('break-glass'));
    await used();
  });
});

describe('what the rules allow anyway', () => {
  const allowed = () => flow.groups.set('S0RULES', ['U0ANA', 'U0BEN']);

  test('is an ordinary request, and nobody is alarmed', async () => {
    allowed();
    expect(await used()).toMatchObject({ decision: { effect: 'allow' }, useReview: null });
    expect(said('break_glass.invoked')).toEqual([]);
    expect(flow.due('chase_use_review')).toEqual([]);
  });

  test('needs the reason that the role needs', async () => {
    allowed();
    expect(await use({ reason: '12345678901234' })).toEqual({ refused: { code: 'reason_too_short', minLength: 15 } });
    flow.groups.set('S0RULES', []);
    await used({ reason: '12345678901234' });
  });

  test('is an emergency if it is longer than the role allows, to the millisecond', async () => {
    allowed();
    expect(await used({ duration: HOUR })).toMatchObject({ useReview: null });
    expect(await used({ personId: 'U0BEN', duration: HOUR + 1 })).toMatchObject({
      useReview: { reviewer: 'U0CHLOE' },
      duration: HOUR + 1,
    });
  });

  test('is not given while the same is requested already, and an emergency is', async () => {
    const asked = await flow.asks('U0ANA', 'db/read', HOUR);
    expect(asked.state).toBe('pending');
    allowed();
    expect(await use()).toEqual({ refused: { code: 'already_pending', role: 'db/read', requestId: asked.id } });
    flow.groups.set('S0RULES', []);
    await used();
  });
});

describe('before it is used', () => {
  const preview = (more: Partial<EmergencyInput> = {}) =>
    previewEmergency(flow.deps, { personId: 'U0ANA', role: 'db/read', duration: HOUR, incidentId: null, ...more });

  test('it is said whether it would alarm people', async () => {
    expect(await preview()).toMatchObject({ isOrdinary: false, decided: { decision: { effect: 'ask' } } });
    flow.groups.set('S0RULES', ['U0ANA']);
    expect(await preview()).toMatchObject({ isOrdinary: true, decided: { decision: { effect: 'allow' } } });
    expect(flow.events()).toEqual([]);
  });

  test('no code and no reason are asked for yet', async () => {
    expect(await preview({ role: 'db/write' })).toMatchObject({ isOrdinary: false });
  });

  test('the reason why not is said', async () => {
    expect(await preview({ personId: 'U0FRED' })).toEqual(refused('no_break_glass'));
    expect(await preview({ role: 'db/plain' })).toEqual({ refused: { code: 'no_break_glass', role: 'db/plain' } });
    expect(await preview({ role: 'db/none' })).toEqual({ refused: { code: 'no_break_glass', role: 'db/none' } });
  });

  test('a preview may use earlier evidence, and the act itself asks again', async () => {
    const purposes: string[] = [];
    const { gather } = flow.deps.evidence;
    flow.deps.evidence.gather = (role, about, purpose) => {
      purposes.push(purpose);
      return gather(role, about, purpose);
    };
    await preview();
    await use();
    expect(purposes).toEqual(['preview', 'decision']);
  });
});

describe('who reviews it', () => {
  const reviewer = async (more: Partial<EmergencyInput> = {}) => (await used(more)).useReview?.reviewer;
  const asleep = (...ids: string[]) =>
    Object.assign(flow.deps.directory, {
      isAwake: async ({ slackId }: { slackId: string }) => known(!ids.includes(slackId)),
    });

  test('the reviewer with the fewest reviews waiting', async () => {
    expect(await reviewer()).toBe('U0CHLOE');
    expect(await reviewer({ personId: 'U0BEN' })).toBe('U0DEV');
    flow.groups.set('S0HEROES', ['U0FRED']);
    expect(await reviewer({ personId: 'U0FRED' })).toBe('U0CHLOE');
  });

  test('somebody awake before somebody asleep, however many they have', async () => {
    asleep('U0CHLOE');
    expect(await reviewer()).toBe('U0DEV');
    expect(await reviewer({ personId: 'U0BEN' })).toBe('U0DEV');
  });

  test('somebody asleep where nobody is awake, or nobody knows who is', async () => {
    asleep('U0CHLOE', 'U0DEV', 'U0EVE');
    expect(await reviewer()).toBe('U0CHLOE');
    Object.assign(flow.deps.directory, {
      isAwake: async ({ slackId }: { slackId: string }) =>
        slackId === 'U0CHLOE' ? known(false) : unknown('Slack does not say'),
    });
    expect(await reviewer({ personId: 'U0BEN' })).toBe('U0DEV');
  });

  test('somebody who may be awake before somebody asleep', async () => {
    Object.assign(flow.deps.directory, {
      isAwake: async ({ slackId }: { slackId: string }) =>
        slackId === 'U0CHLOE' ? known(false) : unknown('Slack does not say'),
    });
    expect(await reviewer()).toBe('U0DEV');
    expect(await reviewer({ personId: 'U0BEN' })).toBe('U0DEV');
  });

  test('never the one who used it, by any account', async () => {
    policy('reviewers: [U0CHLOE, U0DEV]', 'reviewers: [U0ANA, U0ANATOO, U0DEV]');
    expect(await reviewer()).toBe('U0DEV');
  });

  test('an administrator, where nobody else is left', async () => {
    policy('reviewers: [U0CHLOE, U0DEV]', 'reviewers: [U0ANATOO]');
    expect(await reviewer()).toBe('U0EVE');
    policy('admins: [U0EVE]', 'admins: [U0BEN]');
    expect(await use({ personId: 'U0BEN' })).toMatchObject({ useReview: { reviewer: 'U0ANATOO' } });
  });

  test('nobody: then nothing is given', async () => {
    policy('reviewers: [U0CHLOE, U0DEV]', 'reviewers: [U0ANATOO]');
    policy('admins: [U0EVE]', 'admins: [U0ANA]');
    expect(await use()).toEqual({ refused: { code: 'nobody_to_review' } });
    expect(flow.events()).toEqual([]);
  });

  test('somebody unknown now: nothing is given, and administrators are not asked', async () => {
    flow.silent.add('U0CHLOE').add('U0DEV');
    expect(await use()).toEqual({ refused: { code: 'eligibility_unknown', problem: 'Slack does not answer' } });
    flow.silent.delete('U0DEV');
    expect(await reviewer()).toBe('U0DEV');
  });

  test('an administrator, where all reviewers have left', async () => {
    flow.people.set('U0CHLOE', 'deactivated');
    flow.people.set('U0DEV', 'deactivated');
    expect(await reviewer()).toBe('U0EVE');
  });
});

describe('a review of a use that is due', () => {
  const chase = async ({ id }: { id: string }) => {
    const back = await chaseUseReview(flow.deps, id);
    return back && back.notBefore - now();
  };
  const broughtUp = async ({ id }: { id: string }) => {
    const request = await flow.request(id);
    return request.state === 'approved' ? request.useReview?.broughtUp : undefined;
  };

  test('has a reminder half-way, once', async () => {
    const request = await used();
    flow.clock.advance(2 * HOUR - 1);
    expect(await chase(request)).toBe(1);
    expect(said('break_glass.reminded')).toEqual([]);
    flow.clock.advance(1);
    expect(await chase(request)).toBe(2 * HOUR);
    expect(await chase(request)).toBe(2 * HOUR);
    expect(said('break_glass.reminded')).toMatchObject([
      {
        actor: { kind: 'bot' },
        requestId: request.id,
        grantId: request.grantId,
        payload: {
          role: 'db/read',
          person: { slackId: 'U0ANA', name: 'Ana' },
          reviewer: { slackId: 'U0CHLOE', name: 'Chloe' },
          reviewBy: request.approvedAt + 4 * HOUR,
        },
      },
    ]);
    expect(await broughtUp(request)).toBe(1);
  });

  test('is called for from its deadline on, every day until it is done', async () => {
    const request = await used();
    flow.clock.advance(2 * HOUR);
    await chase(request);
    flow.clock.advance(2 * HOUR - 1);
    expect(await chase(request)).toBe(1);
    flow.clock.advance(1);
    expect(await chase(request)).toBe(DAY);
    flow.clock.advance(DAY);
    expect(await chase(request)).toBe(DAY);
    expect(said('break_glass.unreviewed')).toHaveLength(2);
    expect(last()).toMatchObject({
      actor: { kind: 'bot' },
      requestId: request.id,
      grantId: request.grantId,
      payload: { role: 'db/read', person: { slackId: 'U0ANA' }, reviewer: { slackId: 'U0CHLOE', name: 'Chloe' } },
    });
    expect(said('break_glass.reminded')).toHaveLength(1);
    expect(await broughtUp(request)).toBe(3);
    await reviewUse(flow.deps, { requestId: request.id, reviewerId: 'U0CHLOE', justified: true, comment: 'fine' });
    expect(await chase(request)).toBeNull();
  });

  test('of a reviewer whom Slack does not name is of their account', async () => {
    const request = await used();
    flow.people.set('U0CHLOE', 'deactivated');
    flow.clock.advance(4 * HOUR);
    await chase(request);
    expect(last()).toMatchObject({ payload: { reviewer: { slackId: 'U0CHLOE', name: 'U0CHLOE' } } });
  });

  test('exists for break-glass alone', async () => {
    flow.groups.set('S0RULES', ['U0ANA']);
    const ordinary = await used();
    const waiting = await flow.asks('U0ANA', 'db/plain', HOUR);
    flow.clock.advance(DAY);
    for (const one of [ordinary, waiting, { id: 'R-none' }]) expect(await chase(one)).toBeNull();
  });
});

describe('reviewing a use', () => {
  const review = (request: { id: string }, more: Partial<UseReviewInput> = {}) =>
    reviewUse(flow.deps, {
      requestId: request.id,
      reviewerId: 'U0CHLOE',
      justified: true,
      comment: ' it was down ',
      ...more,
    });

  test('as justified settles it, and access goes on', async () => {
    const request = await used();
    await flow.work();
    flow.clock.advance(MINUTE);
    const verdict = { by: flow.people.get('U0CHLOE'), justified: true, comment: 'it was down', at: now() };
    expect(await review(request)).toMatchObject({ id: request.id, useReview: { reviewer: 'U0CHLOE', verdict } });
    expect(await flow.request(request.id)).toMatchObject({ useReview: { verdict } });
    expect(last()).toMatchObject({
      type: 'break_glass.reviewed',
      actor: { kind: 'person', id: 'U0CHLOE' },
      requestId: request.id,
      grantId: request.grantId,
      payload: { role: 'db/read', person: { slackId: 'U0ANA' }, justified: true, comment: 'it was down' },
    });
    expect(flow.due('chase_use_review')).toEqual([]);
    expect(await ended(request)).toBe('active');
  });

  test('as not justified ends access immediately', async () => {
    const [request, other] = [await used(), await used({ personId: 'U0BEN' })];
    await flow.work();
    flow.clock.advance(MINUTE);
    await review(request, { justified: false });
    expect(flow.events().slice(-2)).toMatchObject([
      { type: 'break_glass.reviewed', payload: { justified: false } },
      {
        type: 'grant.revoking',
        actor: { kind: 'person', id: 'U0CHLOE' },
        requestId: request.id,
        grantId: request.grantId,
        payload: { why: 'revoked', problem: 'its use was found not justified' },
      },
    ]);
    expect(flow.due('end')).toContainEqual({ key: request.grantId, dueAt: now() });
    expect(flow.due('chase_use_review')).toEqual([expect.objectContaining({ key: other.id })]);
    await flow.work();
    expect(await ended(request)).toBe('ended');
    expect(await ended(other)).toBe('active');
  });

  test('as not justified before it was given keeps it from being given', async () => {
    const request = await used();
    await review(request, { justified: false });
    expect(flow.due('provision')).toEqual([]);
    await flow.work();
    expect(await ended(request)).toBe('ended');
    expect(said('grant.activated')).toEqual([]);
  });

  test('as not justified after its end says so and changes nothing else', async () => {
    const request = await used();
    await flow.work();
    flow.clock.advance(HOUR);
    await flow.work();
    await review(request, { justified: false });
    expect(last()).toMatchObject({ type: 'break_glass.reviewed', payload: { justified: false } });
    expect(flow.due('end')).toEqual([]);
    expect(await ended(request)).toBe('ended');
  });

  test('is done once', async () => {
    const request = await used();
    await review(request);
    expect(await review(request, { reviewerId: 'U0EVE', justified: false })).toEqual(refused('already_looked_at'));
    expect(said('break_glass.reviewed')).toHaveLength(1);
  });

  test('is done again after losing a race', async () => {
    const request = await used();
    failCommit(flow.deps.store, new ConflictError('somebody was faster'));
    expect(await review(request)).toMatchObject({ useReview: { verdict: { justified: true } } });
  });

  test('takes a comment', async () => {
    expect(await review(await used(), { comment: ' \u200b ' })).toEqual(refused('comment_missing'));
  });

  test('is refused for anything but break-glass', async () => {
    flow.groups.set('S0RULES', ['U0ANA']);
    for (const one of [await used(), { id: 'R-none' }]) expect(await review(one)).toEqual(refused('unknown_request'));
  });

  test.each([
    ['another of its reviewers', 'U0DEV'],
    ['an administrator', 'U0EVE'],
  ])('is for %s, too', async (_who, reviewerId) => {
    expect(await review(await used(), { reviewerId })).toMatchObject({
      useReview: { verdict: { by: { slackId: reviewerId } } },
    });
  });

  test.each([
    ['somebody else', 'U0FRED', 'not_a_reviewer'],
    ['another who may break the glass', 'U0BEN', 'not_a_reviewer'],
    ['whoever broke it', 'U0ANA', 'own_request'],
    ['another account of theirs', 'U0ANATOO', 'own_request'],
  ])('is not for %s', async (_who, reviewerId, code) => {
    expect(await review(await used(), { reviewerId })).toEqual(refused(code));
  });

  test('is not for people who have left', async () => {
    const request = await used();
    flow.people.set('U0CHLOE', 'deactivated');
    expect(await review(request)).toEqual({ refused: { code: 'person_refused', problem: 'deactivated' } });
  });

  test('is for one of its reviewers as they are now', async () => {
    const request = await used();
    policy('reviewers: [U0CHLOE, U0DEV]', 'reviewers: [U0DEV]');
    expect(await review(request)).toEqual(refused('not_a_reviewer'));
    policy(/ {8}break_glass:.*reviewers: \[U0DEV\] \}\n/, '');
    expect(await review(request, { reviewerId: 'U0DEV' })).toEqual(refused('not_a_reviewer'));
    expect(await review(request, { reviewerId: 'U0EVE' })).not.toHaveProperty('refused');
  });

  test('waits while its reviewers are unknown, but not for an administrator', async () => {
    const request = await used();
    policy('reviewers: [U0CHLOE, U0DEV]', 'reviewers: [S0NOBODY]');
    expect(await review(request)).toEqual(refused('not_an_admin'));
    expect(await review(request, { reviewerId: 'U0EVE' })).not.toHaveProperty('refused');
  });

  test.each([
    ['whoever broke it', 'U0ANATOO'],
    ['the reviewer', 'U0CHLOETOO'],
  ])('waits while another account of %s is unknown', async (_whose, silent) => {
    policy('same_person: [[U0ANA, U0ANATOO]]', 'same_person: [[U0ANA, U0ANATOO], [U0CHLOE, U0CHLOETOO]]');
    flow.people.set('U0CHLOETOO', { slackId: 'U0CHLOETOO', name: 'C', email: 'c@harbor.example', timeZone: 'UTC' });
    const request = await used();
    flow.silent.add(silent);
    expect(await review(request)).toEqual({
      refused: { code: 'eligibility_unknown', problem: expect.stringContaining(silent) },
    });
  });
});
