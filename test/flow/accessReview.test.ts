/** Owners say which rules stay. Each answer is on record, counts at once, and can be taken back until the review closes. */

import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { AccessReview } from '../../src/domain/accessReview.ts';
import { HOUR } from '../../src/domain/terms.ts';
import {
  type AnswerInput,
  answerAccessReview,
  chaseAccessReview,
  startAccessReview,
} from '../../src/lifecycle/accessReview/accessReview.ts';
import { keepAll } from '../../src/lifecycle/accessReview/keepAll.ts';
import { ConflictError } from '../../src/ports/store.ts';
import { failCommit } from '../support/disturbed.ts';
import { aFlow, type Flow } from '../support/flowWorld.ts';

let flow: Flow;
const DAY = 24 * HOUR;
const ROLES = `      read:
        grants: {}
        duration: { max: 1h }
        rules: [{ allow: { members_of: [U0BEN, U0FRED] } }, { ask: { reviewers: [U0CHLOE] } }]
      write: { grants: {}, duration: { max: 1h }, rules: [{ ask: { reviewers: [U0CHLOE] } }] }`;
/** Positions in the list of a review. */
const [ALLOWS_BEN, ASKS_READ, ASKS_WRITE, NOWHERE] = [0, 1, 2, 3];
beforeEach(() => {
  flow = aFlow({ slack: '  same_person: [[U0BEN, U0BENTOO]]', roles: ROLES });
  flow.reload((source) => source.replace('    name: Database\n', '    name: Database\n    owners: [U0BEN, U0DEV]\n'));
});
afterEach(() => flow.close());

const now = () => flow.clock.now();
const starts = (more: { personId?: string; period?: number } = {}) =>
  startAccessReview(flow.deps, { personId: 'U0EVE', period: 10 * DAY, ...more });
const begun = async (): Promise<AccessReview> => {
  const review = await starts();
  if ('refused' in review) throw new Error(review.refused.code);
  return review;
};
const answers = ({ id }: { id: string }, item: number, more: Partial<AnswerInput> = {}) =>
  answerAccessReview(flow.deps, { personId: 'U0DEV', reviewId: id, item, verdict: 'keep', comment: '', ...more });
const removes = (review: { id: string }, item: number, more: Partial<AnswerInput> = {}) =>
  answers(review, item, { verdict: 'remove', comment: ' nobody needs it ', ...more });
const refused = (code: string) => ({ refused: expect.objectContaining({ code }) });
const last = () => flow.events().at(-1);
const said = (type: string) => flow.events().filter((event) => event.type === type);
const stored = async ({ id }: { id: string }) => (await flow.deps.store.record('access_review', id)).value;
const out = async (role: string) => (await flow.deps.store.record('removals', role)).value;
const entitlement = (review: AccessReview, item: number) => review.items[item]?.entitlement ?? '';

describe('starting an access review', () => {
  test('asks about each rule that lets somebody in', async () => {
    const review = await begun();
    expect(review).toMatchObject({
      startedBy: { slackId: 'U0EVE', name: 'Eve' },
      startedAt: now(),
      dueAt: now() + 10 * DAY,
      policyHash: flow.deps.policy.hash,
      reminded: 0,
      closedAt: null,
    });
    expect(review.items.map(({ role, answer }) => [role, answer])).toEqual([
      ['db/read', null],
      ['db/read', null],
      ['db/write', null],
    ]);
    expect(await stored(review)).toEqual(review);
    expect(last()).toMatchObject({
      type: 'access_review.started',
      actor: { kind: 'person', id: 'U0EVE' },
      requestId: null,
      grantId: null,
      payload: { review: review.id, dueAt: now() + 10 * DAY, items: 3, policyHash: flow.deps.policy.hash },
    });
    expect(flow.due('review_cards')).toEqual([{ key: review.id, dueAt: now() }]);
    expect(flow.due('access_review')).toEqual([{ key: review.id, dueAt: now() + 5 * DAY }]);
  });

  test('counts the uses of the last ninety days', async () => {
    await flow.asks('U0BEN', 'db/read', HOUR);
    await flow.work();
    flow.clock.advance(90 * DAY);
    expect((await begun()).items.map(({ uses, people }) => [uses, people])).toEqual([
      [1, 1],
      [1, 1],
      [0, 0],
    ]);
  });

  test('leaves out earlier uses', async () => {
    await flow.asks('U0BEN', 'db/read', HOUR);
    await flow.work();
    flow.clock.advance(90 * DAY + 1);
    expect((await begun()).items.map(({ uses }) => uses)).toEqual([0, 0, 0]);
  });

  test.each([
    ['a day', DAY, true],
    ['less than a day', DAY - 1, false],
    ['sixty days', 60 * DAY, true],
    ['more than sixty days', 60 * DAY + 1, false],
    ['a time that is none', Number.NaN, false],
  ])('lasts from a day to sixty: %s', async (_what, period, isRight) => {
    const review = await starts({ period });
    if (isRight) expect(review).toMatchObject({ dueAt: now() + period });
    else expect(review).toEqual({ refused: { code: 'review_period', min: DAY, max: 60 * DAY } });
  });

  test('is for administrators', async () => {
    expect(await starts({ personId: 'U0DEV' })).toEqual({ refused: { code: 'not_an_admin' } });
    expect(await flow.deps.store.records('access_review')).toEqual([]);
  });

  test('waits until the one before is closed', async () => {
    const review = await begun();
    expect(await starts()).toEqual({ refused: { code: 'review_open', id: review.id, dueAt: review.dueAt } });
    flow.clock.advance(10 * DAY);
    await chaseAccessReview(flow.deps, review.id);
    expect(await starts()).toMatchObject({ closedAt: null });
  });

  test('is decided again after losing a race', async () => {
    failCommit(flow.deps.store, new ConflictError('somebody was faster'));
    expect(await starts()).toMatchObject({ closedAt: null });
  });
});

describe('keeping all that was shown', () => {
  test('leaves what names the owner, and what was answered since, to others', async () => {
    const review = await begun();
    await removes(review, ASKS_READ);
    const keeps = (personId: string) =>
      keepAll(flow.deps, { personId, reviewId: review.id, items: [ALLOWS_BEN, ASKS_READ, ASKS_WRITE] });
    expect(await keeps('U0BEN')).toEqual({ kept: 2, own: 1 });
    expect((await stored(review))?.items.map(({ answer }) => answer?.verdict)).toEqual([undefined, 'remove', 'keep']);
    expect(await keeps('U0DEV')).toEqual({ kept: 3, own: 0 });
    expect((await stored(review))?.items.map(({ answer }) => answer?.by.slackId)).toEqual(['U0DEV', 'U0DEV', 'U0BEN']);
  });

  test('is for owners', async () => {
    const review = await begun();
    expect(await keepAll(flow.deps, { personId: 'U0ANA', reviewId: review.id, items: [ASKS_READ] })).toEqual(
      refused('not_an_owner'),
    );
    expect(said('access_review.answered')).toEqual([]);
  });
});

describe('an answer', () => {
  test('to keep a rule is recorded', async () => {
    const review = await begun();
    flow.clock.advance(HOUR);
    const next = await answers(review, ASKS_READ, { comment: ' still so ' });
    const answer = { by: { slackId: 'U0DEV', name: 'Dev' }, verdict: 'keep', comment: 'still so', at: now() };
    expect(next).toMatchObject({ items: [{ answer: null }, { answer }, { answer: null }] });
    expect(await stored(review)).toEqual(next);
    expect(last()).toMatchObject({
      type: 'access_review.answered',
      actor: { kind: 'person', id: 'U0DEV' },
      requestId: null,
      grantId: null,
      payload: {
        review: review.id,
        role: 'db/read',
        entitlement: entitlement(review, ASKS_READ),
        verdict: 'keep',
        comment: 'still so',
      },
    });
    expect(flow.due('review_cards')).toEqual([{ key: review.id, dueAt: now() }]);
    expect(await out('db/read')).toEqual([]);
  });

  test('to remove a rule ends what it gives from then on, and keeps the others', async () => {
    const review = await begun();
    await removes(review, ALLOWS_BEN);
    const removal = { by: { slackId: 'U0DEV', name: 'Dev' }, at: now(), review: review.id };
    const first = { ...removal, entitlement: entitlement(review, ALLOWS_BEN) };
    expect(await out('db/read')).toEqual([first]);
    expect(last()).toMatchObject({ payload: { verdict: 'remove', comment: 'nobody needs it' } });
    expect((await flow.asks('U0BEN', 'db/read', HOUR)).state).toBe('pending');
    await removes(review, ASKS_READ);
    expect(await out('db/read')).toEqual([first, { ...removal, entitlement: entitlement(review, ASKS_READ) }]);
    expect(await out('db/write')).toBeNull();
    expect((await flow.asks('U0BEN', 'db/write', HOUR)).state).toBe('pending');
  });

  test('can be taken back, by the same person', async () => {
    const review = await begun();
    await removes(review, ALLOWS_BEN);
    await removes(review, ASKS_READ);
    flow.clock.advance(HOUR);
    await answers(review, ALLOWS_BEN);
    expect(await out('db/read')).toMatchObject([{ entitlement: entitlement(review, ASKS_READ) }]);
    expect((await flow.asks('U0BEN', 'db/read', HOUR)).state).toBe('approved');
    await removes(review, ALLOWS_BEN);
    expect(await out('db/read')).toHaveLength(2);
  });

  test('is not given twice by the same person', async () => {
    const review = await begun();
    const first = await removes(review, ALLOWS_BEN);
    expect(await removes(review, ALLOWS_BEN, { comment: 'again' })).toEqual(first);
    expect(said('access_review.answered')).toHaveLength(1);
    expect(await removes(review, ALLOWS_BEN, { personId: 'U0EVE' })).toMatchObject({
      items: [{ answer: { by: { slackId: 'U0EVE' } } }, {}, {}],
    });
    expect(said('access_review.answered')).toHaveLength(2);
    expect(await out('db/read')).toMatchObject([{ by: { slackId: 'U0EVE' } }]);
  });

  test('needs a reason to remove a rule, and none to keep one', async () => {
    const review = await begun();
    expect(await removes(review, ALLOWS_BEN, { comment: ' \u200b ' })).toEqual(refused('comment_missing'));
    expect(await out('db/read')).toBeNull();
    expect(await answers(review, ALLOWS_BEN, { comment: ' ' })).not.toHaveProperty('refused');
  });

  test('is refused about a rule that was not asked about', async () => {
    const review = await begun();
    expect(await answers(review, NOWHERE)).toEqual(refused('unknown_review'));
    expect(await answers(review, -1)).toEqual(refused('unknown_review'));
    expect(await answers({ id: 'A-none' }, ALLOWS_BEN)).toEqual(refused('unknown_review'));
  });

  test('is too late once the review is closed', async () => {
    const review = await begun();
    flow.clock.advance(10 * DAY);
    expect(await answers(review, ALLOWS_BEN)).not.toHaveProperty('refused');
    await chaseAccessReview(flow.deps, review.id);
    expect(await answers(review, ASKS_READ)).toEqual(refused('review_closed'));
  });

  test('is given again after losing a race', async () => {
    const review = await begun();
    failCommit(flow.deps.store, new ConflictError('somebody was faster'));
    expect(await removes(review, ALLOWS_BEN)).toMatchObject({ items: [{ answer: { verdict: 'remove' } }, {}, {}] });
  });
});

describe('who answers', () => {
  test.each([
    ['an owner', 'U0DEV'],
    ['an administrator', 'U0EVE'],
  ])('%s', async (_who, personId) => {
    expect(await answers(await begun(), ALLOWS_BEN, { personId })).not.toHaveProperty('refused');
  });

  test('nobody else', async () => {
    expect(await answers(await begun(), ALLOWS_BEN, { personId: 'U0CHLOE' })).toEqual(refused('not_an_owner'));
  });

  test('nobody who has left', async () => {
    const review = await begun();
    flow.people.set('U0DEV', 'deactivated');
    expect(await answers(review, ALLOWS_BEN)).toEqual({ refused: { code: 'person_refused', problem: 'deactivated' } });
  });

  test('nobody while the owners are unknown, except those whom the policy names', async () => {
    const review = await begun();
    flow.reload((source) => source.replace('owners: [U0BEN, U0DEV]', 'owners: [S0OWNERS, U0DEV]'));
    const unknown = { code: 'eligibility_unknown', problem: 'no group S0OWNERS' };
    expect(await answers(review, ALLOWS_BEN, { personId: 'U0CHLOE' })).toEqual({ refused: unknown });
    expect(await answers(review, ALLOWS_BEN)).not.toHaveProperty('refused');
  });

  test('administrators, where nobody owns the resource', async () => {
    const review = await begun();
    flow.reload((source) => source.replace('    owners: [U0BEN, U0DEV]\n', ''));
    expect(await answers(review, ALLOWS_BEN)).toEqual(refused('not_an_owner'));
    expect(await answers(review, ALLOWS_BEN, { personId: 'U0EVE' })).not.toHaveProperty('refused');
  });

  test('nobody while administrators are unknown, where nobody owns the resource', async () => {
    const review = await begun();
    flow.reload((source) => source.replace('    owners: [U0BEN, U0DEV]\n', '').replace('[U0EVE]', '[S0ADMINS]'));
    const unknown = { code: 'eligibility_unknown', problem: 'no group S0ADMINS' };
    expect(await answers(review, ALLOWS_BEN, { personId: 'U0EVE' })).toEqual({ refused: unknown });
  });

  test('not somebody whom the rule admits, about keeping it', async () => {
    const review = await begun();
    expect(await answers(review, ALLOWS_BEN, { personId: 'U0BEN' })).toEqual(refused('own_entitlement'));
    expect(await answers(review, ASKS_WRITE, { personId: 'U0BEN' })).not.toHaveProperty('refused');
    expect(await removes(review, ALLOWS_BEN, { personId: 'U0BEN' })).not.toHaveProperty('refused');
  });

  test('nor by another account of theirs', async () => {
    flow.people.set('U0BENTOO', { slackId: 'U0BENTOO', name: 'Ben', email: 'root@harbor.example', timeZone: 'UTC' });
    flow.reload((source) => source.replace('owners: [U0BEN, U0DEV]', 'owners: [U0BENTOO, U0DEV]'));
    const review = await begun();
    expect(await answers(review, ALLOWS_BEN, { personId: 'U0BENTOO' })).toEqual(refused('own_entitlement'));
    expect(await answers(review, ALLOWS_BEN, { personId: 'U0DEV' })).not.toHaveProperty('refused');
  });

  test('somebody who was admitted by a role that is gone', async () => {
    const review = await begun();
    flow.reload((source) => source.replace('      read:', '      see:'));
    expect(await answers(review, ALLOWS_BEN, { personId: 'U0BEN' })).not.toHaveProperty('refused');
  });
});

describe('its end', () => {
  const chase = async ({ id }: { id: string }) => {
    const back = await chaseAccessReview(flow.deps, id);
    return back && back.notBefore - now();
  };

  test('owners are reminded half-way, once', async () => {
    const review = await begun();
    await answers(review, ALLOWS_BEN);
    flow.clock.advance(5 * DAY - 1);
    expect(await chase(review)).toBe(1);
    expect(said('access_review.reminded')).toEqual([]);
    flow.clock.advance(1);
    expect(await chase(review)).toBe(5 * DAY);
    expect(last()).toMatchObject({
      type: 'access_review.reminded',
      actor: { kind: 'bot' },
      requestId: null,
      grantId: null,
      payload: { review: review.id, unanswered: 2, dueAt: review.dueAt },
    });
    expect(flow.due('review_cards')).toEqual([{ key: review.id, dueAt: now() }]);
    flow.clock.advance(HOUR);
    expect(await chase(review)).toBe(5 * DAY - HOUR);
    expect(said('access_review.reminded')).toHaveLength(1);
    expect(await stored(review)).toMatchObject({ reminded: 1, closedAt: null });
  });

  test('it closes in time, whatever is unanswered', async () => {
    const review = await begun();
    await answers(review, ASKS_READ);
    await removes(review, ALLOWS_BEN);
    flow.clock.advance(5 * DAY);
    await chase(review);
    flow.clock.advance(5 * DAY - 1);
    expect(await chase(review)).toBe(1);
    flow.clock.advance(1);
    expect(await chase(review)).toBeNull();
    expect(last()).toMatchObject({
      type: 'access_review.closed',
      actor: { kind: 'bot' },
      payload: { review: review.id, kept: 1, removed: 1, unanswered: 1 },
    });
    expect(await stored(review)).toMatchObject({ closedAt: now(), reminded: 1 });
    expect(flow.due('review_cards')).toEqual([{ key: review.id, dueAt: now() }]);
    expect(await chase(review)).toBeNull();
    expect(said('access_review.closed')).toHaveLength(1);
  });

  test('it closes early once everything is answered', async () => {
    const review = await begun();
    for (const item of [ALLOWS_BEN, ASKS_READ]) await answers(review, item);
    flow.clock.advance(DAY);
    expect(await chase(review)).toBe(4 * DAY);
    await removes(review, ASKS_WRITE);
    expect(await chase(review)).toBeNull();
    expect(last()).toMatchObject({ payload: { kept: 2, removed: 1, unanswered: 0 } });
    expect(await stored(review)).toMatchObject({ closedAt: now() });
  });

  test('what never began does not end', async () => {
    expect(await chase({ id: 'A-none' })).toBeNull();
  });

  test('a check that lost a race is made again', async () => {
    const review = await begun();
    flow.clock.advance(10 * DAY);
    failCommit(flow.deps.store, new ConflictError('somebody was faster'));
    expect(await chase(review)).toBeNull();
    expect(said('access_review.closed')).toHaveLength(1);
  });
});
