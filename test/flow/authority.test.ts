/** One human is one authority: whatever accounts, mailboxes or stand-ins they use. */

import { afterEach, describe, expect, test } from 'vitest';
import type { Person } from '../../src/domain/person.ts';
import type { Request } from '../../src/domain/request.ts';
import { HOUR, MINUTE } from '../../src/domain/terms.ts';
import { answerAccessReview, startAccessReview } from '../../src/lifecycle/accessReview/accessReview.ts';
import { breakGlass, reviewUse } from '../../src/lifecycle/breakGlass/breakGlass.ts';
import { aFlow, aShift, type Flow } from '../support/flowWorld.ts';

let flow: Flow;
afterEach(() => flow.close());

const DELEGATES = '  delegates: [S0DELEGATES]';
const SAME_BEN = `${DELEGATES}\n  same_person: [[U0BEN, U0BENADMIN]]`;
/** Reviewers are Chloé and Dev by a group; `needed` of them. */
const ASK = (needed: number) => `      read:
        grants: {}
        duration: { max: 4h, total: 8h }
        rules: [{ ask: { reviewers: [S0REVIEWERS], needed: ${needed}, expires: 4h } }]`;
const STAGES = `      read:
        grants: {}
        duration: { max: 4h }
        rules: [{ ask: { stages: [{ reviewers: [U0CHLOE] }, { reviewers: [U0CHLOE, U0DEV] }], expires: 4h } }]`;

function start(roles: string, slack = DELEGATES): Flow {
  flow = aFlow({ slack, roles });
  flow.groups.set('S0REVIEWERS', ['U0CHLOE', 'U0DEV']);
  flow.groups.set('S0DELEGATES', ['U0FRED', 'U0EVE', 'U0BEN', 'U0BENADMIN']);
  flow.people.set('U0BENADMIN', account('U0BENADMIN', 'root@harbor.example'));
  return flow;
}
const account = (slackId: string, email: string): Person => ({ slackId, name: slackId, email, timeZone: 'UTC' });
const move = (id: string, email: string) => flow.people.set(id, account(id, email));
const DEACTIVATED = 'this account is deactivated';

/** It is not given, whatever was clicked. */
const stillWaits = async (request: Request) => {
  await flow.work();
  expect((await flow.request(request.id)).state).toBe('pending');
  expect(await flow.isHeld(request.requester.slackId, request.role)).toBe(false);
};

describe('an authority counts once', () => {
  test.each([
    ['the reviewer first', ['U0CHLOE', 'U0FRED']],
    ['the stand-in first', ['U0FRED', 'U0CHLOE']],
  ])('K6.1 a reviewer and their stand-in are one of two approvals, %s', async (_order, clicks) => {
    start(ASK(2));
    const asked = await flow.asks('U0ANA', 'db/read', HOUR);
    await flow.standsIn('U0CHLOE', 'U0FRED');
    const [first = '', second = ''] = clicks;
    await flow.approves(first, asked);
    expect((await flow.refused(flow.approves(second, asked))).code).toBe('authority_used');
    await stillWaits(asked);
    await flow.approves('U0DEV', asked);
    await flow.work();
    expect((await flow.request(asked.id)).state).toBe('approved');
    await flow.held('U0ANA', 'db/read');
  });

  test('K6.1 a reviewer and their stand-in do not fill two stages', async () => {
    start(STAGES);
    const asked = await flow.asks('U0ANA', 'db/read', HOUR);
    await flow.standsIn('U0CHLOE', 'U0FRED');
    await flow.approves('U0CHLOE', asked);
    expect((await flow.refused(flow.approves('U0FRED', asked))).code).toBe('authority_used');
    await stillWaits(asked);
  });

  test('K6.1 two stand-ins of one reviewer, one after the other, are one approval', async () => {
    start(ASK(2));
    const asked = await flow.asks('U0ANA', 'db/read', HOUR);
    await flow.standsIn('U0CHLOE', 'U0FRED');
    await flow.approves('U0FRED', asked);
    await flow.standsIn('U0CHLOE', 'U0EVE');
    await flow.approves('U0EVE', asked);
    await stillWaits(asked);
  });

  test('K6.1 a stand-in of two reviewers is one approval', async () => {
    start(ASK(2));
    const asked = await flow.asks('U0ANA', 'db/read', HOUR);
    await flow.standsIn('U0CHLOE', 'U0FRED');
    await flow.standsIn('U0DEV', 'U0FRED');
    await flow.approves('U0FRED', asked);
    expect((await flow.refused(flow.approves('U0FRED', asked))).code).toBe('already_reviewed');
    await stillWaits(asked);
  });

  test('K6.1 where one of the two has decided, their stand-in speaks for the other', async () => {
    start(ASK(2));
    const asked = await flow.asks('U0ANA', 'db/read', HOUR);
    await flow.standsIn('U0CHLOE', 'U0FRED');
    await flow.standsIn('U0DEV', 'U0FRED');
    await flow.approves('U0CHLOE', asked);
    const approved = await flow.approves('U0FRED', asked);
    expect(approved).toMatchObject({ state: 'approved', reviews: [{}, { onBehalfOf: 'U0DEV' }] });
  });

  test('K6.1 a stand-in of a stand-in has no say', async () => {
    start(ASK(1));
    flow.groups.set('S0DELEGATES', ['U0FRED', 'U0EVE']);
    const asked = await flow.asks('U0ANA', 'db/read', HOUR);
    await flow.standsIn('U0CHLOE', 'U0FRED');
    await flow.standsIn('U0FRED', 'U0EVE');
    expect((await flow.refused(flow.approves('U0EVE', asked))).code).toBe('not_a_reviewer');
  });

  test('K6.1 two accounts of one reviewer are one approval, even if listed later', async () => {
    start(ASK(2));
    flow.groups.set('S0REVIEWERS', ['U0BEN', 'U0BENADMIN']);
    const asked = await flow.asks('U0ANA', 'db/read', HOUR);
    await flow.approves('U0BEN', asked);
    flow.reload((source) => source.replace(DELEGATES, SAME_BEN));
    expect((await flow.refused(flow.approves('U0BENADMIN', asked))).code).toBe('already_reviewed');
    await stillWaits(asked);
  });

  test('K6.1 a reviewer who gets the mailbox of an earlier one is the same human', async () => {
    start(ASK(2));
    const asked = await flow.asks('U0ANA', 'db/read', HOUR);
    await flow.approves('U0CHLOE', asked);
    move('U0CHLOE', 'chloe.old@harbor.example');
    move('U0DEV', 'chloe+2@harbor.example');
    expect((await flow.refused(flow.approves('U0DEV', asked))).code).toBe('already_reviewed');
    await stillWaits(asked);
  });

  test('K6.1 after a stand-in approved, the reviewer may still say no', async () => {
    start(ASK(2));
    const asked = await flow.asks('U0ANA', 'db/read', HOUR);
    await flow.standsIn('U0CHLOE', 'U0FRED');
    await flow.approves('U0FRED', asked);
    expect((await flow.denies('U0CHLOE', asked)).state).toBe('denied');
  });
});

describe('an authority is what it is now', () => {
  test('K6.2 the stand-in of a deactivated reviewer has no say', async () => {
    start(ASK(1));
    const asked = await flow.asks('U0ANA', 'db/read', HOUR);
    await flow.standsIn('U0CHLOE', 'U0FRED');
    flow.people.set('U0CHLOE', DEACTIVATED);
    expect((await flow.refused(flow.approves('U0FRED', asked))).code).toBe('not_a_reviewer');
    await stillWaits(asked);
  });

  test('K6.2 nor does an approval count that was given before', async () => {
    start(ASK(2));
    const asked = await flow.asks('U0ANA', 'db/read', HOUR);
    await flow.standsIn('U0CHLOE', 'U0FRED');
    await flow.approves('U0FRED', asked);
    flow.people.set('U0CHLOE', DEACTIVATED);
    await flow.approves('U0DEV', asked);
    await stillWaits(asked);
  });

  test('K6.3 a delegate whom the policy no longer lists has no say, past or present', async () => {
    start(ASK(2));
    const asked = await flow.asks('U0ANA', 'db/read', HOUR);
    await flow.standsIn('U0CHLOE', 'U0FRED');
    await flow.standsIn('U0DEV', 'U0EVE');
    await flow.approves('U0FRED', asked);
    flow.groups.set('S0DELEGATES', ['U0EVE']);
    await flow.approves('U0EVE', asked);
    await stillWaits(asked);
    expect((await flow.refused(flow.approves('U0FRED', asked))).code).not.toBe('');
    flow.reload((source) => source.replace(DELEGATES, '  delegates: []'));
    const second = await flow.asks('U0BEN', 'db/read', HOUR);
    expect((await flow.refused(flow.approves('U0EVE', second))).code).toBe('not_a_reviewer');
  });

  test('K6.3 where the list of delegates cannot be read, nobody stands in', async () => {
    start(ASK(1));
    const asked = await flow.asks('U0ANA', 'db/read', HOUR);
    await flow.standsIn('U0CHLOE', 'U0FRED');
    flow.groups.delete('S0DELEGATES');
    expect((await flow.refused(flow.approves('U0FRED', asked))).code).toBe('eligibility_unknown');
  });

  test.each([
    ['deactivated', () => flow.people.set('U0CHLOE', DEACTIVATED)],
    ['out of the group', () => flow.groups.set('S0REVIEWERS', ['U0DEV'])],
  ])('K6.3 the first of two approvals does not count once its reviewer is %s', async (_how, leave) => {
    start(ASK(2));
    const asked = await flow.asks('U0ANA', 'db/read', HOUR);
    await flow.approves('U0CHLOE', asked);
    leave();
    await flow.approves('U0DEV', asked);
    await stillWaits(asked);
  });

  test.each([
    ['deactivated', () => flow.people.set('U0CHLOE', DEACTIVATED)],
    ['out of the group', () => flow.groups.set('S0REVIEWERS', ['U0DEV'])],
    ['the requester, by a new address', () => move('U0ANA', 'chloe+x@harbor.example')],
  ])('K6.3 access that a slow target delayed is not given once its approver is %s', async (_how, leave) => {
    start(ASK(1));
    const asked = await flow.asks('U0ANA', 'db/read', HOUR);
    flow.outages.add('target');
    await flow.approves('U0CHLOE', asked);
    await flow.work();
    flow.outages.clear();
    flow.clock.advance(11_000);
    leave();
    await flow.work();
    expect(await flow.isHeld('U0ANA', 'db/read')).toBe(false);
    expect(flow.events().some(({ type }) => type === 'grant.activated')).toBe(false);
  });

  test('K6.3 what was approved for later does not begin once its approver is gone', async () => {
    start(ASK(1));
    const asked = await flow.asks('U0ANA', 'db/read', HOUR, { startsAt: flow.clock.now() + HOUR });
    expect((await flow.approves('U0CHLOE', asked)).state).toBe('scheduled');
    flow.people.set('U0CHLOE', DEACTIVATED);
    flow.clock.advance(HOUR);
    await flow.work();
    expect((await flow.request(asked.id)).state).toBe('denied');
    expect(await flow.isHeld('U0ANA', 'db/read')).toBe(false);
  });

  test('K6.3 what a stand-in approved for later begins after the reviewer is back', async () => {
    start(ASK(1));
    const asked = await flow.asks('U0ANA', 'db/read', HOUR, { startsAt: flow.clock.now() + 2 * HOUR });
    await flow.standsIn('U0CHLOE', 'U0FRED', flow.clock.now() + HOUR);
    await flow.approves('U0FRED', asked);
    flow.clock.advance(2 * HOUR);
    await flow.work();
    await flow.held('U0ANA', 'db/read');
  });

  test('K6.3 more time that waits for its target is not given once its approver is gone', async () => {
    start(ASK(1));
    const asked = await flow.asks('U0ANA', 'db/read', HOUR);
    await flow.approves('U0CHLOE', asked);
    await flow.work();
    const held = await flow.held('U0ANA', 'db/read');
    const more = await flow.extends('U0ANA', held, HOUR);
    flow.outages.add('target');
    await flow.approves('U0CHLOE', more);
    await flow.work();
    flow.outages.clear();
    flow.clock.advance(11_000);
    flow.people.set('U0CHLOE', DEACTIVATED);
    await flow.work();
    expect((await flow.held('U0ANA', 'db/read')).endsAt).toBe(held.endsAt);
    expect(flow.events().at(-1)?.type).toBe('grant.not_extended');
  });

  test('K6.3 whoever was asked as well says yes only while they still would be asked', async () => {
    start(`      read:
        grants: {}
        duration: { max: 4h }
        rules:
          - ask:
              reviewers: [U0CHLOE]
              escalate:
                - { after: 5m, to: { reviewers: [S0SECOND] } }
                - { after: 6m, to: { on_call: { escalation_policy: PPAY, level: 1 } } }
              expires: 4h`);
    flow.groups.set('S0SECOND', ['U0DEV']);
    flow.shifts.set('U0EVE', [aShift(flow.clock.now())]);
    const asked = await flow.asks('U0ANA', 'db/read', HOUR);
    flow.clock.advance(7 * MINUTE);
    await flow.work();
    expect(flow.events().filter(({ type }) => type === 'request.escalated')).toHaveLength(2);
    flow.groups.set('S0SECOND', []);
    expect((await flow.refused(flow.approves('U0DEV', asked))).code).toBe('not_a_reviewer');
    flow.outages.add('pagerduty');
    expect((await flow.refused(flow.approves('U0EVE', asked))).code).toBe('eligibility_unknown');
    flow.outages.clear();
    const shift = flow.shifts.get('U0EVE') ?? [];
    flow.shifts.delete('U0EVE');
    expect((await flow.refused(flow.approves('U0EVE', asked))).code).toBe('not_a_reviewer');
    flow.shifts.set('U0EVE', shift);
    expect((await flow.approves('U0EVE', asked)).state).toBe('approved');
  });

  test('K6.3 whoever is on call at any of the levels that were asked may say yes', async () => {
    start(`      read:
        grants: {}
        duration: { max: 4h }
        rules:
          - ask:
              reviewers: [U0CHLOE]
              escalate:
                - { after: 5m, to: { on_call: { escalation_policy: PPAY, level: 1 } } }
                - { after: 6m, to: { on_call: { escalation_policy: PPAY, level: 2 } } }
              expires: 4h`);
    flow.shifts.set('U0EVE', [aShift(flow.clock.now())]);
    flow.shifts.set('U0FRED', [aShift(flow.clock.now(), { level: 2 })]);
    const asked = await flow.asks('U0ANA', 'db/read', HOUR);
    flow.clock.advance(7 * MINUTE);
    await flow.work();
    expect((await flow.approves('U0FRED', asked)).state).toBe('approved');
  });

  test('K6.3 a narrowed request asks those who review the wider role now', async () => {
    start(`      read: { grants: {}, duration: { max: 1h }, rules: [{ ask: { reviewers: [U0FRED] } }] }
      admin:
        grants: {}
        duration: { max: 1h }
        narrower: [read]
        rules: [{ ask: { reviewers: [U0CHLOE, U0DEV, U0EVE], needed: 2 } }]`);
    const asked = await flow.asks('U0ANA', 'db/admin', HOUR);
    await flow.approves('U0CHLOE', asked, { role: 'db/read', duration: HOUR });
    flow.reload((source) => source.replace('U0CHLOE, U0DEV, U0EVE', 'U0CHLOE, U0EVE'));
    expect((await flow.refused(flow.approves('U0DEV', asked))).code).toBe('not_a_reviewer');
    expect((await flow.approves('U0EVE', asked)).state).toBe('approved');
  });
});

describe('the requester never approves', () => {
  test('K6.5 a requester whose address becomes the approver’s mailbox after asking', async () => {
    start(ASK(1));
    const asked = await flow.asks('U0ANA', 'db/read', HOUR);
    move('U0ANA', 'Chloe+later@harbor.example');
    expect((await flow.refused(flow.approves('U0CHLOE', asked))).code).toBe('own_request');
    await stillWaits(asked);
  });

  test('K6.5 a requester who had the approver’s mailbox when they asked, and no longer', async () => {
    start(ASK(1));
    move('U0ANA', 'chloe+x@harbor.example');
    const asked = await flow.asks('U0ANA', 'db/read', HOUR);
    move('U0ANA', 'ana@harbor.example');
    expect((await flow.refused(flow.approves('U0CHLOE', asked))).code).toBe('own_request');
  });

  test('K6.5 the same before the last of two approvals: the earlier one is void', async () => {
    start(ASK(2));
    const asked = await flow.asks('U0ANA', 'db/read', HOUR);
    await flow.approves('U0CHLOE', asked);
    move('U0ANA', 'chloe+later@harbor.example');
    await flow.approves('U0DEV', asked);
    await stillWaits(asked);
  });

  test('K6.5 through a chain of accounts, one of which has the approver’s mailbox', async () => {
    start(ASK(1), SAME_BEN);
    move('U0CHLOE', 'root+c@harbor.example');
    const asked = await flow.asks('U0BEN', 'db/read', HOUR);
    expect((await flow.refused(flow.approves('U0CHLOE', asked))).code).toBe('own_request');
  });

  test('K6.5 through lists that overlap', async () => {
    start(ASK(1), `${DELEGATES}\n  same_person: [[U0ANA, U0BENADMIN], [U0BENADMIN, U0CHLOE]]`);
    const asked = await flow.asks('U0ANA', 'db/read', HOUR);
    expect((await flow.refused(flow.approves('U0CHLOE', asked))).code).toBe('own_request');
  });

  test.each([
    ['of the requester', 'U0BEN', 'U0FRED', 'not_a_reviewer'],
    ['of the requester’s other account', 'U0BENADMIN', 'U0FRED', 'not_a_reviewer'],
    ['who is the requester’s other account', 'U0CHLOE', 'U0BENADMIN', 'own_request'],
  ])('K6.5 a stand-in %s', async (_whose, from, to, code) => {
    start(ASK(1), SAME_BEN);
    flow.groups.set('S0REVIEWERS', ['U0BEN', 'U0BENADMIN', 'U0CHLOE']);
    const asked = await flow.asks('U0BEN', 'db/read', HOUR);
    await flow.standsIn(from, to);
    expect((await flow.refused(flow.approves(to, asked))).code).toBe(code);
    await stillWaits(asked);
  });

  test('K6.5 a stand-in of somebody who has the requester’s mailbox by now', async () => {
    start(ASK(1));
    const asked = await flow.asks('U0ANA', 'db/read', HOUR);
    await flow.standsIn('U0CHLOE', 'U0FRED');
    move('U0CHLOE', 'ana+x@harbor.example');
    expect((await flow.refused(flow.approves('U0FRED', asked))).code).toBe('not_a_reviewer');
  });

  test('K6.5 nobody is named as stand-in who is oneself by another account’s mailbox', async () => {
    start(ASK(1), SAME_BEN);
    move('U0FRED', 'root+f@harbor.example');
    expect((await flow.refused(flow.standsIn('U0BEN', 'U0FRED'))).code).toBe('no_delegate');
  });
});

describe('limits are a human’s', () => {
  const LIMITED = (limits: string) => `      read:
        grants: {}
        duration: { max: 1h }
        limits: ${limits}
        rules:
          - allow: { on_call: { level: { max: 1 } } }
          - ask: { reviewers: [U0CHLOE], expires: 4h }`;
  const bothOnCall = () => {
    for (const id of ['U0BEN', 'U0BENADMIN']) flow.shifts.set(id, [aShift(flow.clock.now())]);
  };
  const ACCOUNTS: [string, string, () => void][] = [
    ['listed under same_person', SAME_BEN, () => undefined],
    ['of one mailbox', DELEGATES, () => move('U0BENADMIN', 'ben+admin@harbor.example')],
  ];
  const give = async (who: string) => {
    await flow.asks(who, 'db/read', 15 * MINUTE);
    await flow.work();
    const grant = await flow.held(who, 'db/read');
    flow.clock.advance(15 * MINUTE);
    await flow.work();
    return grant;
  };

  test.each(ACCOUNTS)('K6.4 accounts %s do not escape the cool-down', async (_how, slack, prepare) => {
    start(LIMITED('{ cool_down: 1h }'), slack);
    prepare();
    const asked = await flow.asks('U0BEN', 'db/read', 15 * MINUTE);
    await flow.denies('U0CHLOE', asked);
    bothOnCall();
    flow.clock.advance(HOUR - 1);
    const again = await flow.asks('U0BENADMIN', 'db/read', 15 * MINUTE);
    expect(again).toMatchObject({ state: 'denied', decision: { reasons: [expect.stringContaining('1 h ago')] } });
    flow.clock.advance(1);
    expect((await flow.asks('U0BENADMIN', 'db/read', 15 * MINUTE)).state).toBe('approved');
  });

  test.each(ACCOUNTS)('K6.4 accounts %s do not escape the budget', async (_how, slack, prepare) => {
    start(LIMITED('{ automatic: { max: 1, per: 24h } }'), slack);
    prepare();
    bothOnCall();
    await give('U0BEN');
    expect((await flow.asks('U0BENADMIN', 'db/read', 15 * MINUTE)).state).toBe('pending');
  });

  test('K6.4 an account whose mailbox has changed does not escape the budget either', async () => {
    start(LIMITED('{ automatic: { max: 1, per: 24h } }'));
    move('U0BENADMIN', 'ben+admin@harbor.example');
    bothOnCall();
    await give('U0BENADMIN');
    move('U0BENADMIN', 'elsewhere@harbor.example');
    expect((await flow.asks('U0BEN', 'db/read', 15 * MINUTE)).state).toBe('pending');
  });

  test.each(ACCOUNTS)('K6.4 accounts %s hold it once, and the cap counts humans', async (_how, slack, prepare) => {
    start(
      `${LIMITED('{ holders: 1 }')}
      write: { grants: {}, duration: { max: 1h }, rules: [{ allow: { on_call: { level: { max: 1 } } } }] }`,
      slack,
    );
    prepare();
    bothOnCall();
    await flow.asks('U0BEN', 'db/read', 15 * MINUTE);
    await flow.work();
    expect((await flow.refused(flow.asks('U0BENADMIN', 'db/read', 15 * MINUTE))).code).toBe('already_holds');
    // Another human is one too many.
    flow.shifts.set('U0ANA', [aShift(flow.clock.now())]);
    expect((await flow.asks('U0ANA', 'db/read', 15 * MINUTE)).state).toBe('denied');
    // Another role is another thing.
    expect((await flow.asks('U0BENADMIN', 'db/write', 15 * MINUTE)).state).toBe('approved');
  });

  test('K6.4 two accounts of another human take one place of the cap', async () => {
    flow = aFlow({
      slack: SAME_BEN,
      roles: `      read: { grants: {}, duration: { max: 1h }, rules: [{ allow: { on_call: { level: { max: 1 } } } }] }
      write: { grants: {}, duration: { max: 1h }, rules: [{ allow: { on_call: { level: { max: 1 } } } }] }`,
      more: 'limits: [{ resources: [db], holders: 2 }]',
    });
    flow.people.set('U0BENADMIN', account('U0BENADMIN', 'root@harbor.example'));
    bothOnCall();
    for (const id of ['U0ANA', 'U0CHLOE']) flow.shifts.set(id, [aShift(flow.clock.now())]);
    await flow.asks('U0BEN', 'db/read', 15 * MINUTE);
    await flow.asks('U0BENADMIN', 'db/write', 15 * MINUTE);
    expect((await flow.asks('U0ANA', 'db/read', 15 * MINUTE)).state).toBe('approved');
    expect((await flow.asks('U0CHLOE', 'db/read', 15 * MINUTE)).state).toBe('denied');
  });

  test('K6.4 asked in the same instant by two accounts, it is held once', async () => {
    start(
      '      read: { grants: {}, duration: { max: 1h }, rules: [{ allow: { on_call: { level: { max: 1 } } } }] }',
      SAME_BEN,
    );
    bothOnCall();
    const outcomes = await Promise.allSettled(
      ['U0BEN', 'U0BENADMIN'].map((who) => flow.asks(who, 'db/read', 15 * MINUTE)),
    );
    expect(outcomes.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    expect(await flow.deps.store.liveGrants({})).toHaveLength(1);
  });

  test('K6.4 a human has one waiting request, and approving a second gives nothing', async () => {
    start(LIMITED('{}').replace('        limits: {}\n', ''), DELEGATES);
    const first = await flow.asks('U0BEN', 'db/read', 15 * MINUTE);
    const second = await flow.asks('U0BENADMIN', 'db/read', 15 * MINUTE);
    flow.reload((source) => source.replace(DELEGATES, SAME_BEN));
    await flow.approves('U0CHLOE', first);
    expect((await flow.refused(flow.approves('U0CHLOE', second))).code).toBe('already_holds');
    await flow.work();
    await flow.denies('U0CHLOE', second);
    flow.clock.advance(15 * MINUTE);
    await flow.work();
    await flow.asks('U0BEN', 'db/read', 15 * MINUTE);
    expect((await flow.refused(flow.asks('U0BENADMIN', 'db/read', 15 * MINUTE))).code).toBe('already_pending');
  });

  test('K6.4 signs of unusual behaviour are a human’s too', async () => {
    start(
      `      read:
        grants: {}
        duration: { max: 1h }
        rules:
          - deny: { signals: [repeated_denials] }
          - ask: { reviewers: [U0CHLOE] }`,
      SAME_BEN,
    );
    for (let turn = 0; turn < 3; turn += 1) await flow.denies('U0CHLOE', await flow.asks('U0BEN', 'db/read', HOUR));
    expect((await flow.asks('U0BENADMIN', 'db/read', HOUR)).state).toBe('denied');
  });
});

describe('break-glass is a human’s', () => {
  const GLASS = `      read:
        grants: {}
        duration: { max: 1h }
        break_glass: { members_of: [U0BEN, U0BENADMIN], max: 15m, review_within: 2h, reviewers: [U0BENADMIN, U0CHLOE] }
        rules: [{ ask: { reviewers: [U0CHLOE] } }]`;
  let uses = 0;
  const use = async (personId: string) => {
    uses += 1;
    const input = { personId, role: 'db/read', duration: 15 * MINUTE, reason: 'everything is down', factor: null };
    const outcome = await breakGlass(flow.deps, { ...input, submissionKey: `B${uses}`, incidentId: null });
    await flow.work();
    return outcome;
  };

  test('K6.4 an unreviewed use locks the other account too, from its deadline on', async () => {
    start(GLASS, SAME_BEN);
    await use('U0BEN');
    flow.clock.advance(2 * HOUR - 1);
    await flow.work();
    expect(await use('U0BENADMIN')).toMatchObject({ state: 'approved' });
    flow.clock.advance(15 * MINUTE);
    await flow.work();
    expect(await use('U0BENADMIN')).toMatchObject({ refused: { code: 'break_glass_unreviewed' } });
  });

  test('K6.4 what one account holds is not taken again by the other', async () => {
    start(GLASS, SAME_BEN);
    await use('U0BEN');
    expect(await use('U0BENADMIN')).toMatchObject({ refused: { code: 'already_holds' } });
  });

  test('K6.5 the other account neither is named as reviewer nor reviews it', async () => {
    start(GLASS, SAME_BEN);
    const used = await use('U0BEN');
    if ('refused' in used) throw new Error(used.refused.code);
    expect(used).toMatchObject({ useReview: { reviewer: 'U0CHLOE' } });
    const review = (reviewerId: string) =>
      reviewUse(flow.deps, { requestId: used.id, reviewerId, justified: true, comment: 'fine' });
    expect(await review('U0BENADMIN')).toMatchObject({ refused: { code: 'own_request' } });
    move('U0BEN', 'chloe+b@harbor.example');
    expect(await review('U0CHLOE')).toMatchObject({ refused: { code: 'own_request' } });
    move('U0BEN', 'ben@harbor.example');
    expect(await review('U0CHLOE')).toMatchObject({ useReview: { verdict: { justified: true } } });
  });
});

describe('a rule is kept by somebody whom it does not name', () => {
  const OWN = `      read:
        grants: {}
        duration: { max: 1h }
        rules: [{ allow: { members_of: [U0BEN] } }, { ask: { reviewers: [U0CHLOE] } }]`;
  test.each(['U0BEN', 'U0BENADMIN'])('K6.5 %s does not keep what lets them in, and may take it out', async (who) => {
    start(OWN, SAME_BEN);
    flow.reload((source) => source.replace('    name: Database\n', `    name: Database\n    owners: [${who}]\n`));
    const review = await startAccessReview(flow.deps, { personId: 'U0EVE', period: 24 * HOUR });
    if ('refused' in review) throw new Error(review.refused.code);
    const answer = (personId: string, item: number, verdict: 'keep' | 'remove') =>
      answerAccessReview(flow.deps, { personId, reviewId: review.id, item, verdict, comment: 'seen' });
    expect(await answer(who, 0, 'keep')).toMatchObject({ refused: { code: 'own_entitlement' } });
    expect(await answer(who, 1, 'keep')).toMatchObject({ items: [{ answer: null }, { answer: { verdict: 'keep' } }] });
    expect(await answer('U0CHLOE', 0, 'keep')).toMatchObject({ refused: { code: 'not_an_owner' } });
    expect(await answer('U0EVE', 0, 'keep')).toMatchObject({ items: [{ answer: { verdict: 'keep' } }, {}] });
    expect(await answer(who, 0, 'remove')).toMatchObject({ items: [{ answer: { verdict: 'remove' } }, {}] });
  });
});
