import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { BOT } from '../../src/domain/person.ts';
import { requestSignals, reviewSignals } from '../../src/domain/signals.ts';
import { HOUR, MINUTE, SECOND } from '../../src/domain/terms.ts';
import { activityReader } from '../../src/ledger/activity.ts';
import { type OpenLedger, openLedger } from '../../src/ledger/open.ts';
import { createStore } from '../../src/ledger/store.ts';
import { manualClock } from '../support/clock.ts';

/** Signals, from the ledger's own events. */

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

test('people who only ever approve each other are told from people who do not, by what the ledger says', async () => {
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
    const seen = await activityReader(ledger).reviewing({ reviewer: [reviewer], requester: [requester] }, clock.now());
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
    requestSignals(await activityReader(ledger).asking([slackId], 'db', clock.now() + HOUR), {
      at: clock.now() + HOUR,
      resource: 'db',
      timeZone: 'UTC',
    }).map(({ kind }) => kind);
  expect(await kinds('U0A')).toEqual(['first_time', 'repeated_denials']);
  expect(await kinds('U0LEAD')).toEqual(['first_time']);
});
