/** What access depends on, when it ends and why, and what is kept of it from state to state. */

import { describe, expect, test } from 'vitest';
import type { Decision } from '../../src/domain/decision.ts';
import {
  activate,
  conclude,
  extended,
  type Ground,
  incidentEnd,
  intendGrant,
  isLive,
  isRevoking,
  isWatched,
  OVERDUE_AFTER_FAILURES,
  plannedEnd,
  retie,
  startRevoking,
  type Ties,
  tiesOf,
} from '../../src/domain/grant.ts';
import { BOT } from '../../src/domain/person.ts';
import type { Role } from '../../src/domain/policy.ts';
import { HOUR, known, MINUTE, unknown } from '../../src/domain/terms.ts';
import {
  aGrantOnItsWay,
  allow,
  anActiveGrant,
  anEntry,
  anOutage,
  aRole,
  ask,
  memberOf,
  NO_TIES,
  NOON,
  onCall,
  someEvidence,
  unless,
} from '../support/domain.ts';

const aTiedShift = (more: Partial<NonNullable<Ties['shift']>> = {}): NonNullable<Ties['shift']> => ({
  escalationPolicy: { id: 'PPAY', name: 'Payments' },
  schedule: { id: 'PSCHED', name: 'Primary' },
  level: 1,
  end: NOON + 6 * HOUR,
  grace: 0,
  over: false,
  ...more,
});
const aTiedIncident = (more: Partial<NonNullable<Ties['incident']>> = {}): NonNullable<Ties['incident']> => ({
  id: 'PINC',
  number: 7,
  resolvedAt: null,
  grace: 15 * MINUTE,
  ...more,
});
const tied = (more: Partial<Ties>): Ties => ({ ...NO_TIES, ...more });

describe('what access depends on', () => {
  const BOTH = { withShift: 10 * MINUTE, withIncident: 15 * MINUTE };
  const allowed = (more: Partial<Decision & { effect: 'allow' }> = {}): Decision => ({
    effect: 'allow',
    rule: 1,
    reasons: [],
    outcomes: [],
    proof: { onCall: anEntry(), incident: null },
    maxDuration: null,
    ...more,
  });
  const asked: Decision = {
    ...ask(),
    rule: 1,
    reasons: [],
    outcomes: [],
    proof: { onCall: anEntry(), incident: anOutage() },
    maxDuration: null,
  };
  const ties = (ground: Partial<Ground> = {}, role: Partial<Role> = {}) =>
    tiesOf(aRole({ ends: BOTH, rules: [allow(onCall())], ...role }), {
      decision: allowed(),
      evidence: someEvidence(),
      incidentId: null,
      window: null,
      before: null,
      ...ground,
    });

  test('is the shift that proved it, as it was seen', () => {
    expect(ties().shift).toEqual({
      escalationPolicy: { id: 'PPAY', name: 'Payments' },
      schedule: { id: 'PSCHED', name: 'Primary' },
      level: 1,
      levels: { min: 1, max: null },
      end: NOON + 6 * HOUR,
      grace: 10 * MINUTE,
      over: false,
    });
  });

  test.each<[string, Partial<Ground>, Partial<Role>]>([
    ['reviewers approved it', { decision: asked }, {}],
    ['no shift proved it', { decision: allowed({ proof: { onCall: null, incident: null } }) }, {}],
    ['the role does not end with one', {}, { ends: { ...BOTH, withShift: null } }],
  ])('is no shift if %s', (_name, ground, role) => {
    expect(ties(ground, role).shift).toBeNull();
  });

  test('ends with the shift itself if there is no grace', () => {
    expect(ties({}, { ends: { ...BOTH, withShift: 0 } }).shift).toMatchObject({ grace: 0 });
  });

  test.each<[string, Role['rules'], number | null, { min: number; max: number | null }]>([
    ['those of its rule', [allow(onCall({ minLevel: 2, maxLevel: 3 }))], 1, { min: 2, max: 3 }],
    ['from the lowest on where it has no highest', [allow(onCall({ minLevel: 2 }))], 1, { min: 2, max: null }],
    [
      'those that both tests of its rule accept',
      [allow(onCall({ maxLevel: 3 }), memberOf('U0ANA'), onCall({ minLevel: 2, maxLevel: 5 }))],
      1,
      { min: 2, max: 3 },
    ],
    [
      'those of the rule that decided, not of the first',
      [allow(onCall({ minLevel: 4, maxLevel: 5 })), allow(onCall({ maxLevel: 2 }))],
      2,
      { min: 1, max: 2 },
    ],
    ['the one that it was, where no rule says', [allow(memberOf('U0ANA'))], 1, { min: 3, max: 3 }],
    ['the one that it was, where an exception says', [allow(unless(onCall({ maxLevel: 2 })))], 1, { min: 3, max: 3 }],
    ['the one that it was, where Open Policy Agent decided', [allow(onCall())], null, { min: 3, max: 3 }],
  ])('is a shift at levels: %s', (_name, rules, rule, levels) => {
    const decision = allowed({ rule, proof: { onCall: anEntry({ level: 3 }), incident: null } });
    expect(ties({ decision }, { rules }).shift).toMatchObject({ level: 3, levels });
  });

  test('is the incident that was named, whoever allowed it', () => {
    const evidence = someEvidence({ incident: known(anOutage()) });
    for (const decision of [allowed(), asked])
      expect(ties({ decision, evidence, incidentId: 'PINC' }).incident).toEqual({
        id: 'PINC',
        number: 7,
        resolvedAt: null,
        grace: 15 * MINUTE,
      });
  });

  test('is no incident if none was named, or the role does not end with one', () => {
    const evidence = someEvidence({ incident: known(anOutage()) });
    expect(ties({ evidence }).incident).toBeNull();
    expect(ties({ evidence, incidentId: 'PINC' }, { ends: { ...BOTH, withIncident: null } }).incident).toBeNull();
    expect(ties({ evidence, incidentId: 'PINC' }, { ends: { ...BOTH, withIncident: 0 } }).incident).toMatchObject({
      grace: 0,
    });
  });

  test('counts a resolved incident from when it was first seen resolved', () => {
    const evidence = someEvidence({ at: NOON + 7, incident: known(anOutage({ status: 'resolved' })) });
    expect(ties({ evidence, incidentId: 'PINC' }).incident).toMatchObject({ resolvedAt: NOON + 7 });
    const acknowledged = someEvidence({ incident: known(anOutage({ status: 'acknowledged' })) });
    expect(ties({ evidence: acknowledged, incidentId: 'PINC' }).incident).toMatchObject({ resolvedAt: null });
  });

  test('is an incident that could not be looked up, with the number that is known', () => {
    const dark = { evidence: someEvidence({ incident: unknown('no answer') }), incidentId: 'PINC' };
    expect(ties(dark).incident).toEqual({ id: 'PINC', number: null, resolvedAt: null, grace: 15 * MINUTE });
    expect(ties({ ...dark, evidence: someEvidence() }).incident).toMatchObject({ id: 'PINC', number: null });
    expect(ties({ ...dark, before: tied({ incident: aTiedIncident({ number: 9 }) }) }).incident).toMatchObject({
      number: 9,
    });
  });

  test('keeps an incident that was resolved before, even if it now looks open', () => {
    const over = aTiedIncident({ id: 'POLD', resolvedAt: NOON - HOUR, grace: 1 });
    const evidence = someEvidence({ incident: known(anOutage()) });
    const before = tied({ incident: over });
    expect(ties({ before, evidence, incidentId: 'PINC' }).incident).toEqual(over);
    expect(ties({ before, evidence }).incident).toEqual(over);
    expect(
      ties({ before: tied({ incident: aTiedIncident({ number: 9 }) }), evidence, incidentId: 'PINC' }),
    ).toMatchObject({ incident: { number: 7, resolvedAt: null } });
  });

  test('is a PagerDuty user, if PagerDuty knew the person', () => {
    expect(ties({ evidence: someEvidence({ onCall: known([]) }) }).inPagerDuty).toBe(true);
    expect(ties({ evidence: someEvidence({ onCall: unknown('no such user') }) }).inPagerDuty).toBe(false);
    expect(ties({ evidence: someEvidence({ onCall: null }) }).inPagerDuty).toBe(false);
  });

  test('is the window that was requested', () => {
    expect(ties({ window: NOON + HOUR }).window).toBe(NOON + HOUR);
    expect(ties().window).toBeNull();
  });
});

test.each<[string, Partial<Ties>, boolean]>([
  ['nothing', {}, false],
  ['a window alone', { window: NOON }, false],
  ['a shift', { shift: aTiedShift() }, true],
  ['a shift that is over', { shift: aTiedShift({ over: true }) }, false],
  ['an incident', { incident: aTiedIncident() }, true],
  ['an incident that is over', { incident: aTiedIncident({ resolvedAt: NOON }) }, false],
  ['a shift that is over, and an incident', { shift: aTiedShift({ over: true }), incident: aTiedIncident() }, true],
  ['a shift, and an incident that is over', { shift: aTiedShift(), incident: aTiedIncident({ resolvedAt: 1 }) }, true],
])('access that depends on %s is watched: %s', (_name, ties, watched) => {
  expect(isWatched(tied(ties))).toBe(watched);
});

describe('the planned end', () => {
  const SHIFT = aTiedShift({ end: NOON + 20 * MINUTE, grace: 5 * MINUTE });
  const INCIDENT = aTiedIncident({ resolvedAt: NOON + 10 * MINUTE, grace: 20 * MINUTE });
  test.each<[string, Partial<Ties>, number, string]>([
    ['after its time', {}, 60, 'expired'],
    ['with the window that was asked for', { window: NOON + 40 * MINUTE }, 40, 'expired'],
    ['after its time where the window is longer', { window: NOON + 2 * HOUR }, 60, 'expired'],
    ['a while after its shift', { shift: SHIFT }, 25, 'shift_ended'],
    ['after its time where the shift has no end', { shift: aTiedShift({ end: null }) }, 60, 'expired'],
    ['a while after its incident', { incident: INCIDENT }, 30, 'incident_resolved'],
    ['after its time while its incident is open', { incident: aTiedIncident() }, 60, 'expired'],
    ['with the shift before the incident', { shift: SHIFT, incident: INCIDENT }, 25, 'shift_ended'],
    [
      'with the incident before the shift',
      { shift: aTiedShift({ end: NOON + 50 * MINUTE }), incident: INCIDENT, window: NOON + 40 * MINUTE },
      30,
      'incident_resolved',
    ],
    ['expired where both fall together', { shift: aTiedShift({ end: NOON + HOUR }) }, 60, 'expired'],
  ])('is %s', (_name, ties, minutes, endsBecause) => {
    expect(plannedEnd(NOON, HOUR, tied(ties))).toEqual({ endsAt: NOON + minutes * MINUTE, endsBecause });
  });

  test('of an incident is known once it is resolved', () => {
    expect(incidentEnd(tied({ incident: INCIDENT }))).toBe(NOON + 30 * MINUTE);
    expect(incidentEnd(tied({ incident: aTiedIncident() }))).toBeNull();
    expect(incidentEnd(NO_TIES)).toBeNull();
    expect(incidentEnd(tied({ incident: aTiedIncident({ resolvedAt: 0, grace: 1 }) }))).toBe(1);
  });

  test('counts from the intent at first, and from activation afterwards', () => {
    const { state: _s, intendedAt: _i, endsAt: _e, endsBecause: _b, ...fields } = aGrantOnItsWay();
    const intended = intendGrant(fields, NOON + 1);
    expect(intended).toEqual({ ...aGrantOnItsWay(), intendedAt: NOON + 1, endsAt: NOON + 1 + HOUR });
    const active = activate(intended, 'jit_ana', NOON + MINUTE);
    expect(active).toEqual(
      anActiveGrant({
        intendedAt: NOON + 1,
        activation: { at: NOON + MINUTE, account: 'jit_ana' },
        endsAt: NOON + MINUTE + HOUR,
      }),
    );
  });

  test('of a window does not move if access becomes active late', () => {
    const late = activate(aGrantOnItsWay({ ties: tied({ window: NOON + HOUR }) }), 'jit_ana', NOON + 50 * MINUTE);
    expect(late).toMatchObject({ endsAt: NOON + HOUR, endsBecause: 'expired' });
  });

  test('follows what access depends on, and its length if that changes', () => {
    const grant = anActiveGrant({ endsAt: 0 });
    const ties = tied({ shift: SHIFT });
    expect(retie(grant, { ties })).toEqual(
      anActiveGrant({ ties, endsAt: NOON + 25 * MINUTE, endsBecause: 'shift_ended' }),
    );
    expect(retie(grant, { ties: NO_TIES, duration: 2 * HOUR })).toEqual(
      anActiveGrant({ duration: 2 * HOUR, endsAt: NOON + 2 * HOUR }),
    );
  });
});

describe('an extension', () => {
  const longer = (grant: Parameters<typeof extended>[0], ties: Partial<Ties> = {}) =>
    extended(grant, { requestId: 'R2', duration: 30 * MINUTE, ties: tied(ties) });

  test('adds its time after the current end', () => {
    const grant = anActiveGrant({ extension: { requestId: 'R2', duration: 30 * MINUTE, ties: NO_TIES } });
    expect(longer(grant)).toEqual(
      anActiveGrant({
        duration: 90 * MINUTE,
        ties: tied({ window: NOON + 90 * MINUTE }),
        endsAt: NOON + 90 * MINUTE,
      }),
    );
  });

  test('adds no more than its time if access was to end early', () => {
    const short = anActiveGrant({ endsAt: NOON + 20 * MINUTE, endsBecause: 'shift_ended' });
    expect(longer(short)).toMatchObject({ endsAt: NOON + 50 * MINUTE, endsBecause: 'expired' });
  });

  test('depends on what it was approved for', () => {
    const shift = aTiedShift({ end: NOON + 70 * MINUTE });
    expect(longer(anActiveGrant(), { shift })).toMatchObject({
      ties: { shift },
      endsAt: NOON + 70 * MINUTE,
      endsBecause: 'shift_ended',
    });
    const incident = aTiedIncident();
    expect(
      longer(anActiveGrant({ ties: tied({ incident: aTiedIncident({ id: 'POLD' }) }) }), { incident }).ties,
    ).toEqual(tied({ incident, window: NOON + 90 * MINUTE }));
  });

  test('does not outlive an incident that is over by now', () => {
    const over = aTiedIncident({ resolvedAt: NOON + 30 * MINUTE });
    const grant = anActiveGrant({ ties: tied({ incident: over }) });
    expect(longer(grant, { incident: aTiedIncident() })).toMatchObject({
      ties: { incident: over },
      endsAt: NOON + 45 * MINUTE,
      endsBecause: 'incident_resolved',
    });
  });
});

describe('the end', () => {
  const ending = { why: 'revoked', by: BOT, problem: 'no longer needed' } as const;
  const { state: _state, ...core } = aGrantOnItsWay();

  test('of access that never became active has no beginning', () => {
    expect(startRevoking(aGrantOnItsWay(), ending, NOON + 1)).toEqual({
      ...core,
      ...ending,
      state: 'revoking',
      activation: null,
      since: NOON + 1,
    });
  });

  test('of active access keeps its start and name, and drops the pending extension', () => {
    const extension = { requestId: 'R2', duration: HOUR, ties: NO_TIES };
    expect(startRevoking(anActiveGrant({ extension }), ending, NOON + 1)).toEqual({
      ...core,
      ...ending,
      state: 'revoking',
      activation: { at: NOON, account: 'jit_ana' },
      since: NOON + 1,
    });
  });

  test.each([
    ['revoked', 'ended'],
    ['expired', 'ended'],
    ['person_left', 'ended'],
    ['provision_failed', 'failed'],
  ] as const)('for reason %s leads to the state %s', (why, state) => {
    const revoking = startRevoking(anActiveGrant(), { ...ending, why }, NOON + 1);
    expect(conclude(revoking, NOON + 2)).toEqual({
      ...core,
      ...ending,
      why,
      state,
      activation: { at: NOON, account: 'jit_ana' },
      endedAt: NOON + 2,
    });
  });
});

test('a target may hold access that is starting, active, or not provably gone', () => {
  const revoking = startRevoking(anActiveGrant(), { why: 'revoked', by: BOT, problem: null }, NOON);
  const overdue = { ...revoking, state: 'overdue' } as const;
  const all = [aGrantOnItsWay(), anActiveGrant(), revoking, overdue, conclude(revoking, NOON)];
  expect(all.map(isLive)).toEqual([true, true, true, true, false]);
  expect(all.map(isRevoking)).toEqual([false, false, true, true, false]);
  expect(OVERDUE_AFTER_FAILURES).toBe(6);
});
