/** What follows from an approval: the request's next state, the grant, the record and the due work, all of it. */

import { describe, expect, test } from 'vitest';
import type { Decision, RuleDecision } from '../../src/domain/decision.ts';
import { type Review, requestCore, type UseReview } from '../../src/domain/request.ts';
import { HOUR, known, MINUTE } from '../../src/domain/terms.ts';
import { type ApprovalInput, approvalChange, asFarAsAllowed } from '../../src/lifecycle/review/approvalChange.ts';
import type { Targets } from '../../src/ports/targets.ts';
import { manualClock } from '../support/clock.ts';
import { ANA, anActiveGrant, anEntry, anInput, anOutage, aRole, NO_TIES, NOON, onCall } from '../support/domain.ts';
import { anAskDecision, aWaitingRequest } from '../support/requests.ts';

const CHLOE = { slackId: 'U0CHLOE', name: 'Chloé', email: 'chloe@harbor.example', timeZone: 'UTC' };
const DEV = { slackId: 'U0DEV', name: 'Dev', email: 'dev@harbor.example', timeZone: 'UTC' };
const PROOF = { onCall: null, incident: null };
const ALLOW = { effect: 'allow', rule: 1, reasons: [], outcomes: [], proof: PROOF, maxDuration: null } as const;
const DENY = { effect: 'deny', rule: null, reasons: ['no'], outcomes: [] } as const;
const ROLE = aRole({ gives: { roles: ['reader'] }, ends: { withShift: 10 * MINUTE, withIncident: 20 * MINUTE } });
const review = (by: Review['by'], more: Partial<Review> = {}): Review => ({
  by,
  onBehalfOf: null,
  verdict: 'approve',
  comment: '',
  at: NOON,
  ...more,
});

const approve = ({
  request = {},
  decision = ALLOW,
  evidence = {},
  role = ROLE,
  ...more
}: {
  request?: Parameters<typeof aWaitingRequest>[0];
  decision?: Decision;
  evidence?: Parameters<typeof anInput>[0];
  role?: typeof ROLE;
} & Partial<Omit<ApprovalInput, 'core' | 'decided'>> = {}) => {
  let ids = 0;
  const deps = {
    clock: manualClock(NOON),
    newId: (prefix: string) => `${prefix}-${++ids}`,
    targets: { placeOf: (resourceId) => `place of ${resourceId}` } as Targets,
  };
  return approvalChange(deps, {
    core: requestCore(aWaitingRequest(request)),
    decided: { role, input: anInput(evidence), decision },
    reviews: [],
    extending: null,
    useReview: null,
    ...more,
  });
};

describe('a request cut to its decision', () => {
  const core = requestCore(aWaitingRequest({ duration: HOUR }));
  const length = (decision: RuleDecision, held?: number) =>
    asFarAsAllowed(core, { decision, input: anInput({}, held === undefined ? {} : { held }) }).duration;

  test.each([
    ['what says nothing of the length', ALLOW, HOUR],
    ['a refusal', DENY, HOUR],
    ['more than is asked for', { ...ALLOW, maxDuration: HOUR + 1 }, HOUR],
    ['as much', { ...ALLOW, maxDuration: HOUR }, HOUR],
    ['less', { ...ALLOW, maxDuration: HOUR - 1 }, HOUR - 1],
    ['less, by reviewers', anAskDecision({ maxDuration: 20 * MINUTE }), 20 * MINUTE],
  ] as [string, RuleDecision, number][])('%s', (_which, decision, expected) => {
    expect(length(decision)).toBe(expected);
  });

  test('is shortened by the time already held', () => {
    expect(length({ ...ALLOW, maxDuration: HOUR }, 40 * MINUTE)).toBe(20 * MINUTE);
    expect(length({ ...ALLOW, maxDuration: 2 * HOUR }, HOUR)).toBe(HOUR);
  });

  test('changes in nothing else', () => {
    const decision = { ...ALLOW, maxDuration: 1 };
    expect(asFarAsAllowed(core, { decision, input: anInput() })).toEqual({ ...core, duration: 1 });
  });
});

describe('access that starts now', () => {
  test('is intended by the policy alone', () => {
    const { request, grants, events, jobs } = approve({ request: { duration: 90 * MINUTE } });
    expect(request).toEqual({
      ...requestCore(aWaitingRequest({ duration: 90 * MINUTE })),
      state: 'approved',
      decision: ALLOW,
      reviews: [],
      approvedAt: NOON,
      grantId: 'G-1',
      useReview: null,
    });
    expect(grants).toEqual([
      {
        version: 0,
        value: {
          id: 'G-1',
          requestId: 'R1',
          person: ANA,
          resourceId: 'db',
          place: 'place of db',
          role: 'db/read',
          grants: { roles: ['reader'] },
          duration: 90 * MINUTE,
          ties: { ...NO_TIES, inPagerDuty: true },
          state: 'provisioning',
          intendedAt: NOON,
          endsAt: NOON + 90 * MINUTE,
          endsBecause: 'expired',
        },
      },
    ]);
    expect(events).toEqual([
      {
        type: 'request.approved',
        actor: { kind: 'bot' },
        requestId: 'R1',
        grantId: 'G-1',
        payload: {
          role: 'db/read',
          requester: { slackId: 'U0ANA', name: 'Ana' },
          by: 'policy',
          approvers: [],
          startsAt: null,
        },
      },
      {
        type: 'grant.provisioning',
        actor: { kind: 'bot' },
        requestId: 'R1',
        grantId: 'G-1',
        payload: {
          role: 'db/read',
          person: { slackId: 'U0ANA', name: 'Ana' },
          duration: 90 * MINUTE,
          endsAt: NOON + 90 * MINUTE,
          gives: { place: 'place of db', grants: { roles: ['reader'] } },
        },
      },
    ]);
    expect(jobs).toEqual([
      { kind: 'provision', key: 'G-1', dueAt: NOON },
      { kind: 'end', key: 'G-1', dueAt: NOON + 90 * MINUTE },
    ]);
  });

  test('by reviewers names those who approved, with the last of them as actor', () => {
    const reviews = [review(CHLOE), review(ANA, { verdict: 'deny' }), review(DEV)];
    const { request, events } = approve({ reviews, decision: anAskDecision() });
    expect(request).toMatchObject({ reviews, decision: anAskDecision(), useReview: null });
    expect(events[0]).toMatchObject({
      actor: { kind: 'person', id: 'U0DEV', name: 'Dev' },
      payload: {
        by: 'reviewers',
        approvers: [
          { slackId: 'U0CHLOE', name: 'Chloé' },
          { slackId: 'U0DEV', name: 'Dev' },
        ],
      },
    });
    expect(events[1]).toMatchObject({ type: 'grant.provisioning', actor: { kind: 'bot' } });
  });

  test('by break-glass has its user as actor, and says who reviews it', () => {
    const useReview: UseReview = { reviewer: 'U0CHLOE', dueAt: NOON + HOUR, broughtUp: 0, verdict: null };
    const decision = { effect: 'break_glass', rule: null, reasons: [], outcomes: [], proof: PROOF } as const;
    const { request, events } = approve({ useReview, decision });
    expect(request).toMatchObject({ state: 'approved', useReview, decision });
    expect(events[0]).toMatchObject({
      actor: { kind: 'person', id: 'U0ANA' },
      payload: { by: 'break_glass', approvers: [] },
    });
  });

  test('ends with what it depends on, and its end is due work', () => {
    const entry = anEntry({ end: NOON + 30 * MINUTE });
    const role = { ...ROLE, rules: [{ effect: 'allow', when: [onCall()] } as const] };
    const { grants, jobs } = approve({
      role,
      decision: { ...ALLOW, proof: { onCall: entry, incident: null } },
      request: { incidentId: 'PINC' },
      evidence: { onCall: known([entry]), incident: known(anOutage()) },
    });
    expect(grants[0]?.value).toMatchObject({
      endsAt: NOON + 40 * MINUTE,
      endsBecause: 'shift_ended',
      ties: { window: null, shift: { end: NOON + 30 * MINUTE }, incident: { id: 'PINC', number: 7 } },
    });
    expect(jobs[1]).toEqual({ kind: 'end', key: 'G-1', dueAt: NOON + 40 * MINUTE });
  });

  test.each([
    ['at its time', 0],
    ['late', -10 * MINUTE],
  ])('for a window that begins %s ends with the window', (_when, start) => {
    const { request, grants, events, jobs } = approve({ request: { startsAt: NOON + start } });
    expect(request).toMatchObject({ state: 'approved', startsAt: NOON + start });
    expect(grants[0]?.value).toMatchObject({
      endsAt: NOON + start + HOUR,
      duration: HOUR,
      ties: { window: NOON + start + HOUR },
    });
    expect(events[0]?.payload).toMatchObject({ startsAt: null });
    expect(jobs[1]?.dueAt).toBe(NOON + start + HOUR);
  });
});

test('access for later is scheduled, without a grant yet', () => {
  const reviews = [review(CHLOE)];
  const { request, grants, events, jobs } = approve({
    request: { startsAt: NOON + 1 },
    decision: anAskDecision(),
    reviews,
  });
  expect(request).toEqual({
    ...requestCore(aWaitingRequest({ startsAt: NOON + 1 })),
    state: 'scheduled',
    decision: anAskDecision(),
    reviews,
  });
  expect(grants).toEqual([]);
  expect(events).toMatchObject([
    {
      type: 'request.approved',
      requestId: 'R1',
      grantId: null,
      actor: { id: 'U0CHLOE' },
      payload: { by: 'reviewers', startsAt: NOON + 1, approvers: [{ slackId: 'U0CHLOE' }] },
    },
  ]);
  expect(jobs).toEqual([{ kind: 'start', key: 'R1', dueAt: NOON + 1 }]);
});

describe('more time', () => {
  const resolved = { id: 'PINC', number: 7, resolvedAt: NOON - MINUTE, grace: HOUR };
  const held = anActiveGrant({ id: 'G-held', ties: { ...NO_TIES, window: NOON, incident: resolved } });
  const more = () =>
    approve({
      request: { id: 'R2', extends: 'G-held', duration: 20 * MINUTE, incidentId: 'PINC' },
      evidence: { incident: known(anOutage()) },
      extending: { value: held, version: 3 },
      reviews: [review(CHLOE)],
      decision: anAskDecision(),
    });

  test('is pending on the grant, which keeps its earlier end meanwhile', () => {
    const { request, grants, jobs } = more();
    expect(request).toMatchObject({
      id: 'R2',
      state: 'approved',
      approvedAt: NOON,
      grantId: 'G-held',
      useReview: null,
      decision: anAskDecision(),
      reviews: [{ by: CHLOE }],
    });
    expect(grants).toEqual([
      {
        version: 3,
        value: {
          ...held,
          extension: {
            requestId: 'R2',
            duration: 20 * MINUTE,
            ties: { window: null, shift: null, incident: resolved, inPagerDuty: true },
          },
        },
      },
    ]);
    expect(jobs).toEqual([{ kind: 'extend', key: 'G-held', dueAt: NOON }]);
  });

  test('is recorded once, on the grant that it extends', () => {
    expect(more().events).toMatchObject([
      {
        type: 'request.approved',
        requestId: 'R2',
        grantId: 'G-held',
        actor: { id: 'U0CHLOE' },
        payload: { by: 'reviewers', startsAt: null },
      },
    ]);
  });
});
