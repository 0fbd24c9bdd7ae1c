/** A request as it is decided when it comes in: its state, the record and the due work. */

import { describe, expect, test } from 'vitest';
import type { RuleDecision } from '../../src/domain/decision.ts';
import type { Role } from '../../src/domain/policy.ts';
import { requestCore } from '../../src/domain/request.ts';
import { HOUR, known, MINUTE, unknown } from '../../src/domain/terms.ts';
import { afterMore, decide, type Question } from '../../src/lifecycle/request/decide.ts';
import { requestChange, signalEvents, signalsOf } from '../../src/lifecycle/request/requestChange.ts';
import { together } from '../../src/lifecycle/together.ts';
import type { EvidenceSource } from '../../src/ports/evidence.ts';
import type { Targets } from '../../src/ports/targets.ts';
import { manualClock } from '../support/clock.ts';
import {
  ANA,
  aGrantOnItsWay,
  aHistory,
  aLimit,
  allow,
  anActiveGrant,
  anInput,
  aPolicy,
  aRole,
  ask,
  NOON,
  someEvidence,
} from '../support/domain.ts';
import { anAskDecision, aWaitingRequest } from '../support/requests.ts';

const SIGNAL = { kind: 'first_time', facts: 'never had access to db before' } as const;
const ALLOW: RuleDecision = {
  effect: 'allow',
  rule: 1,
  reasons: ['it applies to everybody'],
  outcomes: [],
  proof: { onCall: null, incident: null },
  maxDuration: null,
};
const DENY: RuleDecision = { effect: 'deny', rule: 2, reasons: ['not today', 'nor tomorrow'], outcomes: [] };
const asked = requestCore(aWaitingRequest());

const open = (
  decision: RuleDecision,
  core = asked,
  extending: Parameters<typeof requestChange>[3] = null,
  held?: number,
) => {
  let ids = 0;
  const deps = {
    clock: manualClock(NOON),
    newId: (prefix: string) => `${prefix}-${++ids}`,
    policy: { ...aPolicy(), hash: 'hash of the policy' },
    targets: { placeOf: (resourceId) => resourceId } as Targets,
  };
  const input = anInput({}, held === undefined ? {} : { held });
  return requestChange(deps, core, { role: aRole(), input, decision }, extending);
};

describe('a request that waits for reviewers', () => {
  const decision = anAskDecision({
    expiresAfter: 3 * HOUR,
    escalate: [
      { after: 10 * MINUTE, to: { kind: 'people', principals: ['U0DEV'] }, page: null },
      { after: 20 * MINUTE, to: { kind: 'on_call', escalationPolicy: 'PPAY', level: 1 }, page: null },
    ],
  });

  test('expires when its time is over, and escalates before', () => {
    const { request, change } = open(decision);
    expect(request).toEqual({
      ...asked,
      state: 'pending',
      decision,
      expiresAt: NOON + 3 * HOUR,
      reviews: [],
      escalations: [],
    });
    expect(change.requests).toEqual([{ value: request, version: 0 }]);
    expect(change.jobs).toEqual([
      { kind: 'expire', key: 'R1', dueAt: NOON + 3 * HOUR },
      { kind: 'escalate', key: 'R1:-1', dueAt: NOON },
      { kind: 'escalate', key: 'R1:0', dueAt: NOON + 10 * MINUTE },
      { kind: 'escalate', key: 'R1:1', dueAt: NOON + 20 * MINUTE },
    ]);
    expect(change.grants ?? []).toEqual([]);
  });

  test('is recorded with everything that decided it', () => {
    const core = { ...asked, incidentId: 'PINC', startsAt: NOON + HOUR, extends: 'G7' };
    expect(open(decision, core).change.events).toEqual([
      {
        type: 'request.submitted',
        actor: { kind: 'person', id: 'U0ANA', name: 'Ana' },
        requestId: 'R1',
        grantId: null,
        payload: {
          role: 'db/read',
          requester: ANA,
          duration: HOUR,
          reason: 'because it is needed',
          incidentId: 'PINC',
          startsAt: NOON + HOUR,
          extends: 'G7',
          policyHash: 'hash of the policy',
          input: anInput(),
          decision,
        },
      },
    ]);
  });

  test('is as long as the decision allows, less what is already held', () => {
    const decided = anAskDecision({ maxDuration: 50 * MINUTE });
    expect(open(decided).request.duration).toBe(50 * MINUTE);
    const { request, change } = open(decided, asked, null, 20 * MINUTE);
    expect(request.duration).toBe(30 * MINUTE);
    expect(change.events?.[0]?.payload).toMatchObject({ duration: 30 * MINUTE });
  });
});

describe('a request that is allowed', () => {
  test('is approved and provisioned in one step', () => {
    const { request, change } = open(ALLOW);
    expect(request).toMatchObject({ state: 'approved', reviews: [], useReview: null, grantId: 'G-1', decision: ALLOW });
    expect(change.requests).toEqual([{ value: request, version: 0 }]);
    expect(change.grants).toMatchObject([{ version: 0, value: { id: 'G-1', state: 'provisioning' } }]);
    expect(change.events?.map(({ type }) => type)).toEqual([
      'request.submitted',
      'request.approved',
      'grant.provisioning',
    ]);
    expect(change.jobs?.map(({ kind }) => kind)).toEqual(['provision', 'end']);
  });

  test('extends the grant that it is about', () => {
    const held = anActiveGrant({ id: 'G7' });
    const { request, change } = open(ALLOW, { ...asked, extends: 'G7' }, { value: held, version: 4 });
    expect(request).toMatchObject({ state: 'approved', grantId: 'G7' });
    expect(change.grants).toMatchObject([{ version: 4, value: { id: 'G7', extension: { requestId: 'R1' } } }]);
  });
});

test('a denied request is recorded with the reasons, and nothing is due', () => {
  const { request, change } = open(DENY);
  expect(request).toEqual({ ...asked, state: 'denied', decision: DENY, reviews: [], deniedAt: NOON });
  expect(change).toEqual({
    requests: [{ value: request, version: 0 }],
    events: [
      expect.objectContaining({ type: 'request.submitted' }),
      {
        type: 'request.denied',
        actor: { kind: 'bot' },
        requestId: 'R1',
        grantId: null,
        payload: {
          role: 'db/read',
          requester: { slackId: 'U0ANA', name: 'Ana' },
          by: 'policy',
          reasons: ['not today', 'nor tomorrow'],
        },
      },
    ],
  });
});

describe('signals of a request', () => {
  test('are those that the decision saw, if it could', () => {
    expect(signalsOf({ input: anInput({ signals: known([SIGNAL]) }) })).toEqual([SIGNAL]);
    expect(signalsOf({ input: anInput({ signals: unknown('no answer') }) })).toEqual([]);
    expect(signalsOf({ input: anInput({ signals: null }) })).toEqual([]);
  });

  test('are one event after the request', () => {
    const quick = { kind: 'many_requests', facts: 'many' } as const;
    const { change } = open(DENY, { ...asked, signals: [SIGNAL, quick] });
    expect(change.events?.map(({ type }) => type)).toEqual(['request.submitted', 'signals.raised', 'request.denied']);
    expect(change.events?.[1]).toEqual({
      type: 'signals.raised',
      actor: { kind: 'bot' },
      requestId: 'R1',
      grantId: null,
      payload: { role: 'db/read', requester: { slackId: 'U0ANA', name: 'Ana' }, signals: [SIGNAL, quick] },
    });
    expect(signalEvents(asked, [])).toEqual([]);
  });
});

test('several changes become one, with everything in them', () => {
  const [request, other] = [aWaitingRequest(), aWaitingRequest({ id: 'R2' })];
  const event = (requestId: string) =>
    ({ type: 'access.unfrozen', actor: { kind: 'bot' }, requestId, grantId: null, payload: {} }) as const;
  const change = (value: typeof request, id: string) => ({
    requests: [{ value, version: 0 }],
    grants: [{ value: aGrantOnItsWay({ id: `G${id}` }), version: 0 }],
    records: [{ kind: 'freeze', key: id, value: null, version: 0 } as const],
    events: [event(id)],
    jobs: [{ kind: 'expire', key: id, dueAt: NOON } as const],
    done: [{ kind: 'start', key: id } as const],
  });
  expect(together([change(request, 'R1'), {}, change(other, 'R2')])).toEqual({
    requests: [
      { value: request, version: 0 },
      { value: other, version: 0 },
    ],
    grants: [
      { value: aGrantOnItsWay({ id: 'GR1' }), version: 0 },
      { value: aGrantOnItsWay({ id: 'GR2' }), version: 0 },
    ],
    records: [
      { kind: 'freeze', key: 'R1', value: null, version: 0 },
      { kind: 'freeze', key: 'R2', value: null, version: 0 },
    ],
    events: [event('R1'), event('R2')],
    jobs: [
      { kind: 'expire', key: 'R1', dueAt: NOON },
      { kind: 'expire', key: 'R2', dueAt: NOON },
    ],
    done: [
      { kind: 'start', key: 'R1' },
      { kind: 'start', key: 'R2' },
    ],
  });
});

describe('a decision', () => {
  const QUESTION: Question = {
    person: ANA,
    duration: HOUR,
    incidentId: 'PINC',
    reason: 'it is slow',
    requestId: 'R1',
    startsAt: null,
  };
  const decided = async (more: Partial<Question> = {}, role: Role = aRole({ rules: [allow()] })) => {
    const asked: unknown[] = [];
    const evidence: EvidenceSource = {
      gather: async (...question) => {
        asked.push(question);
        return someEvidence();
      },
    };
    const clock = manualClock(NOON);
    const found = await decide({ evidence, clock }, role, { ...QUESTION, ...more }, 'check');
    return { asked, ...found };
  };
  const about = { person: ANA, incidentId: 'PINC', at: null, requestId: 'R1', duration: HOUR, reason: 'it is slow' };

  test('is about the current time and evidence', async () => {
    const { asked, role, input, decision } = await decided();
    expect(asked).toEqual([[role, about, 'check']]);
    expect(input).toEqual({ at: NOON, personId: 'U0ANA', duration: HOUR, evidence: someEvidence() });
    expect(decision).toMatchObject({ effect: 'allow', rule: 1 });
  });

  test.each([
    ['ahead: about then', NOON + 1, NOON + 1],
    ['now: about now', NOON, null],
    ['past: about now', NOON - HOUR, null],
  ])('about a start that lies %s', async (_where, startsAt, at) => {
    const { asked, input } = await decided({ startsAt });
    expect(asked).toMatchObject([[{}, { at }, 'check']]);
    expect(input.at).toBe(at ?? NOON);
  });

  test('says how much is already held, if anything is', async () => {
    expect((await decided({ held: 20 * MINUTE })).input.held).toBe(20 * MINUTE);
    expect((await decided({ held: 0 })).input).not.toHaveProperty('held');
  });

  test('is made by the role’s rules', async () => {
    expect((await decided({}, aRole({ rules: [] }))).decision.effect).toBe('deny');
  });
});

describe('after another approval by the same form', () => {
  const role = aRole({
    rules: [allow(), ask()],
    limits: [aLimit({ automatic: { max: 2, per: HOUR } })],
  });
  const one = { role: 'db/read', at: NOON };
  const input = anInput({ history: known(aHistory({ automatic: [one], denials: [{ role: 'db/read', at: 0 }] })) });
  const before = { role, input, decision: ALLOW };

  test('it counts that one too', () => {
    const after = afterMore(before, [one]);
    expect(after.decision.effect).toBe('ask');
    expect(after.role).toBe(role);
    expect(after.input).toEqual({
      ...input,
      evidence: {
        ...input.evidence,
        history: known(aHistory({ automatic: [one, one], denials: [{ role: 'db/read', at: 0 }] })),
      },
    });
  });

  test.each([
    ['nothing was', before, []],
    ['no limit looks back', { ...before, input: anInput({ history: null }) }, [one]],
    ['the past is not known', { ...before, input: anInput({ history: unknown('no answer') }) }, [one]],
  ])('it stays as it was decided if %s', (_why, decided, more) => {
    expect(afterMore(decided, more)).toBe(decided);
  });
});
