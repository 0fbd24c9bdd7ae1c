/** Time that a rule limits is limited as a whole, however it is sliced. */

import { afterEach, describe, expect, test } from 'vitest';
import type { OpaAnswer } from '../../src/domain/evidence.ts';
import type { ActiveGrant } from '../../src/domain/grant.ts';
import { HOUR, MINUTE, type Millis } from '../../src/domain/terms.ts';
import { breakGlass } from '../../src/lifecycle/breakGlass/breakGlass.ts';
import { aFlow, anIncident, aShift, type Flow } from '../support/flowWorld.ts';

let flow: Flow;
afterEach(() => flow.close());

const OPA = `      read: { grants: {}, duration: { max: 1h, total: 8h }, opa: { url: "http://opa.example", path: jit/decision } }`;
const says = (more: Partial<OpaAnswer>): OpaAnswer => ({
  decision: 'allow',
  reasons: [],
  reviewers: [],
  needed: 1,
  max: null,
  ...more,
});
const gets = async (who: string, duration: Millis, incidentId?: string): Promise<ActiveGrant> => {
  const asked = await flow.asks(who, 'db/read', duration, incidentId === undefined ? {} : { incidentId });
  if (asked.state === 'pending') await flow.approves('U0CHLOE', asked);
  await flow.work();
  return flow.held(who, 'db/read');
};
const lasts = ({ activation, endsAt }: ActiveGrant): Millis => endsAt - activation.at;
const now = () => flow.clock.now();
/** Lets time go by, and does what is due meanwhile. */
const pass = async (ms: Millis) => {
  for (let left = ms; left > 0; left -= MINUTE) {
    flow.clock.advance(Math.min(left, MINUTE));
    await flow.work();
  }
};

describe('what Open Policy Agent allows', () => {
  test('K7.1 a ttl is the whole of it: no extension makes it longer', async () => {
    flow = aFlow({ roles: OPA });
    flow.opa = says({ max: 10 * MINUTE });
    const grant = await gets('U0ANA', 10 * MINUTE);
    for (let turn = 0; turn < 3; turn += 1) {
      const more = await flow.extends('U0ANA', grant, 10 * MINUTE);
      expect(more).toMatchObject({
        state: 'denied',
        decision: { reasons: [expect.stringContaining('10 min in all')] },
      });
      await flow.work();
    }
    expect(lasts(await flow.held('U0ANA', 'db/read'))).toBe(10 * MINUTE);
  });

  test('K7.1 what is left of it is given, to the millisecond', async () => {
    flow = aFlow({ roles: OPA });
    flow.opa = says({ max: 10 * MINUTE });
    await gets('U0ANA', 10 * MINUTE - 1);
    const more = await flow.extends('U0ANA', await flow.held('U0ANA', 'db/read'), 10 * MINUTE);
    expect(more).toMatchObject({ state: 'approved', duration: 1 });
    await flow.work();
    const extended = await flow.held('U0ANA', 'db/read');
    expect(lasts(extended)).toBe(10 * MINUTE);
    expect((await flow.extends('U0ANA', extended, 1)).state).toBe('denied');
  });

  test('K7.2 so is the maximum of what reviewers are asked about', async () => {
    flow = aFlow({ roles: OPA });
    flow.opa = says({ decision: 'ask', reviewers: ['U0CHLOE'], max: 10 * MINUTE });
    await gets('U0ANA', 5 * MINUTE);
    const more = await flow.extends('U0ANA', await flow.held('U0ANA', 'db/read'), HOUR);
    expect(more).toMatchObject({ state: 'pending', duration: 5 * MINUTE });
    await flow.approves('U0CHLOE', more);
    await flow.work();
    const extended = await flow.held('U0ANA', 'db/read');
    expect(lasts(extended)).toBe(10 * MINUTE);
    expect((await flow.extends('U0ANA', extended, MINUTE)).state).toBe('denied');
  });

  test('K7.2 a smaller maximum counts at the approval, the start and the giving', async () => {
    flow = aFlow({ roles: OPA });
    const ask = (max: Millis) => says({ decision: 'ask', reviewers: ['U0CHLOE'], max });
    flow.opa = ask(30 * MINUTE);
    const asked = await flow.asks('U0ANA', 'db/read', 30 * MINUTE);
    flow.opa = ask(20 * MINUTE);
    expect(await flow.approves('U0CHLOE', asked)).toMatchObject({ duration: 20 * MINUTE });
    await flow.work();
    expect(lasts(await flow.held('U0ANA', 'db/read'))).toBe(20 * MINUTE);

    const startsAt = now() + HOUR;
    const later = await flow.asks('U0BEN', 'db/read', 20 * MINUTE, { startsAt });
    await flow.approves('U0CHLOE', later);
    flow.opa = ask(10 * MINUTE);
    flow.clock.advance(HOUR);
    await flow.work();
    expect((await flow.held('U0BEN', 'db/read')).endsAt).toBe(startsAt + 10 * MINUTE);

    const slow = await flow.asks('U0DEV', 'db/read', 10 * MINUTE);
    flow.outages.add('target');
    await flow.approves('U0CHLOE', slow);
    await flow.work();
    flow.outages.clear();
    flow.opa = ask(10 * MINUTE - 1);
    flow.clock.advance(11_000);
    await flow.work();
    expect(await flow.isHeld('U0DEV', 'db/read')).toBe(false);
  });

  test('K7.2 who gave less is asked again, also if another answer raised the maximum', async () => {
    flow = aFlow({ roles: OPA });
    flow.opa = says({ decision: 'ask', reviewers: ['U0CHLOE'], max: 30 * MINUTE });
    const asked = await flow.asks('U0ANA', 'db/read', 30 * MINUTE);
    await flow.approves('U0CHLOE', asked, { role: 'db/read', duration: 5 * MINUTE });
    await flow.work();
    const less = await flow.held('U0ANA', 'db/read');
    expect(lasts(less)).toBe(5 * MINUTE);
    expect(await flow.extends('U0ANA', less, HOUR)).toMatchObject({ state: 'pending', duration: 25 * MINUTE });
  });
});

describe('a rule about the duration', () => {
  const BOTH = `      read:
        grants: {}
        duration: { max: 1h, total: 4h }
        rules:
          - ask: { when: { duration: { max: 1h } }, reviewers: [U0CHLOE, U0DEV] }
          - ask: { reviewers: [U0CHLOE, U0DEV], needed: 2 }`;
  test('K7.2 an extension is reviewed as the whole that it makes, also at the click', async () => {
    flow = aFlow({ roles: BOTH });
    const grant = await gets('U0ANA', HOUR - 1);
    const exact = await flow.extends('U0ANA', grant, 1);
    expect((await flow.approves('U0CHLOE', exact)).state).toBe('approved');
    await flow.work();
    const over = await flow.extends('U0ANA', await flow.held('U0ANA', 'db/read'), 1);
    expect((await flow.approves('U0CHLOE', over)).state).toBe('pending');
    expect((await flow.approves('U0DEV', over)).state).toBe('approved');
  });

  test('K7.2 a shorter time does not need fewer reviewers than what was asked for', async () => {
    flow = aFlow({ roles: BOTH.replace('max: 1h, total', 'max: 2h, total') });
    const asked = await flow.asks('U0ANA', 'db/read', 2 * HOUR);
    await flow.approves('U0CHLOE', asked, { role: 'db/read', duration: HOUR });
    expect((await flow.request(asked.id)).state).toBe('pending');
    expect((await flow.approves('U0DEV', asked)).state).toBe('approved');
  });
});

describe('an extension adds what was approved, to the end as it is', () => {
  const SHIFT = `      read:
        grants: {}
        duration: { max: 4h, total: 8h }
        ends: { with_shift: 15m }
        rules:
          - allow: { on_call: { level: { max: 1 } } }
          - ask: { reviewers: [U0CHLOE] }
        break_glass: { members_of: [U0ANA], max: 30m, review_within: 24h, reviewers: [U0EVE] }`;

  test('K7.1 after a shift that ended early it extends the new end, not the first', async () => {
    flow = aFlow({ roles: SHIFT });
    flow.shifts.set('U0ANA', [aShift(now())]);
    await gets('U0ANA', 4 * HOUR);
    flow.shifts.delete('U0ANA');
    await pass(5 * MINUTE);
    const shortened = await flow.held('U0ANA', 'db/read');
    expect(shortened.endsAt).toBe(now() + 15 * MINUTE);
    const more = await flow.extends('U0ANA', shortened, 30 * MINUTE);
    await flow.approves('U0CHLOE', more);
    await flow.work();
    expect((await flow.held('U0ANA', 'db/read')).endsAt).toBe(shortened.endsAt + 30 * MINUTE);
  });

  test('K7.1 to a window that began late it adds to the window’s end', async () => {
    flow = aFlow({ roles: SHIFT });
    const startsAt = now() + HOUR;
    const asked = await flow.asks('U0ANA', 'db/read', 2 * HOUR, { startsAt });
    await flow.approves('U0CHLOE', asked);
    flow.clock.advance(2 * HOUR);
    await flow.work();
    const late = await flow.held('U0ANA', 'db/read');
    expect(late.endsAt).toBe(startsAt + 2 * HOUR);
    await flow.approves('U0CHLOE', await flow.extends('U0ANA', late, 30 * MINUTE));
    await flow.work();
    expect((await flow.held('U0ANA', 'db/read')).endsAt).toBe(startsAt + 2 * HOUR + 30 * MINUTE);
  });

  test('K7.1 on top of break-glass it is decided by the rules', async () => {
    flow = aFlow({ roles: SHIFT });
    await breakGlass(flow.deps, {
      submissionKey: 'B1',
      personId: 'U0ANA',
      role: 'db/read',
      duration: 30 * MINUTE,
      reason: 'everything is down',
      incidentId: null,
      factor: null,
    });
    await flow.work();
    const held = await flow.held('U0ANA', 'db/read');
    expect((await flow.extends('U0ANA', held, 30 * MINUTE)).state).toBe('pending');
    expect((await flow.refused(flow.asks('U0ANA', 'db/read', HOUR))).code).toBe('already_holds');
    await flow.work();
    expect(lasts(await flow.held('U0ANA', 'db/read'))).toBe(30 * MINUTE);
  });

  test('K7.1 more time that a shift cuts short leaves the end as it was', async () => {
    flow = aFlow({ roles: SHIFT });
    const held = await gets('U0ANA', 4 * HOUR);
    flow.shifts.set('U0ANA', [aShift(now(), { end: now() + HOUR })]);
    expect((await flow.extends('U0ANA', held, HOUR)).state).toBe('approved');
    await flow.work();
    expect((await flow.held('U0ANA', 'db/read')).endsAt).toBe(held.endsAt);
    expect(flow.events().at(-1)?.type).toBe('grant.not_extended');
  });
});

describe('access that names an incident', () => {
  const INCIDENT = `      read:
        grants: {}
        duration: { max: 4h, total: 8h }
        ends: { with_incident: 30m }
        rules:
          - allow: { on_call: { level: { max: 1 } } }
          - ask: { reviewers: [U0CHLOE] }
        break_glass: { members_of: [U0ANA], max: 4h, review_within: 24h, reviewers: [U0EVE] }`;
  const start = (who: 'on call' | 'asks') => {
    flow = aFlow({ roles: INCIDENT });
    flow.incidents.set('PINC1', anIncident());
    if (who === 'on call') flow.shifts.set('U0ANA', [aShift(now())]);
  };
  const resolve = () => flow.incidents.set('PINC1', anIncident({ status: 'resolved' }));

  test('K7.3 ends with it under a rule without incidents too, to the millisecond', async () => {
    start('on call');
    await gets('U0ANA', 4 * HOUR, 'PINC1');
    resolve();
    await pass(5 * MINUTE);
    const ends = now() + 30 * MINUTE;
    expect((await flow.held('U0ANA', 'db/read')).endsAt).toBe(ends);
    flow.clock.advance(30 * MINUTE - 1);
    await flow.work();
    expect(await flow.isHeld('U0ANA', 'db/read')).toBe(true);
    flow.clock.advance(1);
    await flow.work();
    expect(await flow.isHeld('U0ANA', 'db/read')).toBe(false);
    expect(flow.events().at(-1)).toMatchObject({ type: 'grant.ended', payload: { why: 'incident_resolved' } });
  });

  test('K7.3 also where PagerDuty did not answer when it was given', async () => {
    start('asks');
    flow.outages.add('pagerduty');
    await gets('U0ANA', 4 * HOUR, 'PINC1');
    flow.outages.clear();
    resolve();
    await pass(5 * MINUTE);
    expect((await flow.held('U0ANA', 'db/read')).endsAt).toBe(now() + 30 * MINUTE);
  });

  test('K7.3 also where it was taken by break-glass, and where it is resolved already', async () => {
    start('asks');
    resolve();
    const began = now();
    await breakGlass(flow.deps, {
      submissionKey: 'B1',
      personId: 'U0ANA',
      role: 'db/read',
      duration: 4 * HOUR,
      reason: 'everything is down',
      incidentId: 'PINC1',
      factor: null,
    });
    await flow.work();
    expect((await flow.held('U0ANA', 'db/read')).endsAt).toBe(began + 30 * MINUTE);
  });

  test('K7.3 what names no incident is not tied to one', async () => {
    start('on call');
    const grant = await gets('U0ANA', 4 * HOUR);
    resolve();
    await pass(10 * MINUTE);
    expect((await flow.held('U0ANA', 'db/read')).endsAt).toBe(grant.endsAt);
  });

  test.each(['on call', 'asks'] as const)(
    'K7.4 once it is resolved, no extension begins the grace anew (%s)',
    async (who) => {
      start(who);
      await gets('U0ANA', 4 * HOUR, 'PINC1');
      resolve();
      await pass(5 * MINUTE);
      const tied = await flow.held('U0ANA', 'db/read');
      await pass(20 * MINUTE);
      expect(await flow.refused(flow.extends('U0ANA', tied, HOUR))).toEqual({
        code: 'incident_over',
        until: tied.endsAt,
      });
      expect((await flow.held('U0ANA', 'db/read')).endsAt).toBe(tied.endsAt);
      // Not by opening it again either.
      flow.incidents.set('PINC1', anIncident());
      expect((await flow.refused(flow.extends('U0ANA', tied, HOUR))).code).toBe('incident_over');
    },
  );

  test('K7.4 nor does one that was asked for before it was resolved', async () => {
    start('asks');
    const grant = await gets('U0ANA', HOUR, 'PINC1');
    const more = await flow.extends('U0ANA', grant, HOUR);
    resolve();
    await pass(5 * MINUTE);
    const { endsAt } = await flow.held('U0ANA', 'db/read');
    expect(endsAt).toBe(now() + 30 * MINUTE);
    await pass(5 * MINUTE);
    expect((await flow.refused(flow.approves('U0CHLOE', more))).code).toBe('incident_over');
  });

  test('K7.4 nor one that was approved and not in force yet', async () => {
    start('asks');
    const grant = await gets('U0ANA', HOUR, 'PINC1');
    const more = await flow.extends('U0ANA', grant, HOUR);
    flow.outages.add('target');
    await flow.approves('U0CHLOE', more);
    resolve();
    await flow.deps.store.commit({ jobs: [{ kind: 'watch', key: grant.id, dueAt: now() }] });
    await flow.work();
    const resolvedAt = now();
    flow.outages.clear();
    await pass(MINUTE);
    expect((await flow.held('U0ANA', 'db/read')).endsAt).toBe(resolvedAt + 30 * MINUTE);
  });

  test('K7.4 with little time left before the grace, reaches as far as the grace', async () => {
    start('asks');
    await gets('U0ANA', 10 * MINUTE, 'PINC1');
    resolve();
    await pass(5 * MINUTE);
    const resolvedAt = now();
    const more = await flow.extends('U0ANA', await flow.held('U0ANA', 'db/read'), 2 * HOUR);
    await flow.approves('U0CHLOE', more);
    await flow.work();
    expect((await flow.held('U0ANA', 'db/read')).endsAt).toBe(resolvedAt + 30 * MINUTE);
  });
});

describe('access that was given for a shift', () => {
  const levels = (max: number) => `      read:
        grants: {}
        duration: { max: 4h }
        ends: { with_shift: 15m }
        rules: [{ allow: { on_call: { escalation_policies: [PPAY], level: { max: ${max} } } } }]`;
  const moves = async (max: number, to: Parameters<typeof aShift>[1]) => {
    flow = aFlow({ roles: levels(max) });
    flow.shifts.set('U0ANA', [aShift(now())]);
    const grant = await gets('U0ANA', 4 * HOUR);
    flow.shifts.set('U0ANA', [aShift(now(), to)]);
    await pass(5 * MINUTE);
    return { before: grant.endsAt, after: (await flow.held('U0ANA', 'db/read')).endsAt };
  };

  test('K7.5 ends with its grace if the level held now is not the rule’s', async () => {
    const { after } = await moves(1, { level: 2 });
    expect(after).toBe(now() + 15 * MINUTE);
    flow.clock.advance(15 * MINUTE - 1);
    await flow.work();
    expect(await flow.isHeld('U0ANA', 'db/read')).toBe(true);
    flow.clock.advance(1);
    await flow.work();
    expect(await flow.isHeld('U0ANA', 'db/read')).toBe(false);
  });

  test('K7.5 goes on at another level that its rule accepts, up to the last one', async () => {
    const accepted = await moves(2, { level: 2 });
    expect(accepted.after).toBe(accepted.before);
    flow.close();
    expect((await moves(2, { level: 3 })).after).toBe(now() + 15 * MINUTE);
  });

  test('K7.5 from an earlier version counts only at the level it was given for', async () => {
    flow = aFlow({ roles: levels(2) });
    flow.shifts.set('U0ANA', [aShift(now())]);
    const grant = await gets('U0ANA', 4 * HOUR);
    const loaded = await flow.deps.store.grant(grant.id);
    if (!loaded || !grant.ties.shift) throw new Error('there is no shift');
    const { levels: _levels, ...shift } = grant.ties.shift;
    const value = { ...grant, ties: { ...grant.ties, shift } };
    await flow.deps.store.commit({ grants: [{ value, version: loaded.version }] });
    flow.shifts.set('U0ANA', [aShift(now(), { level: 2 })]);
    await pass(5 * MINUTE);
    expect((await flow.held('U0ANA', 'db/read')).endsAt).toBe(now() + 15 * MINUTE);
  });
});

describe('a shift that somebody gave themselves', () => {
  const rule = (test: string) => `      read:
        grants: {}
        duration: { max: 4h }
        rules:
          - allow: { on_call: { ${test} } }
          - ask: { reviewers: [U0CHLOE] }`;
  const BY_NAME = { schedule: null, start: null, end: null } as const;

  test.each(['tenure: 10m', 'planned: true', 'tenure: 10m, planned: true'])(
    'K7.6 by adding themselves to an escalation policy by name does not pass %s',
    async (test) => {
      flow = aFlow({ roles: rule(test) });
      flow.shifts.set('U0ANA', [aShift(now(), BY_NAME)]);
      expect((await flow.asks('U0ANA', 'db/read', HOUR)).state).toBe('pending');
    },
  );

  test('K7.6 a turn of the rotation does, from the tenure on, to the millisecond', async () => {
    flow = aFlow({ roles: rule('tenure: 10m, planned: true') });
    flow.shifts.set('U0ANA', [aShift(now(), BY_NAME), aShift(now(), { start: now() - 10 * MINUTE })]);
    flow.shifts.set('U0BEN', [aShift(now(), BY_NAME), aShift(now(), { start: now() - 10 * MINUTE + 1 })]);
    expect((await flow.asks('U0ANA', 'db/read', HOUR)).state).toBe('approved');
    expect((await flow.asks('U0BEN', 'db/read', HOUR)).state).toBe('pending');
  });

  test('K7.6 where neither is asked for, being named is being on call', async () => {
    flow = aFlow({ roles: rule('level: { max: 1 }') });
    flow.shifts.set('U0ANA', [aShift(now(), BY_NAME)]);
    expect((await flow.asks('U0ANA', 'db/read', HOUR)).state).toBe('approved');
  });
});
