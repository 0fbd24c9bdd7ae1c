/** What was decided is decided again before it is acted on: what still carries it, and why it does not. */

import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { RuleDecision } from '../../src/domain/decision.ts';
import type { Review } from '../../src/domain/request.ts';
import { HOUR, MINUTE } from '../../src/domain/terms.ts';
import { notCarried, notCarriedInFull, questionOf, termsNow } from '../../src/lifecycle/review/reapproval.ts';
import { ANA, allow, anActiveGrant, anInput, aPolicy, aResource, aRole, ask, deny } from '../support/domain.ts';
import { aPerson, type Flow, startFlow } from '../support/flow.ts';
import { anApprovedRequest, anAskDecision, aWaitingRequest } from '../support/requests.ts';

const CHLOE = aPerson('U0CHLOE', 'Chloé', 'chloe@harbor.example');
const DEV = aPerson('U0DEV', 'Dev', 'dev@harbor.example');
let flow: Flow;
beforeEach(() => {
  flow = startFlow(aPolicy(aResource('db', 'Database', [aRole()])));
  for (const person of [ANA, CHLOE, DEV]) flow.people.set(person.slackId, person);
});
afterEach(() => flow.close());

const review = (by = CHLOE, more: Partial<Review> = {}): Review => ({
  by,
  onBehalfOf: null,
  verdict: 'approve',
  comment: '',
  at: 0,
  ...more,
});
const PROOF = { onCall: null, incident: null };
const ALLOW: RuleDecision = { effect: 'allow', rule: 1, reasons: [], outcomes: [], proof: PROOF, maxDuration: null };
const outcome = (...reasons: string[]) =>
  ({ rule: 1, effect: 'deny', outcome: 'met', reasons, principals: [] }) as const;
const DENY: RuleDecision = {
  effect: 'deny',
  rule: 1,
  reasons: ['not today'],
  outcomes: [outcome('a freeze', 'a limit'), outcome('a rule')],
};
const decided = (decision: RuleDecision, duration = HOUR) => ({
  role: aRole(),
  input: anInput({}, { duration }),
  decision,
});

describe('the question of a request', () => {
  const store = (grant = anActiveGrant({ id: 'G7', duration: 40 * MINUTE })) =>
    flow.deps.store.commit({
      requests: [{ value: anApprovedRequest(), version: 0 }],
      grants: [{ value: grant, version: 0 }],
    });

  test('is what it asked for, with its requester’s current identity', async () => {
    const request = aWaitingRequest({ id: 'R7', incidentId: 'PINC', startsAt: 5, duration: 20 * MINUTE });
    const person = { ...ANA, name: 'Ana K.' };
    expect(await questionOf(flow.deps, request, person)).toEqual({
      person,
      duration: 20 * MINUTE,
      held: 0,
      incidentId: 'PINC',
      reason: 'because it is needed',
      startsAt: 5,
      requestId: 'R7',
    });
  });

  test('for more time is about the whole, with what is held', async () => {
    await store();
    const request = aWaitingRequest({ extends: 'G7', duration: 20 * MINUTE });
    expect(await questionOf(flow.deps, request, ANA)).toMatchObject({ duration: HOUR, held: 40 * MINUTE });
  });

  test('for more time on a missing grant is about that time alone', async () => {
    const request = aWaitingRequest({ extends: 'G7', duration: 20 * MINUTE });
    expect(await questionOf(flow.deps, request, ANA)).toMatchObject({ duration: 20 * MINUTE, held: 0 });
  });
});

describe('reviewers of a request', () => {
  const NOW = anAskDecision({ stages: [{ reviewers: ['U0DEV'], needed: 2 }] });

  test('are those whom the policy names now', async () => {
    expect(await termsNow(flow.deps, aWaitingRequest(), ANA, decided(NOW))).toBe(NOW);
  });

  test('are those it was sent to, if the policy would allow it by now', async () => {
    const request = aWaitingRequest();
    expect(await termsNow(flow.deps, request, ANA, decided(ALLOW))).toBe(request.decision);
  });

  test('are nobody, if there never were any', async () => {
    const request = anApprovedRequest({ decision: ALLOW });
    expect(await termsNow(flow.deps, request, ANA, decided(ALLOW))).toEqual({ stages: [], escalate: [] });
  });

  test('are nobody, if the policy denies', async () => {
    expect(await termsNow(flow.deps, aWaitingRequest(), ANA, decided(DENY))).toEqual({
      refused: { code: 'policy_now_denies', reasons: DENY.reasons, outcomes: DENY.outcomes },
    });
  });

  describe('if a reviewer gave less', () => {
    const less = aWaitingRequest({ askedFor: { role: 'db/admin', duration: 2 * HOUR } });
    const admin = (...rules: Parameters<typeof aRole>[0][]) => {
      const roles = rules.map((more) => aRole({ id: 'admin', ...more }));
      flow.policy = aPolicy(aResource('db', 'Database', [aRole(), ...roles]));
    };

    test('are those for the original request, at its original length', async () => {
      const upTo = (max: number, reviewer: string) =>
        ask({ when: [{ kind: 'duration', max }], stages: [{ reviewers: [reviewer], needed: 1 }] });
      admin({ rules: [upTo(2 * HOUR - 1, 'U0CHLOE'), upTo(2 * HOUR, 'U0DEV')] });
      expect(await termsNow(flow.deps, less, ANA, decided(NOW))).toMatchObject({ stages: [{ reviewers: ['U0DEV'] }] });
    });

    test('are nobody, if the original request is denied by now', async () => {
      admin({ rules: [deny()] });
      expect(await termsNow(flow.deps, less, ANA, decided(NOW))).toMatchObject({
        refused: { code: 'policy_now_denies', outcomes: [{ effect: 'deny' }] },
      });
    });

    test('are nobody, if the original role is no longer in the policy', async () => {
      expect(await termsNow(flow.deps, less, ANA, decided(NOW))).toEqual({
        refused: {
          code: 'policy_now_denies',
          reasons: ['the role db/admin is no longer in the policy'],
          outcomes: [],
        },
      });
    });

    test('are those it was sent to, if the original request would be allowed by now', async () => {
      admin({ rules: [allow()] });
      expect(await termsNow(flow.deps, less, ANA, decided(NOW))).toBe(less.decision);
    });
  });
});

describe('an approval', () => {
  const approved = (more: Parameters<typeof anApprovedRequest>[0] = {}) =>
    anApprovedRequest({ reviews: [review()], ...more });
  const why = (request: ReturnType<typeof approved>, decision: RuleDecision, person = ANA) =>
    notCarried(flow.deps, request, person, decided(decision));

  test('holds if the policy allows it now, whoever approved', async () => {
    expect(await why(approved({ reviews: [] }), ALLOW)).toBeNull();
  });

  test('holds by the people who approved', async () => {
    expect(await why(approved(), anAskDecision())).toBeNull();
  });

  test('fails if the policy denies, with everything that it found', async () => {
    expect(await why(approved(), DENY)).toEqual(['a freeze', 'a limit', 'a rule']);
    expect(await why(approved(), { ...DENY, outcomes: [] })).toEqual(['not today']);
  });

  test('fails if the policy asks by now and nobody has approved', async () => {
    const decision = anAskDecision({ outcomes: [outcome('not on call')] });
    expect(await why(approved({ reviews: [] }), decision)).toEqual(['not on call']);
    expect(await why(approved({ reviews: [review(CHLOE, { verdict: 'deny' })] }), decision)).toEqual(['not on call']);
  });

  test('fails by somebody who denied', async () => {
    const decision = anAskDecision({ stages: [{ reviewers: ['U0CHLOE', 'U0DEV'], needed: 2 }] });
    const reviews = [review(CHLOE), review(DEV, { verdict: 'deny' })];
    expect(await why(approved({ reviews }), decision)).toEqual([expect.stringContaining(': 1 of the approvals')]);
    expect(await why(approved({ reviews: [review(CHLOE), review(DEV)] }), decision)).toBeNull();
  });

  test('lacks as many approvals as all stages lack', async () => {
    const stages = [
      { reviewers: ['U0DEV'], needed: 1 },
      { reviewers: ['U0EVE', 'U0FRED'], needed: 2 },
    ];
    expect(await why(approved(), anAskDecision({ stages }))).toEqual([expect.stringContaining(': 3 of the approvals')]);
  });

  test('of less than was asked for fails once that is denied or gone', async () => {
    const less = approved({ askedFor: { role: 'db/admin', duration: HOUR } });
    expect(await why(less, anAskDecision())).toEqual(['the role db/admin is no longer in the policy']);
  });

  test('fails by somebody who is the requester by now, or was then', async () => {
    const decision = anAskDecision();
    expect(await why(approved(), decision, { ...ANA, email: 'chloe+a@harbor.example' })).toHaveLength(1);
    const then = { ...ANA, email: 'chloe+a@harbor.example' };
    expect(await why(approved({ requester: then }), decision)).toHaveLength(1);
  });
});

describe('access of a fixed length', () => {
  const upTo = (maxDuration: number | null) => ({ ...ALLOW, maxDuration });
  const why = (decision: RuleDecision) =>
    notCarriedInFull(flow.deps, anApprovedRequest(), ANA, decided(decision, 20 * MINUTE));

  test.each([
    ['as long', 20 * MINUTE],
    ['any time', null],
  ])('holds if it may last for %s', async (_how, max) => {
    expect(await why(upTo(max))).toBeNull();
  });

  test('fails if it may only last for less by now', async () => {
    expect(await why(upTo(20 * MINUTE - 1))).toEqual(['by now it may be held for 20 min at most']);
    expect(await why(upTo(10 * MINUTE))).toEqual(['by now it may be held for 10 min at most']);
  });

  test('fails for any other reason too', async () => {
    expect(await why(DENY)).toEqual(['a freeze', 'a limit', 'a rule']);
  });
});
