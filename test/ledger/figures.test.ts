/** What a report shows of a period, from the events alone. */

import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { EventPayloads } from '../../src/domain/events.ts';
import { personActor } from '../../src/domain/person.ts';
import { HOUR, MINUTE, SECOND } from '../../src/domain/terms.ts';
import { figuresInSteps, figuresOf } from '../../src/ledger/history/figures.ts';
import { type ALedger, aLedger, anEvent, person } from '../support/aLedger.ts';
import { everyEvent } from '../support/everyEvent.ts';

const START = Date.UTC(2026, 0, 15);
let one: ALedger;
beforeEach(() => {
  one = aLedger(START);
});
afterEach(() => one.close());

const ana = { slackId: 'U0ANA', name: 'Ana' };
const ben = { slackId: 'U0BEN', name: 'Ben' };
/** As the kind carries it, with everything in it. */
function sample<T extends keyof EventPayloads>(type: T): EventPayloads[T] {
  const found = everyEvent().find((event) => event.type === type);
  if (!found) throw new Error(`no ${type}`);
  return found.payload as EventPayloads[T];
}
const ids = (n: number) => ({ requestId: `R${n}`, grantId: `G${n}` });
const asked = (n: number) =>
  anEvent('request.submitted', { ...sample('request.submitted'), requester: person('U0ANA') }, { requestId: `R${n}` });
const approved = (n: number, by: 'policy' | 'reviewers' | 'break_glass') =>
  anEvent('request.approved', { role: 'db/read', requester: ana, by, approvers: [], startsAt: null }, ids(n));
const activated = (n: number, whose = ana, role = 'db/read') =>
  anEvent('grant.activated', { role, person: whose, account: 'a', endsAt: 0 }, ids(n));
const ended = (n: number) => anEvent('grant.ended', { role: 'db/read', person: ana, why: 'expired' }, ids(n));
const figures = (from: number, to: number) => figuresOf(one.ledger, { from: START + from, to: START + to });
const wait = (ms: number) => one.clock.advance(ms);
const all = () => figures(0, 1_000 * HOUR);

describe('an access', () => {
  test('has person, role, approval, times of asking, start and end, and its event', async () => {
    await one.record(asked(1));
    wait(MINUTE);
    await one.record(approved(1, 'reviewers'));
    wait(SECOND);
    const [begun] = await one.record(activated(1, ben, 'db/write'));
    wait(HOUR);
    await one.record(ended(1));
    expect(all().spans).toEqual([
      {
        ...ids(1),
        role: 'db/write',
        person: ben,
        approval: 'reviewed',
        requestedAt: START,
        from: START + MINUTE + SECOND,
        to: START + MINUTE + SECOND + HOUR,
        credential: false,
        seq: begun?.seq,
      },
    ]);
  });

  test.each([
    ['policy', 'automatic'],
    ['reviewers', 'reviewed'],
    ['break_glass', 'break_glass'],
  ] as const)('that was approved by %s is %s', async (by, approval) => {
    await one.record(asked(1), approved(1, by), activated(1));
    expect(all().spans).toMatchObject([{ approval }]);
  });

  test('without request and approval starts when it began, and is automatic', async () => {
    wait(HOUR);
    await one.record(activated(1));
    expect(all().spans).toMatchObject([{ approval: 'automatic', requestedAt: START + HOUR }]);
  });

  test('belongs to its own request, also where another ended meanwhile', async () => {
    await one.record(asked(1), approved(1, 'reviewers'), activated(1));
    wait(MINUTE);
    await one.record(asked(2), approved(2, 'break_glass'), ended(1));
    wait(MINUTE);
    await one.record(activated(2));
    expect(all().spans).toMatchObject([
      { grantId: 'G1', approval: 'reviewed', to: START + MINUTE },
      { grantId: 'G2', approval: 'break_glass', requestedAt: START + MINUTE, to: null },
    ]);
  });

  test('that somebody declared to be gone has ended', async () => {
    await one.record(activated(1));
    wait(HOUR);
    await one.record(anEvent('grant.declared_gone', sample('grant.declared_gone'), ids(1)));
    expect(all().spans).toMatchObject([{ to: START + HOUR }]);
  });

  test('whose password was asked for was used, and no other', async () => {
    await one.record(activated(1), activated(2));
    const credential = anEvent('credential.issued', sample('credential.issued'), ids(2));
    await one.record(credential, { ...credential, grantId: 'G9' });
    expect(all().spans.map(({ credential: used }) => used)).toEqual([false, true]);
  });

  test('that ended before the period is out, and at its first moment is in', async () => {
    await one.record(activated(1), activated(2), activated(3));
    wait(HOUR - 1);
    await one.record(ended(1));
    wait(1);
    await one.record(ended(2));
    expect(figures(HOUR, 2 * HOUR).spans.map(({ grantId }) => grantId)).toEqual(['G2', 'G3']);
  });

  test('that begins with the end of the period is not in it', async () => {
    wait(HOUR);
    await one.record(activated(1));
    expect(figures(0, HOUR).spans).toEqual([]);
    expect(figures(0, HOUR + 1).spans).toHaveLength(1);
  });

  test('that ends after the period is live in it', async () => {
    await one.record(activated(1));
    wait(HOUR);
    await one.record(ended(1));
    expect(figures(0, HOUR).spans).toMatchObject([{ to: null }]);
    expect(figures(0, HOUR + 1).spans).toMatchObject([{ to: START + HOUR }]);
  });

  test('has a name that can be erased', async () => {
    await one.record(activated(1));
    one.ledger.sqlite.exec('UPDATE names SET salt = NULL, value = NULL');
    expect(all().spans).toMatchObject([{ person: { slackId: 'U0ANA', name: '(erased)' } }]);
  });
});

describe('what is counted', () => {
  test.each([
    ['denied', anEvent('request.denied', sample('request.denied'))],
    ['overdue', anEvent('grant.overdue', sample('grant.overdue'))],
    ['drift', anEvent('drift.found', sample('drift.found'))],
    ['signals', anEvent('signals.raised', sample('signals.raised'))],
  ] as const)('%s: each in the period, with its event, and nothing else', async (name, event) => {
    await one.record(event);
    wait(HOUR);
    const [first] = await one.record(event);
    wait(HOUR);
    const [second] = await one.record(event);
    wait(HOUR);
    await one.record(event);
    const found = figures(HOUR, 3 * HOUR);
    const marks = [
      { seq: first?.seq, at: START + HOUR },
      { seq: second?.seq, at: START + 2 * HOUR },
    ];
    const none = { denied: [], overdue: [], drift: [], signals: [], reviews: [], unreviewed: [], requests: 0 };
    expect(found).toMatchObject({ ...none, [name]: marks });
  });

  test('runs of the canary, which are nobody’s requests or access', async () => {
    const canary = { slackId: 'canary', name: 'the canary' };
    const run = (n: number) => [
      anEvent(
        'request.submitted',
        { ...sample('request.submitted'), requester: person('canary', 'the canary') },
        { requestId: `R${n}` },
      ),
      anEvent(
        'request.approved',
        { role: 'db/read', requester: canary, by: 'canary', approvers: [], startsAt: null },
        ids(n),
      ),
      activated(n, canary),
      anEvent('grant.ended', { role: 'db/read', person: canary, why: 'revoked' }, ids(n)),
    ];
    const passed = anEvent('canary.passed', { role: 'db/read', took: 3 }, ids(1));
    const failed = anEvent('canary.failed', { role: 'db/read', problem: 'no route' }, ids(2));
    await one.record(...run(1), passed, ...run(2), failed);
    await one.record(asked(3), approved(3, 'policy'), activated(3));
    const found = all();
    expect(found.requests).toBe(1);
    expect(found.spans.map(({ grantId }) => grantId)).toEqual(['G3']);
    expect(found.canary).toMatchObject({ passed: 1, failed: [{ at: START }] });
    wait(HOUR);
    expect(figures(HOUR, 2 * HOUR).canary).toEqual({ passed: 0, failed: [] });
  });

  test('requests of the period', async () => {
    await one.record(asked(1));
    wait(HOUR);
    await one.record(asked(2), asked(3));
    wait(HOUR);
    await one.record(asked(4));
    expect(figures(HOUR, 2 * HOUR).requests).toBe(2);
    expect(all().requests).toBe(4);
  });

  test('reviews, by whom, what they said, and how long after the request', async () => {
    const review = (n: number, verdict: 'approve' | 'deny') =>
      anEvent(
        'review.recorded',
        { ...sample('review.recorded'), verdict },
        { requestId: `R${n}`, actor: personActor(person('U0BEN', 'Ben')) },
      );
    await one.record(asked(1));
    wait(4 * SECOND);
    const [first] = await one.record(review(1, 'deny'));
    wait(HOUR);
    const [second] = await one.record(review(9, 'approve'));
    expect(all().reviews).toEqual([
      { seq: first?.seq, at: START + 4 * SECOND, reviewer: ben, verdict: 'deny', after: 4 * SECOND },
      { seq: second?.seq, at: START + 4 * SECOND + HOUR, reviewer: ben, verdict: 'approve', after: 0 },
    ]);
    expect(figures(HOUR, 2 * HOUR).reviews).toHaveLength(1);
  });

  test('uses of break-glass that nobody has reviewed, from whatever time', async () => {
    const used = (n: number) => anEvent('break_glass.invoked', sample('break_glass.invoked'), ids(n));
    const [first] = await one.record(used(1));
    await one.record(used(2));
    wait(HOUR);
    await one.record(anEvent('break_glass.reviewed', sample('break_glass.reviewed'), ids(2)));
    expect(figures(HOUR, 2 * HOUR).unreviewed).toEqual([{ seq: first?.seq, at: START }]);
    expect(figures(0, HOUR).unreviewed).toHaveLength(2);
  });
});

test('the head is the newest event before the end of the period', async () => {
  expect(all().head).toBeNull();
  await one.record(asked(1));
  wait(HOUR);
  const [second] = await one.record(asked(2));
  wait(HOUR);
  await one.record(asked(3));
  expect(figures(0, 2 * HOUR).head).toEqual({ seq: second?.seq, hash: second?.hash });
  expect(figures(-2 * HOUR, 0)).toMatchObject({ from: START - 2 * HOUR, to: START, head: null });
});

test('made a little at a time, they are the same', async () => {
  await one.record(...Array.from({ length: 4_500 }, (_, index) => asked(index)));
  wait(1);
  const period = { from: START, to: START + HOUR };
  let turns = 0;
  let isMaking = true;
  const count = () => {
    turns += 1;
    if (isMaking) setImmediate(count);
  };
  setImmediate(count);
  const found = await figuresInSteps(one.ledger, period);
  isMaking = false;
  expect(found).toEqual(figuresOf(one.ledger, period));
  expect(found.requests).toBe(4_500);
  // Others had a turn after each two thousand.
  expect(turns).toBeGreaterThanOrEqual(2);
});
