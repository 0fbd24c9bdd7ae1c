/** Access that was given for a shift or an incident ends with it, and nobody is left to find out by themselves. */

import { afterEach, describe, expect, test } from 'vitest';
import type { OnCallEntry } from '../../src/domain/evidence.ts';
import type { ActiveGrant, Ties } from '../../src/domain/grant.ts';
import { HOUR, MINUTE } from '../../src/domain/terms.ts';
import { watchGrant, watchJobs } from '../../src/lifecycle/grant/watchGrant.ts';
import { ConflictError } from '../../src/ports/store.ts';
import { manualClock } from '../support/clock.ts';
import { failCommit } from '../support/disturbed.ts';
import { aFlow, anIncident, aShift, type Flow } from '../support/flowWorld.ts';

let flow: Flow;
afterEach(() => flow.close());

const ROLES = `      read:
        grants: {}
        duration: { max: 4h }
        ends: { with_shift: 15m, with_incident: 30m }
        rules: [{ allow: { on_call: { escalation_policies: [PPAY] } } }]`;
const START = manualClock().now();
const now = () => flow.clock.now();
const says = (...entries: Partial<OnCallEntry>[]) =>
  flow.shifts.set(
    'U0ANA',
    entries.map((more) => aShift(now(), more)),
  );
const holds = async (shift: Partial<OnCallEntry> = {}, incidentId?: string): Promise<ActiveGrant> => {
  flow = aFlow({ roles: ROLES });
  flow.incidents.set('PINC1', anIncident());
  flow.shifts.set('U0ANA', [aShift(START, shift)]);
  await flow.asks('U0ANA', 'db/read', 4 * HOUR, incidentId === undefined ? {} : { incidentId });
  await flow.work();
  return flow.held('U0ANA', 'db/read');
};
const held = () => flow.held('U0ANA', 'db/read');
const watch = async ({ id }: { id: string }) => {
  const back = await watchGrant(flow.deps, id);
  return back && back.notBefore - now();
};
const said = (type: string) => flow.events().filter((event) => event.type === type);

describe('what is due about active access', () => {
  const active = async (duration: number, ties: Partial<Ties> = {}, activated = 0) => {
    const grant = await holds();
    const at = grant.activation.at + activated;
    return {
      ...grant,
      activation: { ...grant.activation, at },
      endsAt: at + duration,
      ties: { ...grant.ties, ...ties },
    };
  };
  const dueIn = (grant: ActiveGrant, after = 0) =>
    Object.fromEntries(watchJobs(grant, now() + after).map(({ kind, key, dueAt }) => [kind, [key, dueAt - now()]]));

  test.each([
    ['ten minutes before the end of long access', 4 * HOUR, 4 * HOUR - 10 * MINUTE],
    ['ten minutes before the end of forty', 40 * MINUTE, 30 * MINUTE],
    ['a quarter before the end of shorter access', 20 * MINUTE, 15 * MINUTE],
    ['at a whole millisecond', 3, 2],
  ])('is to remind its holder %s', async (_when, duration, remind) => {
    const grant = await active(duration, { shift: null });
    expect(dueIn(grant)).toEqual({ remind: [grant.id, remind] });
  });

  test('counts from when access began, and is not due before now', async () => {
    const grant = await active(20 * MINUTE, { shift: null }, HOUR);
    expect(dueIn(grant).remind).toEqual([grant.id, HOUR + 15 * MINUTE]);
    expect(dueIn(grant, 2 * HOUR).remind).toEqual([grant.id, 2 * HOUR]);
  });

  test.each([
    ['in five minutes', 8 * HOUR, false, 5 * MINUTE],
    ['in five minutes where no end is known', null, false, 5 * MINUTE],
    ['when it ends, where that is sooner', MINUTE, false, MINUTE],
    ['at once, where its end has passed', -MINUTE, false, 0],
    ['never, once it is over', 8 * HOUR, true, undefined],
  ])('is to look after its shift %s', async (_when, end, over, expected) => {
    const grant = await active(4 * HOUR);
    const { shift } = grant.ties;
    if (!shift) throw new Error('it is tied to no shift');
    const tied = {
      ...grant,
      ties: { ...grant.ties, shift: { ...shift, end: end === null ? null : now() + end, over } },
    };
    expect(dueIn(tied).watch?.[1]).toBe(expected);
  });

  test('is to look after its incident in five minutes, until that is resolved', async () => {
    const grant = await holds({ end: null }, 'PINC1');
    const { shift, incident } = grant.ties;
    if (!shift || !incident) throw new Error('it is tied to nothing');
    const over = { ...grant, ties: { ...grant.ties, shift: { ...shift, end: now() - MINUTE, over: true } } };
    expect(dueIn(over).watch).toEqual([grant.id, 5 * MINUTE]);
    const resolved = { ...over, ties: { ...over.ties, incident: { ...incident, resolvedAt: now() } } };
    expect(dueIn(resolved).watch).toBeUndefined();
  });
});

describe('a look at the shift', () => {
  test('that goes on changes nothing, and comes back', async () => {
    const grant = await holds();
    const before = await flow.deps.store.grant(grant.id);
    expect(await watch(grant)).toBe(5 * MINUTE);
    expect(await flow.deps.store.grant(grant.id)).toEqual(before);
  });

  test('whose end is near comes back then', async () => {
    const grant = await holds({ end: START + 3 * MINUTE });
    expect(await watch(grant)).toBe(3 * MINUTE);
  });

  test.each([
    ['another escalation policy', { escalationPolicy: { id: 'POTHER', name: 'Other' } }],
    ['another schedule', { schedule: { id: 'POTHER', name: 'Other' } }],
    ['no schedule, by name', { schedule: null }],
    ['a turn that begins later', { start: START + 1 }],
    ['a turn that ends in this moment', { end: START }],
  ])('that is %s by now ends it with its grace', async (_what, to) => {
    const grant = await holds();
    says(to);
    expect(await watch(grant)).toBeNull();
    expect(await held()).toMatchObject({
      endsAt: now() + 15 * MINUTE,
      endsBecause: 'shift_ended',
      ties: { shift: { end: now(), over: true } },
    });
  });

  test.each([
    ['a turn that began in this moment', { start: START }],
    ['a turn that ends a millisecond later', { end: START + 9 * HOUR }],
    ['a turn whose beginning is not known', { start: null }],
    ['one of several turns', { level: 2 }],
  ])('that is %s goes on', async (_what, to) => {
    const grant = await holds();
    says({ escalationPolicy: { id: 'POTHER', name: 'Other' } }, to);
    expect(await watch(grant)).toBe(5 * MINUTE);
    expect((await held()).endsAt).toBe(grant.endsAt);
  });

  test('of somebody whom the escalation policy names goes on under any schedule', async () => {
    const grant = await holds({ schedule: null });
    says({});
    await watch(grant);
    expect(await held()).toMatchObject({ endsAt: grant.endsAt });
  });

  test.each([
    ['sooner', 2 * HOUR, 8 * HOUR],
    ['at some time, where none was known', 2 * HOUR, null],
  ])('that ends %s moves the end of access', async (_how, to, from) => {
    const grant = await holds({ end: from === null ? null : START + from });
    says({ end: now() + to });
    flow.shifts.set('U0BEN', [aShift(now())]);
    expect(await watch(grant)).toBe(5 * MINUTE);
    const endsAt = now() + to + 15 * MINUTE;
    expect(await held()).toMatchObject({ endsAt, endsBecause: 'shift_ended', ties: { shift: { over: false } } });
    expect(said('grant.shortened')).toMatchObject([
      {
        actor: { kind: 'bot' },
        requestId: grant.requestId,
        grantId: grant.id,
        payload: { role: 'db/read', person: { slackId: 'U0ANA' }, endsAt, why: 'shift_ended' },
      },
    ]);
    expect(flow.due('end')).toEqual([{ key: grant.id, dueAt: endsAt }]);
    expect(flow.due('remind')).toEqual([{ key: grant.id, dueAt: endsAt }]);
    expect(said('access.offered')).toEqual([]);
  });

  test.each([
    ['later', 3 * HOUR],
    ['at no known time', null],
  ])('that ends %s than it was planned leaves the end of access', async (_how, to) => {
    const grant = await holds({ end: START + 2 * HOUR });
    says({ end: to === null ? null : now() + to });
    await watch(grant);
    expect(await held()).toMatchObject({ endsAt: grant.endsAt, ties: grant.ties });
    expect(said('grant.shortened')).toEqual([]);
  });

  test('that PagerDuty says nothing of changes nothing before its planned end', async () => {
    const grant = await holds({ end: START + HOUR });
    flow.outages.add('pagerduty');
    flow.clock.advance(HOUR - 1);
    expect(await watch(grant)).toBe(1);
    expect((await held()).ties.shift?.over).toBe(false);
    flow.clock.advance(1);
    expect(await watch(grant)).toBeNull();
    expect((await held()).ties.shift).toMatchObject({ over: true, end: now() });
  });

  test.each([
    ['somebody else has it', () => flow.shifts.delete('U0ANA')],
    ['it was made longer', () => says({ end: now() + HOUR })],
    ['it goes on without end', () => says({ end: null })],
  ])('is over at its planned end, where %s, however late that is seen', async (_what, happens) => {
    const end = START + HOUR;
    const grant = await holds({ end });
    flow.clock.advance(HOUR + MINUTE);
    happens();
    expect(await watch(grant)).toBeNull();
    expect(await held()).toMatchObject({ endsAt: grant.endsAt, ties: { shift: { over: true, end } } });
    // Where it was planned so, its end is no news to the due work; that the shift is over is said.
    expect(said('grant.shortened')).toMatchObject([{ payload: { endsAt: grant.endsAt, why: 'shift_ended' } }]);
  });

  test('that is over is offered to whoever has it now, once', async () => {
    const grant = await holds({}, 'PINC1');
    flow.shifts.delete('U0ANA');
    flow.shifts.set('U0BEN', [aShift(now())]);
    expect(await watch(grant)).toBe(5 * MINUTE);
    expect(said('access.offered')).toMatchObject([
      { grantId: grant.id, payload: { role: 'db/read', from: { slackId: 'U0ANA' }, to: [{ slackId: 'U0BEN' }] } },
    ]);
    flow.incidents.set('PINC1', anIncident({ status: 'resolved' }));
    expect(await watch(grant)).toBeNull();
    expect(said('access.offered')).toHaveLength(1);
    // Its incident ends it later than its shift does: no news.
    expect(said('grant.shortened')).toHaveLength(1);
    expect((await held()).ties.incident?.resolvedAt).toBe(now());
  });

  test('that is over is seen, also if the incident is resolved in the same look', async () => {
    const grant = await holds({}, 'PINC1');
    flow.shifts.delete('U0ANA');
    flow.shifts.set('U0BEN', [aShift(now())]);
    flow.incidents.set('PINC1', anIncident({ status: 'resolved' }));
    expect(await watch(grant)).toBeNull();
    const { ties, endsAt, endsBecause } = await held();
    expect(ties).toMatchObject({ shift: { over: true, end: now() }, incident: { resolvedAt: now() } });
    expect({ in: endsAt - now(), endsBecause }).toEqual({ in: 15 * MINUTE, endsBecause: 'shift_ended' });
    expect(said('access.offered')).toHaveLength(1);
  });

  test('is asked about for checking, and not again once it is over', async () => {
    const grant = await holds({}, 'PINC1');
    const asked: string[] = [];
    const { entries, incident } = flow.deps.onCall;
    flow.deps.onCall.entries = (person, purpose) => {
      asked.push(`shift ${purpose}`);
      return entries(person, purpose);
    };
    flow.deps.onCall.incident = (id, purpose) => {
      asked.push(`${id} ${purpose}`);
      return incident(id, purpose);
    };
    flow.shifts.delete('U0ANA');
    await watch(grant);
    expect(asked.splice(0)).toEqual(['shift check', 'PINC1 check']);
    flow.incidents.set('PINC1', anIncident({ status: 'resolved' }));
    await watch(grant);
    expect(asked.splice(0)).toEqual(['PINC1 check']);
    await watch(grant);
    expect(asked).toEqual([]);
  });
});

describe('a look at the incident', () => {
  test.each(['triggered', 'acknowledged'] as const)('that is %s changes nothing', async (status) => {
    const grant = await holds({ end: null }, 'PINC1');
    flow.incidents.set('PINC1', anIncident({ status }));
    expect(await watch(grant)).toBe(5 * MINUTE);
    expect(await held()).toMatchObject({ endsAt: grant.endsAt, ties: grant.ties });
  });

  test('that is resolved ends access with its grace', async () => {
    const grant = await holds({ end: null }, 'PINC1');
    flow.shifts.set('U0BEN', [aShift(now())]);
    flow.incidents.set('PINC1', anIncident({ status: 'resolved' }));
    flow.clock.advance(MINUTE);
    await watch(grant);
    const endsAt = now() + 30 * MINUTE;
    expect(await held()).toMatchObject({ endsAt, endsBecause: 'incident_resolved' });
    expect(said('grant.shortened')).toMatchObject([{ payload: { endsAt, why: 'incident_resolved' } }]);
    expect(said('access.offered')).toEqual([]);
  });

  test('that PagerDuty says nothing of changes nothing', async () => {
    const grant = await holds({ end: null }, 'PINC1');
    flow.outages.add('pagerduty');
    expect(await watch(grant)).toBe(5 * MINUTE);
    expect(await held()).toMatchObject({ ties: grant.ties });
  });
});

test('access that is not active is not watched', async () => {
  const grant = await holds();
  flow.clock.advance(4 * HOUR);
  await flow.work();
  expect(await watch(grant)).toBeNull();
  expect(await watch({ id: 'G-none' })).toBeNull();
});

test('a look that lost a race to another change is taken again', async () => {
  const grant = await holds();
  flow.shifts.delete('U0ANA');
  failCommit(flow.deps.store, new ConflictError('somebody was faster'));
  await watch(grant);
  expect((await held()).endsAt).toBe(now() + 15 * MINUTE);
});
