/** What the bot writes at PagerDuty, for which event, and when an incident that it opened is over. */

import { beforeEach, describe, expect, test } from 'vitest';
import type { Alarm } from '../../src/domain/alarm.ts';
import type { LedgerEvent } from '../../src/domain/events.ts';
import type { Request, UseReview } from '../../src/domain/request.ts';
import { HOUR, MINUTE } from '../../src/domain/terms.ts';
import { note, page, pagerDutyJobs, resolvePage } from '../../src/lifecycle/tellPagerDuty.ts';
import type { Job } from '../../src/ports/jobs.ts';
import type { Change } from '../../src/ports/store.ts';
import { type ManualClock, manualClock } from '../support/clock.ts';
import { NOON } from '../support/domain.ts';
import { anApprovedRequest, aWaitingRequest } from '../support/requests.ts';

const HASH = 'abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789';
const PERSON = { slackId: 'U0ANA', name: 'Ana' };
const envelope = { seq: 7, at: NOON, actor: { kind: 'bot' }, requestId: 'R1', grantId: null, hash: HASH } as const;
const escalated = (page: string | null, more: object = {}) =>
  anEvent('request.escalated', { role: 'db/read', requester: PERSON, step: 0, to: [], passedOver: [], page }, more);
const invoked = (page: string | null, more: object = {}) =>
  anEvent(
    'break_glass.invoked',
    {
      person: PERSON,
      role: 'db/admin',
      duration: 30 * MINUTE,
      reason: 'everything is down',
      reviewer: { slackId: 'U0CHLOE', name: 'Chloé' },
      dueAt: NOON + HOUR,
      page,
    },
    more,
  );
const raised = (page: string | null, more: object = {}) =>
  anEvent('alarm.raised', { alarm: 'disk', problem: '12 MB are free', since: NOON, page, to: [] }, more);
const activated = anEvent('grant.activated', { role: 'db/read', person: PERSON, endsAt: NOON + HOUR });
const ended = anEvent('grant.ended', { role: 'db/read', person: PERSON, why: 'expired' });

function anEvent(type: LedgerEvent['type'], payload: object, more: object = {}): LedgerEvent {
  return { ...envelope, type, payload, ...more } as unknown as LedgerEvent;
}

let clock: ManualClock;
let written: unknown[];
let committed: Job[];
let requests: Request[];
let events: LedgerEvent[];
let canWrite: boolean;
let isDown: boolean;
let alarm: Alarm | null;
beforeEach(() => {
  clock = manualClock(NOON);
  [written, committed, requests, events] = [[], [], [], []];
  canWrite = true;
  isDown = false;
  alarm = null;
});

const write = (what: object) => {
  if (isDown) throw new Error('PagerDuty did not answer');
  written.push(what);
};
const deps = () => ({
  clock,
  incidents: {
    canWrite,
    page: async (wanted: object) => write(wanted),
    resolve: async (key: string) => write({ resolved: key }),
    note: async (...about: string[]) => write(about),
  },
  events: { get: async (seq: number) => events.find((one) => one.seq === seq) ?? null },
  store: {
    record: async (kind: string) => ({ value: (kind === 'alarm' ? alarm : null) as never, version: 1 }),
    request: async (id: string) => {
      const value = requests.find((one) => one.id === id);
      return value ? { value, version: 1 } : null;
    },
    commit: async ({ jobs = [] }: Change) => {
      committed.push(...jobs);
      return [];
    },
  },
});

describe('work at PagerDuty', () => {
  const jobs = (event: LedgerEvent, may = true) => pagerDutyJobs(event, { canWrite: may });

  test.each([
    ['an escalation', escalated('PSVC')],
    ['break-glass', invoked('PSVC')],
    ['an alarm', raised('PSVC')],
  ])('of %s is to page somebody at once', (_what, event) => {
    expect(jobs(event)).toEqual([{ kind: 'page', key: '7', dueAt: NOON }]);
    expect(jobs(event, false)).toEqual([{ kind: 'page', key: '7', dueAt: NOON }]);
  });

  test.each([
    ['an escalation', escalated(null)],
    ['break-glass', invoked(null)],
    ['an alarm', raised(null)],
  ])('of %s that pages nobody is nothing', (_what, event) => {
    expect(jobs(event)).toEqual([]);
  });

  test.each([
    ['began', activated],
    ['ended', ended],
  ])('of access that %s is a note, if the bot may write', (_what, event) => {
    expect(jobs(event)).toEqual([{ kind: 'note', key: '7', dueAt: NOON }]);
    expect(jobs(event, false)).toEqual([]);
  });

  test('of any other event is nothing', () => {
    expect(jobs(anEvent('grant.extended', { role: 'db/read', person: PERSON, endsAt: NOON }))).toEqual([]);
  });
});

describe('a page about the bot itself', () => {
  test('says what is wrong, and where to read what to do', async () => {
    events = [raised('PSVC')];
    await page(deps(), '7');
    expect(written).toEqual([
      {
        service: 'PSVC',
        title: 'jitbot: the disk is nearly full',
        details: '12 MB are free\nSee docs/runbooks.md of jitbot, under "disk".',
        key: expect.stringMatching(/^jitbot-alarm-disk-.{32}$/),
      },
    ]);
    expect(committed).toEqual([{ kind: 'resolve_page', key: '7', dueAt: NOON + MINUTE }]);
  });

  test('ends when the alarm ends', async () => {
    events = [raised('PSVC')];
    alarm = { since: NOON, problem: '12 MB are free', to: [] };
    expect(await resolvePage(deps(), '7')).toEqual({ notBefore: NOON + MINUTE });
    expect(written).toEqual([]);
    alarm = null;
    expect(await resolvePage(deps(), '7')).toBeNull();
    expect(written).toEqual([{ resolved: expect.stringMatching(/^jitbot-alarm-disk-/) }]);
  });

  test('ends even if the same kind of alarm was raised again since', async () => {
    events = [raised('PSVC')];
    alarm = { since: NOON + HOUR, problem: '11 MB are free', to: [] };
    expect(await resolvePage(deps(), '7')).toBeNull();
  });
});

describe('a page', () => {
  test('of an escalation names who asks for what, under a key that nobody guesses', async () => {
    events = [escalated('PSVC')];
    expect(await page(deps(), '7')).toBeNull();
    expect(written).toEqual([
      {
        service: 'PSVC',
        title: 'Access request waiting: Ana asks for db/read',
        details: expect.stringContaining('R1'),
        key: `jitbot-escalated-7-R1-${HASH.slice(0, 32)}`,
      },
    ]);
    expect(committed).toEqual([{ kind: 'resolve_page', key: '7', dueAt: NOON + MINUTE }]);
  });

  test('of break-glass names who took what, how long and why, and who reviews it', async () => {
    events = [invoked('PGLASS')];
    await page(deps(), '7');
    expect(written).toEqual([
      {
        service: 'PGLASS',
        title: 'Break-glass used: Ana has db/admin for 30 min',
        details: expect.stringMatching(/everything is down\n.*Chloé/),
        key: `jitbot-break-glass-R1-${HASH.slice(0, 32)}`,
      },
    ]);
  });

  test.each([
    ['no such event', []],
    ['an escalation without one to wake', [escalated(null)]],
    ['break-glass without one to wake', [invoked(null)]],
    ['another event', [activated]],
  ])('is sent for nothing else: %s', async (_what, there) => {
    events = there;
    expect(await page(deps(), '7')).toBeNull();
    expect(await resolvePage(deps(), '7')).toBeNull();
    expect([written, committed]).toEqual([[], []]);
  });
});

describe('the reason of a page is over', () => {
  const { expiresAt: _until, escalations: _asked, ...waiting } = aWaitingRequest();
  const useReview: UseReview = { reviewer: 'U0CHLOE', dueAt: NOON + HOUR, broughtUp: 0, verdict: null };
  const verdict = { by: aWaitingRequest().requester, justified: true, comment: '', at: NOON };
  const ESCALATED = `jitbot-escalated-7-R1-${HASH.slice(0, 32)}`;
  const GLASS = `jitbot-break-glass-R1-${HASH.slice(0, 32)}`;

  test.each([
    ['a request that waits', escalated('PSVC'), aWaitingRequest()],
    ['a use that nobody looked at', invoked('PSVC'), anApprovedRequest({ useReview })],
  ])('not for %s, which is checked again in a minute', async (_what, event, request) => {
    events = [event];
    requests = [request];
    clock.advance(5 * MINUTE);
    expect(await resolvePage(deps(), '7')).toEqual({ notBefore: NOON + 6 * MINUTE });
    expect(written).toEqual([]);
  });

  test.each([
    ['an approved request', escalated('PSVC'), anApprovedRequest(), ESCALATED],
    ['a denied request', escalated('PSVC'), { ...waiting, state: 'denied', deniedAt: NOON } as const, ESCALATED],
    ['a request that is there no more', escalated('PSVC'), aWaitingRequest({ id: 'R2' }), ESCALATED],
    ['a use that was looked at', invoked('PSVC'), anApprovedRequest({ useReview: { ...useReview, verdict } }), GLASS],
    ['a use that the rules allowed', invoked('PSVC'), anApprovedRequest(), GLASS],
    ['a use that was never approved', invoked('PSVC'), aWaitingRequest(), GLASS],
  ] as [string, LedgerEvent, Request, string][])('for %s', async (_what, event, request, key) => {
    events = [event];
    requests = [request];
    expect(await resolvePage(deps(), '7')).toBeNull();
    expect(written).toEqual([{ resolved: key }]);
  });

  test('for an event without a request', async () => {
    events = [escalated('PSVC', { requestId: null })];
    expect(await resolvePage(deps(), '7')).toBeNull();
    expect(written).toEqual([]);
  });
});

describe('a note on the incident', () => {
  test.each([
    ['began', activated, 'Ana has access to db/read until 2026-01-15T13:00:00.000Z.'],
    ['ended', ended, 'Ana no longer has access to db/read.'],
  ])('says that access %s, with a marker of its own', async (_what, event, text) => {
    events = [anEvent('grant.ended', { role: 'db/other', person: PERSON }, { seq: 6 }), event];
    requests = [aWaitingRequest({ id: 'R0', incidentId: 'POTHER' }), anApprovedRequest({ incidentId: 'PINC' })];
    expect(await note(deps(), '7')).toBeNull();
    expect(written).toEqual([['PINC', text, 'jitbot event 7, request R1']]);
  });

  test.each([
    ['a request that names none', [activated], anApprovedRequest(), true],
    ['a request that is there no more', [activated], anApprovedRequest({ id: 'R2', incidentId: 'PINC' }), true],
    ['an event that is there no more', [], anApprovedRequest({ incidentId: 'PINC' }), true],
    ['an event of no request', [{ ...activated, requestId: null }], anApprovedRequest({ incidentId: 'PINC' }), true],
    ['another event', [invoked('PSVC')], anApprovedRequest({ incidentId: 'PINC' }), true],
    ['a bot that may not write', [activated], anApprovedRequest({ incidentId: 'PINC' }), false],
  ] as [string, LedgerEvent[], Request, boolean][])('is not written for %s', async (_what, there, request, may) => {
    events = there;
    requests = [request];
    canWrite = may;
    expect(await note(deps(), '7')).toBeNull();
    expect(written).toEqual([]);
  });
});

describe('while PagerDuty does not answer', () => {
  beforeEach(() => {
    isDown = true;
    requests = [anApprovedRequest({ incidentId: 'PINC' })];
  });

  test.each([
    ['waking somebody', escalated('PSVC'), page],
    ['resolving it', escalated('PSVC'), resolvePage],
    ['a note', activated, note],
  ])('%s fails and is retried, and nothing follows from it', async (_what, event, work) => {
    events = [event];
    await expect(work(deps(), '7')).rejects.toThrow('PagerDuty did not answer');
    expect(committed).toEqual([]);
  });
});
