/** Where exactly limits of time, of authority and of number begin and end. */

import { afterEach, describe, expect, test } from 'vitest';
import { HOUR, MINUTE, SECOND } from '../../src/domain/terms.ts';
import { breakGlass } from '../../src/lifecycle/breakGlass/breakGlass.ts';
import { freeze } from '../../src/lifecycle/health/freeze.ts';
import { aFlow, anIncident, aShift, type Flow } from '../support/flowWorld.ts';

let flow: Flow;
afterEach(() => flow.close());

const DAY = 24 * HOUR;
const role = (rules: string, more = '') => `      read:
        grants: {}
        duration: { max: 4h, total: 8h }
        rules: ${rules}
${more}`;
const now = () => flow.clock.now();
const gets = async (who: string, duration: number, more: { incidentId?: string } = {}) => {
  const asked = await flow.asks(who, 'db/read', duration, more);
  if (asked.state === 'pending') await flow.approves('U0CHLOE', asked);
  await flow.work();
  return flow.held(who, 'db/read');
};

describe('more time', () => {
  test('K7.7 is decided as a whole when asked for, to the millisecond', async () => {
    flow = aFlow({ roles: role('[{ allow: { duration: { max: 30m } } }, { ask: { reviewers: [U0CHLOE] } }]') });
    const held = await gets('U0ANA', 20 * MINUTE);
    expect((await flow.extends('U0ANA', held, 10 * MINUTE)).state).toBe('approved');
    await flow.work();
    const whole = await flow.held('U0ANA', 'db/read');
    expect((await flow.extends('U0ANA', whole, 1)).state).toBe('pending');
  });

  test('K7.7 that a shift lets nothing come of is not given, to the millisecond', async () => {
    flow = aFlow({
      roles: role('[{ allow: { on_call: { level: { max: 1 } } } }]', '        ends: { with_shift: 15m }'),
    });
    const end = now() + 2 * HOUR;
    flow.shifts.set('U0ANA', [aShift(now(), { end })]);
    const held = await gets('U0ANA', 4 * HOUR);
    expect(held.endsAt).toBe(end + 15 * MINUTE);
    await flow.extends('U0ANA', held, HOUR);
    await flow.work();
    expect(flow.events().at(-1)?.type).toBe('grant.not_extended');
    expect((await flow.held('U0ANA', 'db/read')).endsAt).toBe(held.endsAt);
  });

  test('K7.7 approved just before its incident was resolved starts no new grace', async () => {
    flow = aFlow({ roles: role('[{ ask: { reviewers: [U0CHLOE] } }]', '        ends: { with_incident: 30m }') });
    flow.incidents.set('PINC1', anIncident());
    const held = await gets('U0ANA', HOUR, { incidentId: 'PINC1' });
    const more = await flow.extends('U0ANA', held, 4 * HOUR);
    flow.outages.add('target');
    await flow.approves('U0CHLOE', more);
    flow.incidents.set('PINC1', anIncident({ status: 'resolved' }));
    await flow.deps.store.commit({ jobs: [{ kind: 'watch', key: held.id, dueAt: now() }] });
    await flow.work();
    const resolvedAt = now();
    flow.outages.clear();
    flow.clock.advance(2 * SECOND);
    await flow.work();
    expect(await flow.held('U0ANA', 'db/read')).toMatchObject({ extension: null, endsAt: resolvedAt + 30 * MINUTE });
  });
});

test.each([
  ['above', { min: 1, max: 2 }, 3],
  ['below', { min: 2, max: 3 }, 1],
])('K7.8 a move to a level %s those that the rule accepts ends what it gave', async (_where, { min, max }, to) => {
  flow = aFlow({
    roles: role(
      `[{ allow: { on_call: { level: { min: ${min}, max: ${max} } } } }]`,
      '        ends: { with_shift: 15m }',
    ),
  });
  flow.shifts.set('U0ANA', [aShift(now(), { level: 2 })]);
  await gets('U0ANA', 4 * HOUR);
  flow.shifts.set('U0ANA', [aShift(now(), { level: to })]);
  flow.clock.advance(5 * MINUTE);
  await flow.work();
  expect((await flow.held('U0ANA', 'db/read')).endsAt).toBe(now() + 15 * MINUTE);
});

describe('limits', () => {
  test('K6.12 another account of whoever asks is nobody else’s place of the cap', async () => {
    flow = aFlow({
      slack: '  same_person: [[U0BEN, U0BENADMIN]]',
      roles: `${role('[{ allow: { duration: { max: 4h } } }]')}
      write: { grants: {}, duration: { max: 1h }, rules: [{ allow: { duration: { max: 4h } } }] }`,
      more: 'limits: [{ resources: [db], holders: 1 }]',
    });
    flow.people.set('U0BENADMIN', { slackId: 'U0BENADMIN', name: 'B', email: 'root@harbor.example', timeZone: 'UTC' });
    await gets('U0BEN', HOUR);
    expect((await flow.asks('U0BENADMIN', 'db/write', HOUR)).state).toBe('approved');
    expect((await flow.asks('U0ANA', 'db/write', HOUR)).state).toBe('denied');
  });

  test('K6.12 a start counts what came before, as later ones were counted when asked', async () => {
    const allowed = '{ grants: {}, duration: { max: 1h }, rules: [{ allow: { duration: { max: 1h } } }] }';
    flow = aFlow({
      roles: ['read', 'write', 'drop'].map((name) => `      ${name}: ${allowed}`).join('\n'),
      more: 'limits: [{ automatic: { max: 2, per: 24h } }]',
    });
    const first = now() + DAY;
    for (const [name, startsAt] of [
      ['read', first],
      ['write', first + 23 * HOUR],
      ['drop', first + 46 * HOUR],
    ] as const)
      expect((await flow.asks('U0ANA', `db/${name}`, HOUR, { startsAt })).state).toBe('scheduled');
    for (const name of ['read', 'write', 'drop']) {
      flow.clock.advance(name === 'read' ? DAY : 23 * HOUR);
      await flow.work();
      expect(await flow.isHeld('U0ANA', `db/${name}`)).toBe(true);
    }
  });

  test('K6.12 an unreviewed use of break-glass locks from its deadline on', async () => {
    flow = aFlow({
      roles: role(
        '[{ ask: { reviewers: [U0CHLOE] } }]',
        '        break_glass: { members_of: [U0BEN], max: 15m, review_within: 2h, reviewers: [U0CHLOE] }',
      ),
    });
    const input = { personId: 'U0BEN', role: 'db/read', duration: 15 * MINUTE, reason: 'everything is down' };
    const use = (submissionKey: string) =>
      breakGlass(flow.deps, { ...input, submissionKey, incidentId: null, factor: null });
    expect(await use('B1')).toMatchObject({ state: 'approved' });
    flow.clock.advance(2 * HOUR);
    await flow.work();
    expect(await use('B2')).toMatchObject({ refused: { code: 'break_glass_unreviewed' } });
  });
});

describe('authority', () => {
  test('K6.13 accounts belong together through any number of lists, in any order', async () => {
    flow = aFlow({
      slack: '  same_person: [[U0BEN, U0EVE], [U0EVE, U0DEV], [U0ANA, U0BEN], [U0DEV, U0CHLOE]]',
      roles: role('[{ ask: { reviewers: [U0CHLOE, U0FRED] } }]'),
    });
    const asked = await flow.asks('U0ANA', 'db/read', HOUR);
    expect((await flow.refused(flow.approves('U0CHLOE', asked))).code).toBe('own_request');
    expect((await flow.approves('U0FRED', asked)).state).toBe('approved');
  });

  test('K6.13 a stand-in must be allowed by the policy, and for at most 30 days', async () => {
    flow = aFlow({ slack: '  delegates: [U0FRED]', roles: role('[{ ask: { reviewers: [U0CHLOE] } }]') });
    expect(await flow.refused(flow.standsIn('U0CHLOE', 'U0DEV'))).toMatchObject({ code: 'no_delegate' });
    const longest = now() + 30 * DAY;
    expect(await flow.refused(flow.standsIn('U0CHLOE', 'U0FRED', longest + 1))).toMatchObject({ code: 'no_delegate' });
    expect(await flow.refused(flow.standsIn('U0CHLOE', 'U0FRED', now()))).toMatchObject({ code: 'no_delegate' });
    expect(await flow.standsIn('U0CHLOE', 'U0FRED', longest)).toMatchObject({ until: longest });
  });

  test('K9.7 having been seen as an administrator ends once the policy drops them', async () => {
    flow = aFlow({ roles: role('[{ allow: { duration: { max: 4h } } }]') });
    const eve = { personId: 'U0EVE', reason: 'a token has leaked' };
    expect(await freeze(flow.deps, eve)).toMatchObject({ seenAt: null });
    flow.silent.add('U0EVE');
    expect(await freeze(flow.deps, eve)).toMatchObject({ refused: { code: 'frozen' } });
    flow.reload((source) => source.replace('admins: [U0EVE]', 'admins: [U0FRED]'));
    expect(await freeze(flow.deps, eve)).toMatchObject({ refused: { code: 'person_refused' } });
  });
});
