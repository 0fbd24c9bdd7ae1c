import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { AskDecision, Decision } from '../../src/domain/decision.ts';
import type { LedgerEvent } from '../../src/domain/events.ts';
import { activate, conclude, type Grant, intendGrant, startRevoking } from '../../src/domain/grant.ts';
import type { Incident } from '../../src/domain/incident.ts';
import { BOT, named, type Person, personActor } from '../../src/domain/person.ts';
import type { Request } from '../../src/domain/request.ts';
import { HOUR } from '../../src/domain/terms.ts';
import { messageBlocks } from '../../src/sandbox/slack/blockKit.ts';
import { auditMessage } from '../../src/slack/outbox/auditMessage.ts';
import { requestCard } from '../../src/slack/outbox/card.ts';
import { activeNotice, noticeFor, waitingNotice } from '../../src/slack/outbox/toRequester.ts';
import { asRead } from '../support/asRead.ts';
import { aRole, NO_TIES } from '../support/domain.ts';

const role = aRole({ resourceId: 'payments-db', risk: 'high', narrower: ['peek'] });
const can = { hasCredential: true, canExtend: true };

/** Views are functions of data: what each state looks like, and that nobody's words become more than words. */

const AT = Date.UTC(2026, 0, 15, 3);
const ben: Person = { slackId: 'U0BEN', name: 'Ben Okafor', email: 'ben@harbor.example', timeZone: 'Europe/London' };
const chloe: Person = {
  slackId: 'U0CHLOE',
  name: 'Chloé Martin',
  email: 'chloe@harbor.example',
  timeZone: 'Europe/Paris',
};
const incident: Incident = {
  id: 'PINC',
  number: 7,
  title: 'Checkout is slow',
  status: 'triggered',
  urgency: 'high',
  priority: 'P1',
  service: { id: 'P', name: 'Checkout' },
  url: 'https://example.pagerduty.com/incidents/PINC',
};
const asked: AskDecision = {
  effect: 'ask',
  rule: 2,
  reasons: ['it applies to everybody'],
  outcomes: [{ rule: 1, effect: 'allow', outcome: 'not_met', reasons: ['not on call in PagerDuty'], principals: [] }],
  stages: [{ reviewers: ['S0PAYLEADS'], needed: 1 }],
  escalate: [],
  maxDuration: null,
  expiresAfter: HOUR,
  proof: { onCall: null, incident },
};
const core = {
  id: 'R1',
  bundle: 'R1',
  submissionKey: 'V1',
  requester: ben,
  role: 'payments-db/read',
  duration: HOUR,
  reason: 'Customer 4411 was charged twice',
  incidentId: 'PINC',
  submittedAt: AT,
  startsAt: null,
  extends: null,
  askedFor: null,
  signals: [],
};
const approvedBy = { by: chloe, onBehalfOf: null, verdict: 'approve', comment: '', at: AT } as const;

const intent = intendGrant(
  {
    id: 'G1',
    requestId: 'R1',
    person: ben,
    resourceId: 'payments-db',
    place: 'test',
    role: 'payments-db/read',
    grants: {},
    duration: HOUR,
    ties: NO_TIES,
  },
  AT,
);
const active = activate(intent, 'jit_ben_g1', AT);
const revoking = startRevoking(active, { why: 'revoked', by: personActor(chloe), problem: null }, AT + 60_000);

const pending: Request = {
  ...core,
  state: 'pending',
  decision: asked,
  expiresAt: AT + HOUR,
  reviews: [],
  escalations: [],
};
const approved: Request = {
  ...core,
  state: 'approved',
  decision: asked,
  reviews: [approvedBy],
  approvedAt: AT,
  grantId: 'G1',
  useReview: null,
};
const states: [string, Request, Grant | null][] = [
  ['pending', pending, null],
  ['approved, being set up', approved, intent],
  ['approved, active', approved, active],
  ['approved, ending', approved, revoking],
  ['approved, overdue', approved, { ...revoking, state: 'overdue' }],
  ['approved, ended', approved, conclude(revoking, AT + 61_000)],
  [
    'approved, failed',
    approved,
    conclude(startRevoking(intent, { why: 'provision_failed', by: BOT, problem: 'the target is down' }, AT), AT),
  ],
  [
    'denied by a reviewer',
    {
      ...core,
      state: 'denied',
      decision: asked,
      reviews: [{ ...approvedBy, verdict: 'deny', comment: 'Use the replica' }],
      deniedAt: AT,
    },
    null,
  ],
  ['cancelled', { ...core, state: 'cancelled', decision: asked, cancelledAt: AT }, null],
  ['expired', { ...core, state: 'expired', decision: asked, expiredAt: AT }, null],
];

describe('the card', () => {
  test.each(states)('%s', (_name, request, grant) => {
    const input = { request, grant, role, roleName: 'Payments database (read)' };
    const view = requestCard([input], [{ grant: conclude(revoking, AT), roleName: 'Payments database (read)' }]);
    expect(asRead(view)).toMatchSnapshot();
    expect(messageBlocks.safeParse(view.blocks).error).toBeUndefined();
    // A control stands only where it does something.
    expect(JSON.stringify(view).includes('review_approve')).toBe(request.state === 'pending');
    expect(JSON.stringify(view).includes('grant_end')).toBe(grant?.state === 'active');
  });
});

describe('private messages', () => {
  const allowed: Decision = {
    effect: 'allow',
    maxDuration: null,
    rule: 1,
    reasons: ['on call at level 1 for Payments'],
    outcomes: [],
    proof: {
      onCall: {
        escalationPolicy: { id: 'P', name: 'Payments' },
        services: [],
        schedule: null,
        level: 1,
        start: null,
        end: AT + 9 * HOUR,
        isOverride: null,
      },
      incident: null,
    },
  };
  const at = { seq: 9, at: AT, actor: BOT, requestId: 'R1', grantId: 'G1', prevHash: '', hash: '' };
  const events: [string, LedgerEvent, Request, Grant | null][] = [
    [
      'approved at once',
      {
        ...at,
        type: 'grant.activated',
        payload: { role: core.role, person: named(ben), account: 'jit_ben_g1', endsAt: active.endsAt },
      },
      { ...core, state: 'approved', decision: allowed, reviews: [], approvedAt: AT, grantId: 'G1', useReview: null },
      active,
    ],
    [
      'approved by a reviewer',
      {
        ...at,
        type: 'grant.activated',
        payload: { role: core.role, person: named(ben), account: 'jit_ben_g1', endsAt: active.endsAt },
      },
      approved,
      active,
    ],
    [
      'denied by the policy',
      { ...at, type: 'request.denied', payload: { role: core.role, requester: named(ben), by: 'policy', reasons: [] } },
      {
        ...core,
        state: 'denied',
        decision: { effect: 'deny', rule: null, reasons: ['no rule of this role matches'], outcomes: asked.outcomes },
        reviews: [],
        deniedAt: AT,
      },
      null,
    ],
    [
      'ended by somebody',
      {
        ...at,
        type: 'grant.ended',
        payload: { role: core.role, person: named(ben), why: 'revoked', openUntil: at.at },
      },
      approved,
      conclude(revoking, AT + 61_000),
    ],
    [
      'ended on time',
      { ...at, type: 'grant.ended', payload: { role: core.role, person: named(ben), why: 'expired' } },
      approved,
      null,
    ],
    [
      'ended, with sessions that end later',
      {
        ...at,
        type: 'grant.ended',
        payload: { role: core.role, person: named(ben), why: 'expired', openUntil: at.at + 3_600_000 },
      },
      approved,
      null,
    ],
    [
      'ended, with sessions that nobody ends',
      { ...at, type: 'grant.ended', payload: { role: core.role, person: named(ben), why: 'expired', openUntil: null } },
      approved,
      null,
    ],
    [
      'ended, with things left behind',
      {
        ...at,
        type: 'grant.ended',
        payload: {
          role: core.role,
          person: named(ben),
          why: 'expired',
          left: [
            { what: 'function public.<!channel>(text)', done: 'runs as its caller now; belongs to jitbot_leftovers' },
            { what: 'table public.hotfix', done: 'belongs to app_owner' },
          ],
        },
      },
      approved,
      null,
    ],
    [
      'failed',
      { ...at, type: 'grant.failed', payload: { role: core.role, person: named(ben), problem: 'the target is down' } },
      approved,
      null,
    ],
    ['expired', { ...at, type: 'request.expired', payload: { role: core.role, requester: named(ben) } }, pending, null],
    [
      'overdue',
      {
        ...at,
        type: 'grant.overdue',
        payload: { role: core.role, person: named(ben), failures: 6, problem: 'the target is down' },
      },
      approved,
      null,
    ],
  ];
  test.each(events)('%s', (_name, event, request, grant) => {
    const message = noticeFor(event, { request, grant, roleName: 'Payments database (read)', ...can });
    expect(message && asRead(message)).toMatchSnapshot();
    expect(messageBlocks.safeParse(message?.blocks).error).toBeUndefined();
  });
});

test('whatever a person types or is called, it becomes no mention, link or format', () => {
  const hostile = fc.oneof(
    fc.constantFrom(
      '<!channel>',
      '<@U0EVE>',
      '<https://evil.example|approve here>',
      '*bold* _it_ ~s~ `code`',
      'a\n\n*Approved by the policy*',
      '&lt;!here&gt;',
      '<!date^0^{date}|x>',
    ),
    fc.string({ maxLength: 200 }),
  );
  const MARKUP = /<(?!@U0BEN>|@U0CHLOE>|!subteam\^S0PAYLEADS>|!date\^\d+\^)[^>]*>/;
  fc.assert(
    fc.property(hostile, hostile, hostile, hostile, (reason, name, title, comment) => {
      const person = { ...ben, name };
      const request: Request = {
        ...pending,
        reason,
        requester: person,
        decision: { ...asked, proof: { onCall: null, incident: { ...incident, title } } },
      };
      const denied: Request = {
        ...core,
        requester: person,
        reason,
        state: 'denied',
        decision: asked,
        reviews: [{ ...approvedBy, verdict: 'deny', comment }],
        deniedAt: AT,
      };
      const event: LedgerEvent = {
        seq: 1,
        at: AT,
        type: 'review.recorded',
        actor: personActor(person),
        requestId: 'R1',
        grantId: null,
        prevHash: '',
        hash: '',
        payload: {
          role: core.role,
          verdict: 'deny',
          comment,
          onBehalfOf: null,
          policyHash: '',
          input: {
            at: AT,
            personId: 'U0BEN',
            duration: HOUR,
            evidence: {
              at: AT,
              onCall: null,
              incident: null,
              groups: {},
              history: null,
              removals: null,
              signals: null,
              opa: null,
            },
          },
          decision: asked,
        },
      };
      const input = { request, grant: null, role, roleName: 'Payments database (read)', ...can };
      const messages = [
        requestCard([input], []),
        requestCard([input, { ...input, request: { ...denied, id: 'R2' } }], []),
        requestCard([input, input], []),
        requestCard([{ ...input, request: denied }], []),
        waitingNotice(input),
        activeNotice({ ...input, grant: { ...active, person } }),
        auditMessage([event]).message,
      ];
      for (const message of messages) {
        const texts = JSON.stringify(message, (key, value) =>
          key === 'elements' && Array.isArray(value) && value.some((one) => one.type === 'rich_text_quote')
            ? []
            : value,
        );
        expect(texts).not.toMatch(MARKUP);
        expect(messageBlocks.safeParse(message?.blocks).error).toBeUndefined();
      }
    }),
  );
});
