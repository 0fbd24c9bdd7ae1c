/** What no answer of a target can end is over when an administrator, who is not its holder, looked and says so. */

import { afterEach, beforeEach, expect, test } from 'vitest';
import { HOUR, MINUTE } from '../../src/domain/terms.ts';
import { createSeatBook } from '../../src/ledger/sqlite/seatBook.ts';
import { type Declaration, declareGone } from '../../src/lifecycle/grant/declareGone.ts';
import { endGrant } from '../../src/lifecycle/grant/endGrant.ts';
import { ConflictError } from '../../src/ports/store.ts';
import { failCommit, settled } from '../support/disturbed.ts';
import { factorsOf } from '../support/factors.ts';
import { aFlow, type Flow } from '../support/flowWorld.ts';

let flow: Flow;
let id: string;
const ROLES = `      read:
        grants: {}
        duration: { max: 4h }
        rules: [{ allow: { members_of: [S0ALL] } }]
      admin:
        grants: {}
        duration: { max: 4h }
        second_factor: [review]
        rules: [{ allow: { members_of: [S0ALL] } }]`;

beforeEach(() => {
  flow = aFlow({ slack: '  same_person: [[U0ANA, U0EVE]]', roles: ROLES });
  flow.groups.set('S0ALL', ['U0ANA', 'U0BEN', 'U0EVE', 'U0FRED']);
});
afterEach(() => flow.close());

const hold = async (who: string, role = 'db/read') => {
  await flow.asks(who, role, HOUR);
  await flow.work();
  id = (await flow.held(who, role)).id;
};
/** The target does not answer any more, for as many tries as it takes. */
const becomeOverdue = async () => {
  flow.outages.add('target');
  flow.clock.advance(61 * MINUTE);
  for (let tries = 0; tries < 7; tries += 1) {
    await flow.work();
    flow.clock.advance(MINUTE);
  }
  expect((await flow.deps.store.grant(id))?.value.state).toBe('overdue');
};
const declared = (change: Partial<Declaration> = {}) =>
  declareGone(flow.deps, { grantId: id, personId: 'U0EVE', reason: 'the server is no more', factor: null, ...change });
const state = async () => (await flow.deps.store.grant(id))?.value.state;
const events = () => flow.events().filter(({ type }) => type === 'grant.declared_gone' || type === 'grant.ended');

test('overdue access that an administrator saw to be gone is over and not tried again', async () => {
  await hold('U0BEN');
  await becomeOverdue();
  await declared();
  expect(await state()).toBe('ended');
  expect(await flow.isHeld('U0BEN', 'db/read')).toBe(false);
  expect(events()).toMatchObject([
    {
      type: 'grant.declared_gone',
      actor: { kind: 'person', id: 'U0EVE' },
      grantId: id,
      payload: { role: 'db/read', person: { slackId: 'U0BEN' }, reason: 'the server is no more' },
    },
  ]);
  flow.outages.clear();
  flow.clock.advance(HOUR);
  await flow.work();
  expect(events()).toHaveLength(1);
});

test.each([
  ['active', async () => undefined],
  [
    'being taken back and not overdue',
    async () => {
      flow.outages.add('target');
      flow.clock.advance(61 * MINUTE);
      await flow.work();
    },
  ],
])('access that is %s cannot be declared gone', async (_state, reach) => {
  await hold('U0BEN');
  await reach();
  expect(await declared()).toEqual({ refused: { code: 'not_overdue' } });
  expect(await flow.isHeld('U0BEN', 'db/read')).toBe(true);
});

test('only an administrator can declare access gone', async () => {
  await hold('U0BEN');
  await becomeOverdue();
  expect(await declared({ personId: 'U0CHLOE' })).toEqual({ refused: { code: 'not_an_admin' } });
  expect(await state()).toBe('overdue');
});

test('an administrator for whom Slack does not answer cannot', async () => {
  await hold('U0BEN');
  await becomeOverdue();
  flow.silent.add('U0EVE');
  expect(await declared()).toMatchObject({ refused: { code: 'person_refused' } });
  expect(await state()).toBe('overdue');
});

test.each([
  ['their own access', 'U0EVE'],
  ['access of another account of theirs', 'U0ANA'],
])('an administrator cannot declare %s gone', async (_whose, holder) => {
  await hold(holder);
  await becomeOverdue();
  expect(await declared()).toEqual({ refused: { code: 'own_access' } });
  expect(await state()).toBe('overdue');
});

test('a declaration without a reason is refused', async () => {
  await hold('U0BEN');
  await becomeOverdue();
  expect(await declared({ reason: ' \u200b ' })).toEqual({ refused: { code: 'comment_missing' } });
  expect(await state()).toBe('overdue');
});

test('a role that is reviewed with a code is declared gone with a code', async () => {
  await hold('U0BEN', 'db/admin');
  await becomeOverdue();
  expect(await declared()).toEqual({ refused: { code: 'second_factor_needed' } });
  expect(await state()).toBe('overdue');
});

test('a code that was shown is enough for a role that is reviewed with one', async () => {
  await hold('U0BEN', 'db/admin');
  await becomeOverdue();
  const factor = await factorsOf(flow.deps, flow.clock)('U0EVE');
  expect(await declared({ factor })).toHaveProperty('declared');
  expect(await state()).toBe('ended');
});

test('what never existed cannot be declared gone', async () => {
  expect(await declared({ grantId: 'G-none' })).toEqual({ refused: { code: 'unknown_grant' } });
});

test('an administrator who may be its holder by an unseen account is refused', async () => {
  flow.people.set('U0EVETOO', { slackId: 'U0EVETOO', name: 'Eve', email: 'e@harbor.example', timeZone: 'UTC' });
  flow.reload((source) => source.replace('[U0ANA, U0EVE]', '[U0EVE, U0EVETOO]'));
  await hold('U0BEN');
  await becomeOverdue();
  flow.silent.add('U0EVETOO');
  expect(await declared()).toEqual({
    refused: { code: 'eligibility_unknown', problem: expect.stringContaining('U0EVETOO') },
  });
  expect(await state()).toBe('overdue');
});

test('nor an administrator whose account made a request under the holder’s mailbox', async () => {
  await hold('U0BEN');
  await becomeOverdue();
  flow.people.set('U0EVE', { slackId: 'U0EVE', name: 'Eve', email: 'ben+e@harbor.example', timeZone: 'UTC' });
  flow.outages.clear();
  await flow.asks('U0EVE', 'db/admin', HOUR);
  flow.people.set('U0EVE', { slackId: 'U0EVE', name: 'Eve', email: 'eve@harbor.example', timeZone: 'UTC' });
  expect(await declared()).toEqual({ refused: { code: 'own_access' } });
});

test('a declaration is recorded as it was made, with why the access ended', async () => {
  await hold('U0BEN');
  await becomeOverdue();
  expect(await declared({ reason: '  the server is no more ' })).toMatchObject({ declared: { id, state: 'overdue' } });
  const { value } = (await flow.deps.store.grant(id)) ?? {};
  expect(value).toMatchObject({ state: 'ended', why: 'expired', endedAt: flow.clock.now() });
  expect(events()).toMatchObject([
    {
      requestId: value?.requestId,
      payload: { person: { slackId: 'U0BEN', name: 'Ben' }, why: 'expired', reason: 'the server is no more' },
    },
  ]);
  expect(flow.due('end')).toEqual([]);
});

test('its seats are owed to nobody any more, and those of others still are', async () => {
  const book = createSeatBook(flow.ledger);
  await hold('U0FRED');
  const { id: other } = await flow.held('U0FRED', 'db/read');
  await hold('U0BEN');
  for (const grantId of [id, other])
    await book.keep({ grantId, place: 'db', account: grantId, level: 'read', role: 'db/read', before: null });
  await becomeOverdue();
  await declared();
  expect(await book.of(id)).toEqual([]);
  expect(await book.of(other)).toHaveLength(1);
});

test('a declaration that lost a race is decided again', async () => {
  await hold('U0BEN');
  await becomeOverdue();
  failCommit(flow.deps.store, new ConflictError('somebody was faster'));
  expect(await declared()).toHaveProperty('declared');
});

test('a declaration waits for an attempt that is under way', async () => {
  await hold('U0BEN');
  await becomeOverdue();
  flow.outages.clear();
  const answer = Promise.withResolvers<readonly []>();
  flow.deps.targets.revoke = () => answer.promise;
  flow.deps.targets.isActive = async () => false;
  const ending = endGrant(flow.deps, id, 9);
  const declaring = declared();
  for (let turn = 0; turn < 20; turn += 1) await settled();
  answer.resolve([]);
  expect(await declaring).toEqual({ refused: { code: 'not_overdue' } });
  await ending;
  expect(events()).toMatchObject([{ type: 'grant.ended' }]);
});

test('access that was declared gone cannot be declared again', async () => {
  await hold('U0BEN');
  await becomeOverdue();
  await declared();
  expect(await declared()).toEqual({ refused: { code: 'not_overdue' } });
  expect(events()).toHaveLength(1);
});
