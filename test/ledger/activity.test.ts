/** Signals, from the ledger's own events. */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { CANARY_ID } from '../../src/domain/canary.ts';
import type { EventPayloads } from '../../src/domain/events.ts';
import { BOT } from '../../src/domain/person.ts';
import { LOOK_BACK, requestSignals, reviewSignals } from '../../src/domain/signals.ts';
import { HOUR, MINUTE, SECOND } from '../../src/domain/terms.ts';
import { createActivityReader } from '../../src/ledger/history/activity.ts';
import { type OpenLedger, openLedger } from '../../src/ledger/sqlite/open.ts';
import { createStore } from '../../src/ledger/sqlite/store.ts';
import { type ALedger, aLedger, anEvent } from '../support/aLedger.ts';
import { manualClock } from '../support/clock.ts';
import { everyEvent } from '../support/everyEvent.ts';

let directory: string;
let ledger: OpenLedger;
const clock = manualClock();
const named = (slackId: string) => ({ slackId, name: slackId });
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'jitbot-activity-'));
  ledger = openLedger(join(directory, 'jit.db'));
});
afterEach(() => {
  ledger.close();
  rmSync(directory, { recursive: true, force: true });
});

test('people who only approve each other are told from those who do not', async () => {
  const store = createStore(ledger, { clock, followUps: () => [], onDue: () => undefined });
  const approved = (requester: string, approver: string) =>
    store.commit({
      events: [
        {
          type: 'request.approved',
          actor: BOT,
          requestId: 'R1',
          grantId: null,
          payload: {
            role: 'db/read',
            requester: named(requester),
            by: 'reviewers',
            approvers: [named(approver)],
            startsAt: null,
          },
        },
      ],
    });
  for (const [requester, approver] of [
    ['U0A', 'U0B'],
    ['U0A', 'U0B'],
    ['U0B', 'U0A'],
    ['U0B', 'U0A'],
    ['U0B', 'U0A'],
    ['U0C', 'U0B'],
  ] as const)
    await approved(requester, approver);
  const kinds = async (reviewer: string, requester: string) => {
    const seen = await createActivityReader(ledger).reviewing(
      { reviewer: [reviewer], requester: [requester] },
      clock.now(),
    );
    const review = { at: clock.now(), verdict: 'approve', after: MINUTE } as const;
    return reviewSignals(seen, { review, reviewer, requester }).map(({ kind }) => kind);
  };
  expect(await kinds('U0B', 'U0A')).toEqual(['mutual_approvals']);
  expect(await kinds('U0B', 'U0C')).toEqual([]);
});

test('denials and requests are counted for whom they are about, not for who decided', async () => {
  const store = createStore(ledger, { clock, followUps: () => [], onDue: () => undefined });
  for (let index = 0; index < 3; index += 1) {
    clock.advance(SECOND);
    await store.commit({
      events: [
        {
          type: 'request.denied',
          actor: { kind: 'person', id: 'U0LEAD', name: 'Lead' },
          requestId: `R${index}`,
          grantId: null,
          payload: { role: 'db/read', requester: named('U0A'), by: 'reviewer', reasons: ['no'] },
        },
      ],
    });
  }
  const kinds = async (slackId: string) =>
    requestSignals(await createActivityReader(ledger).asking([slackId], 'db', clock.now() + HOUR), {
      at: clock.now() + HOUR,
      resource: 'db',
      timeZone: 'UTC',
    }).map(({ kind }) => kind);
  expect(await kinds('U0A')).toEqual(['first_time', 'repeated_denials']);
  expect(await kinds('U0LEAD')).toEqual(['first_time']);
});

describe('what is read', () => {
  let one: ALedger;
  beforeEach(() => {
    one = aLedger();
  });
  afterEach(() => one.close());

  function sample<T extends keyof EventPayloads>(type: T): EventPayloads[T] {
    const found = everyEvent().find((event) => event.type === type);
    return found?.payload as EventPayloads[T];
  }
  const submitted = (who: string, n: number) =>
    anEvent(
      'request.submitted',
      { ...sample('request.submitted'), requester: { ...named(who), email: `${who}@x`, timeZone: 'UTC' } },
      { requestId: `R${n}` },
    );
  const denied = (who: string, n: number) =>
    anEvent('request.denied', { ...sample('request.denied'), requester: named(who) }, { requestId: `R${n}` });
  const activated = (who: string, role: string) =>
    anEvent('grant.activated', { ...sample('grant.activated'), role, person: named(who) }, { grantId: 'G1' });
  const reviewed = (by: string, n: number, verdict: 'approve' | 'deny' = 'approve') =>
    anEvent(
      'review.recorded',
      { ...sample('review.recorded'), requester: named('U0A'), verdict },
      { requestId: `R${n}`, actor: { kind: 'person', id: by, name: by } },
    );
  const approvedBy = (requester: string, ...approvers: string[]) =>
    anEvent('request.approved', {
      ...sample('request.approved'),
      requester: named(requester),
      approvers: approvers.map(named),
    });
  const reader = () => createActivityReader(one.ledger);
  const asking = (accounts: readonly string[], resource = 'db') => reader().asking(accounts, resource, one.clock.now());
  const seqs = (seen: readonly { readonly seq: number }[]) => seen.map(({ seq }) => seq);

  test('requests and denials of a human, by all their accounts, the newest first', async () => {
    await one.record(
      submitted('U0A', 1),
      submitted('U0A2', 2),
      submitted('U0B', 3),
      denied('U0A', 1),
      submitted('U0A', 4),
    );
    await one.record(denied('U0B', 3), denied('U0A2', 2));
    const seen = await asking(['U0A', 'U0A2']);
    expect(seqs(seen.requests)).toEqual([5, 2, 1]);
    expect(seqs(seen.denials)).toEqual([7, 4]);
    expect(seen.requests[0]).toMatchObject({ at: one.clock.now() });
    expect(seqs((await asking(['U0B'])).requests)).toEqual([3]);
  });

  test('as far back as signals look, and no further', async () => {
    await one.record(submitted('U0A', 1));
    one.clock.advance(1);
    await one.record(submitted('U0A', 2), denied('U0A', 2));
    one.clock.advance(LOOK_BACK);
    const seen = await asking(['U0A']);
    expect([seqs(seen.requests), seqs(seen.denials)]).toEqual([[2], [3]]);
  });

  test('whether they ever had access to the resource, by any role and at any time', async () => {
    await one.record(activated('U0A', 'db/read'));
    one.clock.advance(2 * LOOK_BACK);
    const knows = async (who: string[], resource: string) => (await asking(who, resource)).knowsResource;
    expect(await knows(['U0A'], 'db')).toBe(true);
    expect(await knows(['U0X', 'U0A'], 'db')).toBe(true);
    expect(await knows(['U0B'], 'db')).toBe(false);
    expect(await knows(['U0A'], 'd')).toBe(false);
    expect(await knows(['U0A'], 'read')).toBe(false);
  });

  test('every resource that a human ever had access to, beside what they asked for', async () => {
    await one.record(activated('U0A', 'db/read'), activated('U0A2', 'queue/admin'), activated('U0B', 'web/edit'));
    one.clock.advance(2 * LOOK_BACK);
    await one.record(submitted('U0A', 1));
    const seen = await reader().askingAnywhere(['U0A', 'U0A2'], one.clock.now());
    expect([...seen.resources].sort()).toEqual(['db', 'queue']);
    expect(seqs(seen.requests)).toEqual([4]);
  });

  test('the newest ten reviews of a reviewer, with how long each took', async () => {
    await one.record(submitted('U0A', 1));
    one.clock.advance(MINUTE);
    await one.record(reviewed('U0B', 1, 'deny'));
    for (let n = 2; n <= 12; n += 1) {
      await one.record(submitted('U0A', n));
      one.clock.advance(SECOND);
      await one.record(reviewed(n % 2 ? 'U0B' : 'U0B2', n), reviewed('U0C', n));
    }
    const { reviews } = await reader().reviewing({ reviewer: ['U0B', 'U0B2'], requester: ['U0A'] }, one.clock.now());
    expect(reviews).toHaveLength(10);
    expect(seqs(reviews)).toEqual(seqs(reviews).toSorted((a, b) => b - a));
    expect(reviews[0]).toMatchObject({ at: one.clock.now(), verdict: 'approve', after: SECOND });
    const { reviews: few } = await reader().reviewing({ reviewer: ['U0D'], requester: ['U0A'] }, one.clock.now());
    expect(few).toEqual([]);
    const { reviews: requester } = await reader().reviewing({ reviewer: ['U0A'], requester: ['U0B'] }, one.clock.now());
    expect(requester).toEqual([]);
    await one.record(reviewed('U0E', 1, 'deny'));
    const { reviews: own } = await reader().reviewing({ reviewer: ['U0E'], requester: ['U0A'] }, one.clock.now());
    expect(own).toMatchObject([{ verdict: 'deny', after: MINUTE + 11 * SECOND }]);
    one.clock.advance(LOOK_BACK + 1);
    const { reviews: old } = await reader().reviewing({ reviewer: ['U0E'], requester: ['U0A'] }, one.clock.now());
    expect(old).toEqual([]);
  });

  test('who approved for the one and for the other, each human by one account', async () => {
    await one.record(approvedBy('U0A', 'U0B2', 'U0C'), approvedBy('U0A2', 'U0B'), approvedBy('U0B', 'U0A2'));
    await one.record(approvedBy('U0C', 'U0A'));
    const between = { reviewer: ['U0B', 'U0B2'], requester: ['U0A', 'U0A2'] };
    const seen = await reader().reviewing(between, one.clock.now());
    expect(seen.approversOfRequester.toSorted()).toEqual(['U0B', 'U0B', 'U0C']);
    expect(seen.approversOfReviewer).toEqual(['U0A']);
    one.clock.advance(LOOK_BACK + 1);
    expect(await reader().reviewing(between, one.clock.now())).toMatchObject({
      approversOfRequester: [],
      approversOfReviewer: [],
    });
  });

  test('how often each role was used since then, and by how many', async () => {
    await one.record(activated('U0A', 'db/read'));
    one.clock.advance(1);
    const since = one.clock.now();
    await one.record(activated('U0A', 'db/read'), activated('U0A', 'db/read'), activated('U0B', 'db/read'));
    await one.record(activated('U0A', 'db/write'), submitted('U0A', 1), activated(CANARY_ID, 'db/write'));
    expect(new Set(await reader().uses(since))).toEqual(
      new Set([
        { role: 'db/read', uses: 3, people: 2 },
        { role: 'db/write', uses: 1, people: 1 },
      ]),
    );
  });
});
