/** One reviewer's word: who may say it, what it comes to, and what the record has of it. */

import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Person } from '../../src/domain/person.ts';
import type { Refusal, Refused } from '../../src/domain/refusal.ts';
import type { Request } from '../../src/domain/request.ts';
import { HOUR, type Instant, known, MINUTE, SECOND, unknown } from '../../src/domain/terms.ts';
import { freeze } from '../../src/lifecycle/health/freeze.ts';
import { type ReviewInput, reviewRequest } from '../../src/lifecycle/review/reviewRequest.ts';
import type { OnCall } from '../../src/ports/pagerDuty.ts';
import { aFlow, aShift, type Flow } from '../support/flowWorld.ts';

let flow: Flow;
afterEach(() => flow.close());

const role = (rules: string, more = '') => `      read:
        grants: {}
        duration: { max: 4h, total: 8h }
${more}        rules: ${rules}`;
const start = (rules: string, slack = '', more = '') => {
  flow = aFlow({ slack, roles: role(rules, more) });
};
const ASK = '[{ ask: { reviewers: [U0CHLOE, U0DEV, U0FRED], expires: 4h } }]';
const ASK_TWO = '[{ ask: { reviewers: [U0CHLOE, U0DEV, U0FRED], needed: 2, expires: 4h } }]';
const now = () => flow.clock.now();
const says = (reviewerId: string, request: Pick<Request, 'id'>, more: Partial<ReviewInput> = {}) =>
  reviewRequest(flow.deps, {
    requestId: request.id,
    reviewerId,
    verdict: 'approve',
    comment: '',
    change: null,
    factor: null,
    ...more,
  });
const refusalOf = (outcome: Request | Refused): Refusal => {
  if ('refused' in outcome) return outcome.refused;
  throw new Error(`it was not refused: ${outcome.state}`);
};
const account = (slackId: string, email: string): Person => ({ slackId, name: slackId, email, timeZone: 'UTC' });
const eventsOf = (type: string) => flow.events().filter((event) => event.type === type);

describe('a review is refused', () => {
  beforeEach(() => start(ASK));

  test('about a missing request', async () => {
    expect(refusalOf(await says('U0CHLOE', { id: 'R404' }))).toEqual({ code: 'unknown_request' });
  });

  test.each(['approve', 'deny'] as const)('about a decided request: %s', async (verdict) => {
    const denied = await flow.asks('U0ANA', 'db/read', HOUR);
    await flow.denies('U0CHLOE', denied);
    const approved = await flow.asks('U0ANA', 'db/read', HOUR);
    await flow.approves('U0CHLOE', approved);
    const before = flow.events().length;
    const word = { verdict, comment: 'no' };
    expect(refusalOf(await says('U0DEV', denied, word))).toEqual({ code: 'not_pending', state: 'denied' });
    expect(refusalOf(await says('U0DEV', approved, word))).toEqual({ code: 'not_pending', state: 'approved' });
    expect(flow.events()).toHaveLength(before);
  });

  test('that denies without a reason', async () => {
    const asked = await flow.asks('U0ANA', 'db/read', HOUR);
    expect(refusalOf(await says('U0CHLOE', asked, { verdict: 'deny', comment: ' \n ' }))).toEqual({
      code: 'comment_missing',
    });
    expect(await says('U0CHLOE', asked, { comment: '  ' })).toMatchObject({
      state: 'approved',
      reviews: [{ comment: '' }],
    });
  });

  test.each([
    ['the reviewer', 'U0CHLOE'],
    ['the requester', 'U0ANA'],
  ])('while %s is not at Slack, with the reason', async (_who, gone) => {
    const asked = await flow.asks('U0ANA', 'db/read', HOUR);
    flow.people.set(gone, `${gone} is deactivated`);
    const refused = { code: 'person_refused', problem: `${gone} is deactivated` };
    expect(refusalOf(await says('U0CHLOE', asked))).toEqual(refused);
    expect(refusalOf(await says('U0CHLOE', asked, { verdict: 'deny', comment: 'no' }))).toEqual(refused);
    expect((await flow.request(asked.id)).state).toBe('pending');
  });

  test.each(['approve', 'deny'] as const)('of one’s own request: %s', async (verdict) => {
    const asked = await flow.asks('U0CHLOE', 'db/read', HOUR);
    expect(refusalOf(await says('U0CHLOE', asked, { verdict, comment: 'no' }))).toEqual({ code: 'own_request' });
  });

  test('of somebody whom no rule names', async () => {
    const asked = await flow.asks('U0ANA', 'db/read', HOUR);
    const word = { verdict: 'deny', comment: 'no' } as const;
    expect(refusalOf(await says('U0BEN', asked))).toEqual({ code: 'not_a_reviewer' });
    expect(refusalOf(await says('U0BEN', asked, word))).toEqual({ code: 'not_a_reviewer' });
  });

  test('if the role is gone from the policy or now denied, with the reasons', async () => {
    const asked = await flow.asks('U0ANA', 'db/read', HOUR);
    flow.reload((source) => source.replace(ASK, '[{ deny: { members_of: [U0ANA] } }]'));
    const refused = refusalOf(await says('U0CHLOE', asked));
    expect(refused).toMatchObject({ code: 'policy_now_denies', outcomes: [{ rule: 1, effect: 'deny' }] });
    expect(refused.code === 'policy_now_denies' && refused.reasons.length).toBeGreaterThan(0);
    flow.reload((source) => source.replace('      read:\n', '      write:\n'));
    expect(refusalOf(await says('U0CHLOE', asked))).toEqual({ code: 'unknown_role', role: 'db/read' });
    expect((await flow.request(asked.id)).state).toBe('pending');
  });
});

describe('of two accounts that belong together, one of which Slack does not answer for', () => {
  beforeEach(() => start(ASK, '  same_person: [[U0CHLOE, U0CHLOE2], [U0ANA, U0ANA2]]'));

  test.each([
    ['the reviewer’s', 'U0CHLOE2'],
    ['the requester’s', 'U0ANA2'],
  ])('%s: nothing is approved meanwhile, and anything may be denied', async (_whose, silent) => {
    const asked = await flow.asks('U0ANA', 'db/read', HOUR);
    flow.silent.add(silent);
    expect(refusalOf(await says('U0CHLOE', asked))).toEqual({
      code: 'eligibility_unknown',
      problem: `another account of the same person, ${silent}, could not be looked up`,
    });
    expect(await says('U0CHLOE', asked, { verdict: 'deny', comment: 'no' })).toMatchObject({ state: 'denied' });
  });
});

describe('a denial', () => {
  beforeEach(() => start(ASK_TWO));

  test('by one reviewer ends it, whoever approved', async () => {
    const asked = await flow.asks('U0ANA', 'db/read', HOUR);
    await says('U0CHLOE', asked);
    flow.clock.advance(MINUTE);
    const denied = await says('U0DEV', asked, { verdict: 'deny', comment: ' not today ' });
    expect(denied).toMatchObject({
      id: asked.id,
      state: 'denied',
      decision: { effect: 'ask', stages: [{ needed: 2 }] },
      deniedAt: now(),
      reviews: [
        { by: { slackId: 'U0CHLOE' }, verdict: 'approve' },
        { by: { slackId: 'U0DEV' }, verdict: 'deny', comment: 'not today', at: now(), onBehalfOf: null },
      ],
    });
    expect(await flow.request(asked.id)).toEqual(denied);
    expect(flow.events().slice(-2)).toMatchObject([
      {
        type: 'review.recorded',
        actor: { kind: 'person', id: 'U0DEV' },
        requestId: asked.id,
        grantId: null,
        payload: {
          role: 'db/read',
          requester: { slackId: 'U0ANA', name: 'Ana' },
          verdict: 'deny',
          comment: 'not today',
          onBehalfOf: null,
        },
      },
      {
        type: 'request.denied',
        actor: { kind: 'person', id: 'U0DEV' },
        requestId: asked.id,
        grantId: null,
        payload: {
          role: 'db/read',
          requester: { slackId: 'U0ANA', name: 'Ana' },
          by: 'reviewer',
          reasons: ['not today'],
        },
      },
    ]);
    expect(flow.events().at(-2)?.payload).not.toHaveProperty('inPlaceOf');
    expect(await flow.left('expire')).toEqual([]);
  });

  test('is refused from somebody who approved', async () => {
    const asked = await flow.asks('U0ANA', 'db/read', HOUR);
    await says('U0CHLOE', asked);
    expect(refusalOf(await says('U0CHLOE', asked, { verdict: 'deny', comment: 'no' }))).toEqual({
      code: 'already_reviewed',
    });
  });

  test('works while everything is frozen, and an approval does not', async () => {
    const asked = await flow.asks('U0ANA', 'db/read', HOUR);
    await freeze(flow.deps, { personId: 'U0EVE', reason: 'a token has leaked' });
    expect(refusalOf(await says('U0CHLOE', asked))).toEqual({
      code: 'frozen',
      by: 'Eve',
      reason: 'a token has leaked',
    });
    expect(await says('U0CHLOE', asked, { verdict: 'deny', comment: 'no' })).toMatchObject({ state: 'denied' });
  });
});

describe('one of several approvals', () => {
  test('looks its evidence up once', async () => {
    start(ASK);
    const asked = await flow.asks('U0ANA', 'db/read', HOUR);
    let gathered = 0;
    const { evidence } = flow.deps;
    const gather: typeof evidence.gather = (...question) => {
      gathered += 1;
      return evidence.gather(...question);
    };
    const word = { requestId: asked.id, reviewerId: 'U0CHLOE', verdict: 'approve', comment: '' } as const;
    const deps = { ...flow.deps, evidence: { gather } };
    expect(await reviewRequest(deps, { ...word, change: null, factor: null })).toMatchObject({ state: 'approved' });
    expect(gathered).toBe(1);
  });

  test('waits for the others, and is recorded with its evidence', async () => {
    start(ASK_TWO);
    const asked = await flow.asks('U0ANA', 'db/read', HOUR);
    expect(await says('U0CHLOE', asked, { comment: ' fine ' })).toMatchObject({
      state: 'pending',
      reviews: [{ by: { slackId: 'U0CHLOE' }, verdict: 'approve', comment: 'fine', at: now() }],
    });
    expect(flow.events().at(-1)).toMatchObject({
      type: 'review.recorded',
      payload: {
        verdict: 'approve',
        comment: 'fine',
        policyHash: flow.deps.policy.hash,
        input: { personId: 'U0ANA', duration: HOUR, at: now() },
        decision: { effect: 'ask', rule: 1 },
      },
    });
    expect(eventsOf('request.approved')).toEqual([]);
    expect(await flow.left('expire')).toEqual([asked.id]);
    expect(await flow.isHeld('U0ANA', 'db/read')).toBe(false);
  });

  test('counts once for each reviewer, also the second', async () => {
    start(ASK_TWO.replace('needed: 2', 'needed: 3'));
    const asked = await flow.asks('U0ANA', 'db/read', HOUR);
    await says('U0CHLOE', asked);
    await says('U0DEV', asked);
    expect(refusalOf(await says('U0DEV', asked))).toEqual({ code: 'already_reviewed' });
    expect(await says('U0FRED', asked)).toMatchObject({ state: 'approved' });
  });

  test.each([
    ['who has the requester’s mailbox by now', [['U0CHLOE', 'ana+c@harbor.example']]],
    [
      'whose mailbox the requester has by now',
      [
        ['U0CHLOE', 'chloe.new@harbor.example'],
        ['U0ANA', 'chloe+a@harbor.example'],
      ],
    ],
  ] as [string, [string, string][]][])('of one %s does not count', async (_who, moves) => {
    start(ASK_TWO);
    const asked = await flow.asks('U0ANA', 'db/read', HOUR);
    await says('U0CHLOE', asked);
    for (const [id, email] of moves) flow.people.set(id, account(id, email));
    expect(await says('U0DEV', asked)).toMatchObject({ state: 'pending' });
    expect(await says('U0FRED', asked)).toMatchObject({ state: 'approved' });
  });

  test('is not given again by somebody with the first one’s present mailbox', async () => {
    start(ASK_TWO);
    const asked = await flow.asks('U0ANA', 'db/read', HOUR);
    await says('U0CHLOE', asked);
    flow.people.set('U0CHLOE', account('U0CHLOE', 'dev+c@harbor.example'));
    expect(refusalOf(await says('U0DEV', asked))).toEqual({ code: 'already_reviewed' });
  });

  test('that was the last one gives it, and names everybody who approved', async () => {
    start(ASK_TWO);
    const asked = await flow.asks('U0ANA', 'db/read', HOUR);
    await says('U0CHLOE', asked);
    flow.clock.advance(MINUTE);
    expect(await says('U0DEV', asked)).toMatchObject({ state: 'approved', approvedAt: now() });
    expect(eventsOf('request.approved')).toMatchObject([
      {
        actor: { id: 'U0DEV' },
        payload: { by: 'reviewers', approvers: [{ slackId: 'U0CHLOE' }, { slackId: 'U0DEV' }] },
      },
    ]);
    expect(flow.events().map(({ type }) => type)).toEqual([
      'request.submitted',
      'signals.raised',
      'review.recorded',
      'review.recorded',
      'request.approved',
      'grant.provisioning',
    ]);
    expect(await flow.left('expire')).toEqual([]);
  });

  test('that no longer counts is not named among them', async () => {
    start(ASK_TWO);
    const asked = await flow.asks('U0ANA', 'db/read', HOUR);
    await says('U0CHLOE', asked);
    flow.people.set('U0CHLOE', 'deactivated');
    await says('U0DEV', asked);
    expect(await says('U0FRED', asked)).toMatchObject({
      state: 'approved',
      reviews: [{ by: { slackId: 'U0DEV' } }, { by: { slackId: 'U0FRED' } }],
    });
    expect(eventsOf('request.approved')[0]?.payload).toMatchObject({
      approvers: [{ slackId: 'U0DEV' }, { slackId: 'U0FRED' }],
    });
  });

  test('in the name of somebody who approved is refused, with who it was', async () => {
    start(ASK_TWO, '  delegates: [U0BEN, U0EVE]');
    const asked = await flow.asks('U0ANA', 'db/read', HOUR);
    await flow.standsIn('U0CHLOE', 'U0BEN');
    await says('U0BEN', asked);
    expect(eventsOf('review.recorded')[0]?.payload).toMatchObject({
      onBehalfOf: 'U0CHLOE',
      inPlaceOf: { slackId: 'U0CHLOE', name: 'Chloe' },
    });
    expect(refusalOf(await says('U0CHLOE', asked))).toEqual({ code: 'authority_used', by: 'U0BEN' });
  });

  test('by somebody who may decide alone is their own, though they stand in', async () => {
    start(ASK_TWO, '  delegates: [U0DEV]');
    const asked = await flow.asks('U0ANA', 'db/read', HOUR);
    await flow.standsIn('U0CHLOE', 'U0DEV');
    expect(await says('U0DEV', asked)).toMatchObject({ reviews: [{ onBehalfOf: null }] });
    expect(await says('U0CHLOE', asked)).toMatchObject({ state: 'approved' });
  });
});

describe('approving less', () => {
  const ROLES = `      admin:
        grants: {}
        duration: { max: 4h }
        narrower: [read, write]
        rules: [{ ask: { reviewers: [U0CHLOE, U0DEV], needed: 2, expires: 4h } }]
      write:
        grants: {}
        duration: { max: 2h }
        rules: [{ ask: { reviewers: [U0FRED], expires: 4h } }]
      read:
        grants: {}
        duration: { max: 1h }
        rules: [{ ask: { reviewers: [U0FRED], expires: 4h } }]
      other: { grants: {}, duration: { max: 4h }, rules: [{ ask: { reviewers: [U0FRED], expires: 4h } }] }
  web:
    target: { kind: webhook, url: "https://targets.example/web", secret: "\${SECRET}" }
    roles:
      read: { grants: {}, duration: { max: 4h }, rules: [{ ask: { reviewers: [U0FRED], expires: 4h } }] }
      admin: { grants: {}, duration: { max: 4h }, rules: [{ ask: { reviewers: [U0FRED], expires: 4h } }] }`;
  beforeEach(() => {
    flow = aFlow({ roles: ROLES });
  });
  const gives = (reviewer: string, request: Request, narrower: string, duration: number) =>
    says(reviewer, request, { change: { role: narrower, duration } });

  test('without a change does nothing, and is not an approval', async () => {
    const asked = await flow.asks('U0ANA', 'db/admin', 4 * HOUR);
    expect(refusalOf(await gives('U0CHLOE', asked, 'db/admin', 4 * HOUR))).toEqual({ code: 'nothing_less' });
    expect(flow.events().map(({ type }) => type)).not.toContain('review.recorded');
  });

  test('is recorded, with what was asked for', async () => {
    const asked = await flow.asks('U0ANA', 'db/admin', 4 * HOUR);
    expect(await gives('U0CHLOE', asked, 'db/write', 2 * HOUR)).toMatchObject({
      state: 'pending',
      role: 'db/write',
      duration: 2 * HOUR,
      askedFor: { role: 'db/admin', duration: 4 * HOUR },
    });
    expect(flow.events().at(-1)).toMatchObject({
      type: 'request.changed',
      actor: { kind: 'person', id: 'U0CHLOE' },
      requestId: asked.id,
      grantId: null,
      payload: {
        requester: { slackId: 'U0ANA', name: 'Ana' },
        from: { role: 'db/admin', duration: 4 * HOUR },
        to: { role: 'db/write', duration: 2 * HOUR },
      },
    });
  });

  test('can be narrowed further, and keeps what was first asked for', async () => {
    const asked = await flow.asks('U0ANA', 'db/admin', 4 * HOUR);
    await gives('U0CHLOE', asked, 'db/admin', 2 * HOUR);
    expect(await gives('U0DEV', asked, 'db/read', HOUR)).toMatchObject({
      state: 'approved',
      role: 'db/read',
      duration: HOUR,
      askedFor: { role: 'db/admin', duration: 4 * HOUR },
    });
    expect(eventsOf('request.changed').map(({ payload }) => payload)).toMatchObject([
      { from: { duration: 4 * HOUR }, to: { role: 'db/admin', duration: 2 * HOUR } },
      { from: { role: 'db/admin', duration: 2 * HOUR }, to: { role: 'db/read', duration: HOUR } },
    ]);
    await flow.work();
    expect(await flow.held('U0ANA', 'db/read')).toMatchObject({ duration: HOUR });
    expect(await flow.isHeld('U0ANA', 'db/admin')).toBe(false);
  });

  test.each([
    ['a role that the policy does not call narrower', 'db/other', HOUR, { code: 'not_narrower', role: 'db/other' }],
    ['a role elsewhere that is called the same', 'web/read', HOUR, { code: 'not_narrower', role: 'web/read' }],
    ['the same role elsewhere', 'web/admin', HOUR, { code: 'not_narrower', role: 'web/admin' }],
    ['a role that is not there', 'db/nothing', HOUR, { code: 'unknown_role', role: 'db/nothing' }],
    ['more time than was asked for', 'db/admin', 90 * MINUTE + 1, { code: 'change_is_wider' }],
    ['more time than the role allows', 'db/read', HOUR + 1, { code: 'change_is_wider' }],
    ['no time', 'db/read', 0, { code: 'change_is_wider' }],
    ['less than none', 'db/admin', -HOUR, { code: 'change_is_wider' }],
    ['half a millisecond', 'db/admin', HOUR + 0.5, { code: 'change_is_wider' }],
  ])('is not %s', async (_what, narrower, duration, refusal) => {
    const asked = await flow.asks('U0ANA', 'db/admin', 90 * MINUTE);
    expect(refusalOf(await gives('U0CHLOE', asked, narrower, duration))).toEqual(refusal);
    expect(await flow.request(asked.id)).toEqual(asked);
  });

  test.each([
    ['db/read', HOUR],
    ['db/write', 90 * MINUTE],
    ['db/admin', 90 * MINUTE - 1],
  ])('is %s for as long as both allow', async (narrower, duration) => {
    const asked = await flow.asks('U0ANA', 'db/admin', 90 * MINUTE);
    expect(await gives('U0CHLOE', asked, narrower, duration)).toMatchObject({ role: narrower, duration });
  });

  test('is not what the requester asks for already', async () => {
    await flow.asks('U0BEN', 'db/write', HOUR);
    const waiting = await flow.asks('U0ANA', 'db/read', HOUR);
    const asked = await flow.asks('U0ANA', 'db/admin', HOUR);
    expect(refusalOf(await gives('U0CHLOE', asked, 'db/read', HOUR))).toEqual({
      code: 'already_pending',
      role: 'db/read',
      requestId: waiting.id,
    });
    expect(await gives('U0CHLOE', asked, 'db/write', HOUR)).toMatchObject({ role: 'db/write' });
  });

  test('is not what they ask for by another account', async () => {
    flow.people.set('U0ANA2', account('U0ANA2', 'ana+2@harbor.example'));
    await flow.asks('U0ANA2', 'db/read', HOUR);
    const asked = await flow.asks('U0ANA', 'db/admin', HOUR);
    expect(refusalOf(await gives('U0CHLOE', asked, 'db/read', HOUR)).code).toBe('already_pending');
  });

  test('is decided by the narrower role’s own rules, which may say no', async () => {
    const asked = await flow.asks('U0ANA', 'db/admin', HOUR);
    flow.reload((source) =>
      source.replace(
        'duration: { max: 1h }\n        rules: [',
        'duration: { max: 1h }\n        rules: [{ deny: { members_of: [U0ANA] } }, ',
      ),
    );
    expect(refusalOf(await gives('U0CHLOE', asked, 'db/read', HOUR)).code).toBe('policy_now_denies');
    expect(await flow.request(asked.id)).toEqual(asked);
  });

  test('needs what the narrower role needs of a reason', async () => {
    const asked = await flow.asks('U0ANA', 'db/admin', HOUR);
    flow.reload((source) =>
      source.replace('duration: { max: 1h }\n', 'duration: { max: 1h }\n        reason: { min_length: 100 }\n'),
    );
    expect(refusalOf(await gives('U0CHLOE', asked, 'db/read', HOUR)).code).toBe('reason_too_short');
    expect(await gives('U0CHLOE', asked, 'db/write', HOUR)).toMatchObject({ state: 'pending' });
  });

  test('is not given twice, also to another account with the mailbox used then', async () => {
    flow.people.set('U0ANA2', account('U0ANA2', 'ana+2@harbor.example'));
    await says('U0FRED', await flow.asks('U0ANA2', 'db/read', HOUR));
    const asked = await flow.asks('U0ANA', 'db/admin', HOUR);
    await says('U0CHLOE', asked);
    flow.people.set('U0ANA', account('U0ANA', 'ana.k@harbor.example'));
    expect(refusalOf(await gives('U0DEV', asked, 'db/read', HOUR)).code).toBe('already_holds');
  });

  test('is not given twice', async () => {
    const before = await flow.asks('U0ANA', 'db/read', HOUR);
    await says('U0FRED', before);
    const asked = await flow.asks('U0ANA', 'db/admin', HOUR);
    await says('U0CHLOE', asked);
    expect(refusalOf(await gives('U0DEV', asked, 'db/read', HOUR))).toMatchObject({
      code: 'already_holds',
      role: 'db/read',
      until: now() + HOUR,
    });
    expect(await flow.deps.store.liveGrants({})).toHaveLength(1);
  });
});

describe('the role’s present limits', () => {
  test('apply to waiting requests: a duration that is too long is not given', async () => {
    start(ASK);
    const asked = await flow.asks('U0ANA', 'db/read', 4 * HOUR);
    flow.reload((source) => source.replace('max: 4h', 'max: 3h'));
    expect(refusalOf(await says('U0CHLOE', asked)).code).toBe('duration_too_long');
  });

  test('of more time is the whole that may be held, not what may be asked for at once', async () => {
    start(ASK);
    const asked = await flow.asks('U0ANA', 'db/read', HOUR);
    await says('U0CHLOE', asked);
    await flow.work();
    const more = await flow.extends('U0ANA', await flow.held('U0ANA', 'db/read'), 5 * HOUR);
    expect(await says('U0CHLOE', more)).toMatchObject({ state: 'approved', duration: 5 * HOUR });
  });
});

describe('more time', () => {
  const extending = async () => {
    start(ASK);
    const asked = await flow.asks('U0ANA', 'db/read', HOUR);
    await says('U0CHLOE', asked);
    await flow.work();
    return flow.extends('U0ANA', await flow.held('U0ANA', 'db/read'), 30 * MINUTE);
  };

  test('is given as asked or not at all', async () => {
    const more = await extending();
    expect(refusalOf(await says('U0CHLOE', more, { change: { role: 'db/read', duration: MINUTE } }))).toEqual({
      code: 'extension_as_asked',
    });
    expect(await says('U0CHLOE', more)).toMatchObject({ state: 'approved' });
    await flow.work();
    expect(await flow.held('U0ANA', 'db/read')).toMatchObject({ duration: 90 * MINUTE });
    expect(await flow.left('expire')).toEqual([]);
  });

  test('is not given once what is held is over, and is denied all the same', async () => {
    const more = await extending();
    flow.clock.advance(HOUR);
    expect(refusalOf(await says('U0CHLOE', more))).toEqual({ code: 'not_active' });
    expect(await says('U0DEV', more, { verdict: 'deny', comment: 'no' })).toMatchObject({ state: 'denied' });
  });

  test('of another role than the held one is not given, whatever the record says', async () => {
    const more = await extending();
    flow.reload((source) => source.replace('    roles:\n', `    roles:\n${role(ASK).replace('read:', 'write:')}\n`));
    const loaded = await flow.deps.store.request(more.id);
    if (loaded?.value.state !== 'pending') throw new Error('it does not wait');
    const value = { ...loaded.value, role: 'db/write' };
    await flow.deps.store.commit({ requests: [{ value, version: loaded.version }] });
    expect(refusalOf(await says('U0CHLOE', more))).toEqual({ code: 'extension_as_asked' });
  });
});

test('what is asked for a time ahead is approved, though the same is held now', async () => {
  start(ASK);
  await says('U0CHLOE', await flow.asks('U0ANA', 'db/read', HOUR));
  await flow.work();
  const startsAt: Instant = now() + 2 * HOUR;
  const later = await flow.asks('U0ANA', 'db/read', HOUR, { startsAt });
  expect(await says('U0CHLOE', later)).toMatchObject({ state: 'scheduled', startsAt });
});

describe('what is unusual about a review', () => {
  const approvesFive = async (last: number) => {
    start(ASK);
    const outcomes: Request[] = [];
    for (const [index, who] of ['U0ANA', 'U0BEN', 'U0DEV', 'U0EVE', 'U0FRED'].entries()) {
      const asked = await flow.asks(who, 'db/read', HOUR);
      flow.clock.advance(index === 4 ? last : SECOND);
      outcomes.push(await flow.approves('U0CHLOE', asked));
    }
    // What comes before the fifth is no pattern yet.
    for (const earlier of outcomes.slice(0, 4)) expect(earlier.signals).toMatchObject([{ kind: 'first_time' }]);
    return outcomes.at(-1);
  };

  test('is five quick yeses in a row: it informs, on the request and in the record', async () => {
    const fifth = await approvesFive(10 * SECOND - 1);
    expect(fifth).toMatchObject({ state: 'approved' });
    expect(fifth?.signals.map(({ kind }) => kind)).toEqual(['first_time', 'quick_approvals']);
    expect(eventsOf('signals.raised').at(-1)).toMatchObject({
      actor: { kind: 'bot' },
      requestId: fifth?.id,
      payload: { role: 'db/read', requester: { slackId: 'U0FRED' }, signals: [{ kind: 'quick_approvals' }] },
    });
    expect(
      flow
        .events()
        .map(({ type }) => type)
        .slice(-4),
    ).toEqual(['review.recorded', 'signals.raised', 'request.approved', 'grant.provisioning']);
  });

  test('is nothing where the last one took ten seconds', async () => {
    const fifth = await approvesFive(10 * SECOND);
    expect(fifth?.signals.map(({ kind }) => kind)).toEqual(['first_time']);
  });

  test('is two who approve only each other, by whatever accounts', async () => {
    start(
      '[{ ask: { reviewers: [U0CHLOE, U0CHLOE2, U0DEV], expires: 4h } }]',
      '  same_person: [[U0CHLOE, U0CHLOE2], [U0DEV, U0ADEV]]',
    );
    flow.people.set('U0CHLOE2', account('U0CHLOE2', 'root@harbor.example'));
    flow.people.set('U0ADEV', account('U0ADEV', 'dev.root@harbor.example'));
    const last = async (asking: string[], reviewing: string[]) => {
      let outcome: Request | undefined;
      for (const [index, who] of asking.entries()) {
        const asked = await flow.asks(who, 'db/read', MINUTE);
        flow.clock.advance(MINUTE);
        outcome = await flow.approves(reviewing[index] ?? '', asked);
        await flow.work();
        flow.clock.advance(HOUR);
        await flow.work();
      }
      return outcome?.signals.map(({ kind }) => kind);
    };
    await last(['U0DEV', 'U0ADEV', 'U0DEV'], ['U0CHLOE', 'U0CHLOE2', 'U0CHLOE']);
    expect(await last(['U0CHLOE', 'U0CHLOE2'], ['U0DEV', 'U0DEV'])).toEqual([]);
    expect(await last(['U0CHLOE2'], ['U0DEV'])).toEqual(['mutual_approvals']);
    expect(await last(['U0ADEV'], ['U0CHLOE2'])).toEqual(['mutual_approvals']);
  });

  test('is told of a no, too', async () => {
    start(ASK_TWO);
    const [first, second] = [await flow.asks('U0ANA', 'db/read', HOUR), await flow.asks('U0BEN', 'db/read', HOUR)];
    await flow.approves('U0CHLOE', first);
    expect((await flow.denies('U0CHLOE', second)).signals.map(({ kind }) => kind)).toEqual(['first_time']);
  });
});

describe('whoever was asked as well', () => {
  const STEPS = `
          - ask:
              stages: [{ reviewers: [U0CHLOE] }, { reviewers: [U0DEV] }]
              escalate:
                - { after: 5m, to: { reviewers: [S0SECOND] } }
                - { after: 5m, to: { on_call: { escalation_policy: PPAY, level: 1 } } }
                - { after: 5m, to: { on_call: { escalation_policy: PWEB, level: 2 } } }
              expires: 4h`;
  const escalated = async (slack = '') => {
    start(STEPS, slack);
    flow.groups.set('S0SECOND', ['U0FRED']);
    const shift = { escalationPolicy: { id: 'PWEB', name: 'Web' }, level: 2 };
    flow.shifts.set('U0EVE', [aShift(now(), shift)]);
    const asked = await flow.asks('U0ANA', 'db/read', HOUR);
    flow.clock.advance(6 * MINUTE);
    await flow.work();
    return asked;
  };

  test('counts for the stage that lacks somebody, and is recorded as asked', async () => {
    const asked = await escalated();
    await flow.approves('U0CHLOE', asked);
    const approved = await flow.approves('U0FRED', asked);
    expect(approved).toMatchObject({ state: 'approved', reviews: [{}, { wasAsked: true }] });
    const [first, second] = 'reviews' in approved ? approved.reviews : [];
    expect(first).not.toHaveProperty('wasAsked');
    expect(second).not.toHaveProperty('wasOnCall');
  });

  test('for being on call is recorded as that, on whatever shift of the rule', async () => {
    const asked = await escalated();
    expect(await flow.approves('U0EVE', asked)).toMatchObject({
      state: 'pending',
      reviews: [{ wasAsked: true, wasOnCall: true }],
    });
    expect(await flow.approves('U0FRED', asked)).toMatchObject({ state: 'approved' });
  });

  test('is one of those whom the rule’s reviewers are, where they are one anyway', async () => {
    const asked = await escalated();
    flow.reload((source) => source.replace('reviewers: [U0DEV]', 'reviewers: [U0EVE]'));
    expect(await flow.approves('U0EVE', asked)).toMatchObject({ state: 'pending' });
    // They count for the second stage alone now, and the first is still open.
    expect(await flow.approves('U0CHLOE', asked)).toMatchObject({ state: 'approved' });
  });

  test('only after they were asked: being on call for the rule is not enough', async () => {
    start(STEPS);
    flow.groups.set('S0SECOND', ['U0FRED']);
    const asked = await flow.asks('U0ANA', 'db/read', HOUR);
    expect(refusalOf(await says('U0FRED', asked))).toEqual({ code: 'not_a_reviewer' });
  });

  test('and of whom nobody can tell any more whether they would be, has to wait', async () => {
    const asked = await escalated();
    flow.groups.delete('S0SECOND');
    expect(refusalOf(await says('U0FRED', asked))).toEqual({
      code: 'eligibility_unknown',
      problem: 'no group S0SECOND',
    });
    // Who is on call is, whatever is known of the group.
    expect(await says('U0EVE', asked)).toMatchObject({ reviews: [{ wasOnCall: true }] });
  });

  test('and was on call for the first yes did not say it once their shift is over', async () => {
    const asked = await escalated();
    await flow.approves('U0EVE', asked);
    flow.shifts.delete('U0EVE');
    expect(await flow.approves('U0CHLOE', asked)).toMatchObject({ state: 'pending' });
    expect(await flow.approves('U0DEV', asked)).toMatchObject({ state: 'approved' });
  });

  test('and has another address since counts as whoever is on call now', async () => {
    const asked = await escalated();
    await flow.approves('U0EVE', asked);
    flow.people.set('U0EVE', account('U0EVE', 'eve.k@harbor.example'));
    expect(await flow.approves('U0CHLOE', asked)).toMatchObject({ state: 'approved' });
  });

  test('is on call by the address that the policy has of them', async () => {
    const asked = await escalated();
    flow.reload((source) => `${source}\nidentities: { U0EVE: { pagerduty: Pager@harbor.example } }\n`);
    const onCallFor: OnCall['onCallFor'] = async () => known({ addresses: ['pager@harbor.example'], unread: null });
    const deps = { ...flow.deps, onCall: { ...flow.deps.onCall, onCallFor } };
    const word = { requestId: asked.id, verdict: 'approve', comment: '', change: null, factor: null } as const;
    expect(await reviewRequest(deps, { ...word, reviewerId: 'U0EVE' })).toMatchObject({
      reviews: [{ wasOnCall: true }],
    });
  });

  test.each([
    ['of the first', 'PPAY', unknown('the first is down'), 'the first is down'],
    ['of the second', 'PWEB', unknown('the second is down'), 'the second is down'],
    ['of all', 'PWEB', known({ addresses: [], unread: 'one user was not told' }), 'one user was not told'],
  ])(
    'has to wait where PagerDuty does not say who is on call %s of two shifts',
    async (_which, policy, answer, problem) => {
      const asked = await escalated();
      const onCallFor: OnCall['onCallFor'] = async (id) =>
        id === policy ? answer : known({ addresses: ['somebody@harbor.example'], unread: null });
      const deps = { ...flow.deps, onCall: { ...flow.deps.onCall, onCallFor } };
      const word = { requestId: asked.id, verdict: 'approve', comment: '', change: null, factor: null } as const;
      expect(await reviewRequest(deps, { ...word, reviewerId: 'U0EVE' })).toEqual({
        refused: { code: 'eligibility_unknown', problem },
      });
      // Whoever is named by the rule does not.
      expect(await reviewRequest(deps, { ...word, reviewerId: 'U0FRED' })).toMatchObject({ state: 'pending' });
    },
  );

  test('is not taken for somebody else at PagerDuty', async () => {
    const asked = await escalated();
    flow.reload((source) => `${source}\nidentities: { U0BEN: { pagerduty: eve@harbor.example } }\n`);
    expect(refusalOf(await says('U0EVE', asked)).code).toBe('eligibility_unknown');
  });
});

describe('administrators replace reviewers who are gone, where a rule asks nobody else', () => {
  const ONE = '[{ ask: { reviewers: [U0CHLOE], expires: 4h } }]';
  const asked = async () => {
    start(ONE);
    flow.people.set('U0CHLOE', 'deactivated');
    const request = await flow.asks('U0ANA', 'db/read', HOUR);
    await flow.work();
    return request;
  };

  test('and may decide', async () => {
    const request = await asked();
    expect(await flow.approves('U0EVE', request)).toMatchObject({
      state: 'approved',
      reviews: [{ wasAsked: true }],
    });
  });

  test('and may not once they left office, or the rule asks others by now', async () => {
    const request = await asked();
    flow.reload((source) => source.replace('admins: [U0EVE]', 'admins: [U0FRED]'));
    expect(refusalOf(await says('U0EVE', request))).toEqual({ code: 'not_a_reviewer' });
    flow.reload((source) =>
      source
        .replace('admins: [U0FRED]', 'admins: [U0EVE]')
        .replace('expires: 4h', 'expires: 4h, escalate: [{ after: 5m, to: { reviewers: [U0DEV] } }]'),
    );
    expect(refusalOf(await says('U0EVE', request))).toEqual({ code: 'not_a_reviewer' });
  });

  test('and have to wait while it cannot be read who they are', async () => {
    const request = await asked();
    flow.reload((source) => source.replace('admins: [U0EVE]', 'admins: [S0LOST]'));
    expect(refusalOf(await says('U0EVE', request))).toEqual({
      code: 'eligibility_unknown',
      problem: 'no group S0LOST',
    });
  });

  test('and carry what begins later', async () => {
    start(ONE);
    flow.people.set('U0CHLOE', 'deactivated');
    const request = await flow.asks('U0ANA', 'db/read', HOUR, { startsAt: now() + HOUR });
    await flow.work();
    await flow.approves('U0EVE', request);
    flow.clock.advance(HOUR);
    await flow.work();
    expect(await flow.isHeld('U0ANA', 'db/read')).toBe(true);
  });
});

describe('a stand-in', () => {
  const GROUPS = '[{ ask: { stages: [{ reviewers: [S0FIRST] }, { reviewers: [S0SECOND] }], expires: 4h } }]';
  const begin = async (rules: string) => {
    start(rules, '  delegates: [U0FRED, U0BEN]\n  same_person: [[U0CHLOE, U0CHLOE2]]');
    flow.groups.set('S0FIRST', ['U0CHLOE']);
    flow.groups.set('S0SECOND', ['U0DEV']);
    flow.people.set('U0CHLOE2', account('U0CHLOE2', 'root@harbor.example'));
    await flow.standsIn('U0CHLOE', 'U0FRED');
    return flow.asks('U0ANA', 'db/read', HOUR);
  };

  test('waits while an account of whom they stand in for cannot be looked up', async () => {
    const asked = await begin('[{ ask: { reviewers: [U0CHLOE], expires: 4h } }]');
    flow.silent.add('U0CHLOE2');
    expect(refusalOf(await says('U0FRED', asked))).toEqual({
      code: 'eligibility_unknown',
      problem: 'another account of the same person, U0CHLOE2, could not be looked up',
    });
  });

  test('who may say it for themselves need not wait for that', async () => {
    const asked = await begin(ASK);
    flow.silent.add('U0CHLOE2');
    expect(await says('U0FRED', asked)).toMatchObject({ state: 'approved', reviews: [{ onBehalfOf: null }] });
  });

  test('who approves for one stage leaves the other to be needed', async () => {
    const asked = await begin(GROUPS);
    expect(await says('U0FRED', asked)).toMatchObject({
      state: 'pending',
      stillNeeded: [{ reviewers: ['S0SECOND'], needed: 1 }],
    });
  });

  test('waits while groups of the absent reviewer are unknown, unless one names them', async () => {
    const asked = await begin(GROUPS);
    flow.groups.delete('S0SECOND');
    expect(await says('U0FRED', asked)).toMatchObject({ state: 'pending', reviews: [{ onBehalfOf: 'U0CHLOE' }] });
    flow.close();
    const other = await begin(GROUPS);
    flow.groups.delete('S0FIRST');
    expect(refusalOf(await says('U0FRED', other))).toEqual({
      code: 'eligibility_unknown',
      problem: 'no group S0FIRST',
    });
  });

  test('of two speaks for the one who is not spoken for', async () => {
    const asked = await begin(GROUPS);
    await flow.standsIn('U0DEV', 'U0FRED');
    await flow.standsIn('U0DEV', 'U0BEN');
    expect(await says('U0BEN', asked)).toMatchObject({ reviews: [{ onBehalfOf: 'U0DEV' }] });
    expect(await says('U0FRED', asked)).toMatchObject({ state: 'approved', reviews: [{}, { onBehalfOf: 'U0CHLOE' }] });
  });

  test('whose time is over before the last yes did not say the first one', async () => {
    start(ASK_TWO, '  delegates: [U0BEN]');
    await flow.standsIn('U0CHLOE', 'U0BEN', now() + HOUR);
    const [early, late] = [await flow.asks('U0ANA', 'db/read', HOUR), await flow.asks('U0EVE', 'db/read', HOUR)];
    await says('U0BEN', early);
    await says('U0BEN', late);
    flow.clock.advance(HOUR - 1);
    expect(await says('U0DEV', early)).toMatchObject({ state: 'approved' });
    flow.clock.advance(1);
    expect(await says('U0DEV', late)).toMatchObject({ state: 'pending' });
    expect(await says('U0FRED', late)).toMatchObject({ state: 'approved' });
  });
});
