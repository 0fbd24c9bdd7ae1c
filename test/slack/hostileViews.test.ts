/** Whatever people type, are called, or write into PagerDuty: it stays text, in every message and form. */

import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { EventPayloads, LedgerEvent } from '../../src/domain/events.ts';
import { activate, intendGrant } from '../../src/domain/grant.ts';
import { type Person, personActor } from '../../src/domain/person.ts';
import type { PendingRequest } from '../../src/domain/request.ts';
import { HOUR } from '../../src/domain/terms.ts';
import { messageBlocks, viewSchema } from '../../src/sandbox/slack/blockKit.ts';
import { adminModal, reloadModal } from '../../src/slack/features/admin/views.ts';
import { homeView } from '../../src/slack/features/home/view.ts';
import { emptyForm, requestModal } from '../../src/slack/features/request/modal.ts';
import { drawn } from '../../src/slack/kit/drawn.ts';
import { auditMessage } from '../../src/slack/outbox/auditMessage.ts';
import { requestCard } from '../../src/slack/outbox/card.ts';
import { newsOf } from '../../src/slack/outbox/toOthers.ts';
import { WHY } from '../../src/wording/commands.ts';
import { aPolicy, aRole, NO_TIES } from '../support/domain.ts';

const AT = Date.UTC(2026, 0, 15, 3);
const hostile = fc.oneof(
  fc.constantFrom(
    '<!channel>',
    '<@U0EVE>',
    '<https://evil.example|approve here>',
    '*bold* _it_ ~s~ `code`',
    'a\n\n:tada: *Approved by the policy* :tada::tada:',
    '&lt;!here&gt;',
    '<!date^0^{date}|x>',
    '<!subteam^S0SECURITY>',
  ),
  fc.string({ minLength: 1, maxLength: 200 }),
);
/** What the bot itself puts there: people and groups by id, times, and one announcement. */
const OURS = /<(?:@U0[A-Z]+|!subteam\^S0SEC|!date\^\d+\^[^>]*|!here)>/g;

/** All text that Slack would read markup in; rich text elements and plain text are not parsed. */
function parsed(blocks: unknown): string {
  const texts: string[] = [];
  JSON.stringify(blocks, (_key, value) => {
    if (value?.type === 'mrkdwn') texts.push(String(value.text));
    return value;
  });
  // Inside a code span nothing is read either.
  return texts.join('\n').replace(/`[^`]*`/g, '');
}

test('no text from people becomes a mention, a link or a control anywhere', () => {
  fc.assert(
    fc.property(hostile, hostile, hostile, hostile, (name, reason, comment, title) => {
      const person: Person = { slackId: 'U0BEN', name, email: 'ben@x', timeZone: 'UTC' };
      const who = { slackId: 'U0BEN', name };
      const events: Partial<{ [T in keyof EventPayloads]: EventPayloads[T] }> = {
        'request.escalated': {
          role: 'db/read',
          requester: who,
          step: 0,
          to: [who],
          passedOver: [{ ...who, why: 'asleep' }],
          page: 'P1',
        },
        'access.offered': { role: 'db/read', from: who, to: [who], escalationPolicy: title },
        'break_glass.invoked': {
          role: 'db/read',
          person: who,
          duration: HOUR,
          reason,
          reviewer: who,
          reviewBy: AT,
          page: null,
        },
        'break_glass.reminded': { role: 'db/read', person: who, reviewer: who, reviewBy: AT },
        'break_glass.unreviewed': { role: 'db/read', person: who, reviewer: who },
        'break_glass.reviewed': { role: 'db/read', person: who, justified: false, comment },
        'delegation.set': { from: who, to: who, until: AT },
        'second_factor.enrolled': { person: who },
        'access.frozen': { reason, live: 2 },
        'policy.loaded': { hash: 'x', resources: 1, roles: 1, changes: [comment] },
        'request.changed': {
          requester: who,
          from: { role: 'a/b', duration: HOUR },
          to: { role: 'a/c', duration: HOUR },
        },
      };
      const policy = { ...aPolicy(), admins: ['S0SEC'] };
      const pending: PendingRequest = {
        id: 'R1',
        bundle: 'R1',
        submissionKey: 'V1',
        requester: person,
        role: 'db/read',
        duration: HOUR,
        reason,
        incidentId: null,
        submittedAt: AT,
        startsAt: null,
        extends: null,
        askedFor: null,
        signals: [],
        state: 'pending',
        decision: {
          effect: 'ask',
          rule: 1,
          reasons: [title],
          stages: [{ reviewers: ['S0SEC'], needed: 1 }],
          escalate: [],
          maxDuration: null,
          expiresAfter: HOUR,
          outcomes: [{ rule: 1, effect: 'allow', outcome: 'not_met', reasons: [title], principals: [] }],
          proof: {
            onCall: {
              escalationPolicy: { id: 'P', name: title },
              services: [],
              schedule: null,
              level: 1,
              start: null,
              end: null,
              isOverride: null,
            },
            incident: {
              id: 'P',
              number: 1,
              title,
              status: 'triggered',
              urgency: 'high',
              priority: title,
              service: { id: 'P', name: title },
              url: '',
            },
          },
        },
        expiresAt: AT,
        reviews: [],
        escalations: [],
      };
      const grant = activate(
        intendGrant(
          {
            id: 'G1',
            requestId: 'R1',
            person,
            resourceId: 'db',
            place: 'test',
            role: 'db/read',
            grants: {},
            duration: HOUR,
            ties: NO_TIES,
          },
          AT,
        ),
        title,
        AT,
      );
      const item = { request: pending, grant: null, roleName: 'Database (read)', role: aRole() };
      const messages = [
        ...Object.entries(events).flatMap(([type, payload], index) => {
          const event = {
            seq: index + 1,
            at: AT,
            type,
            payload,
            actor: personActor(person),
            requestId: 'R1',
            grantId: 'G1',
            prevHash: '',
            hash: '',
          } as LedgerEvent;
          return [auditMessage([event]).message, ...newsOf(event, policy, (key) => key).map(({ message }) => message)];
        }),
        requestCard([item, { ...item, request: { ...pending, id: 'R2' } }], [{ grant, roleName: grant.role }]),
      ];
      for (const message of messages) {
        expect(parsed(message.blocks).replace(OURS, '')).not.toMatch(/<[^>]*>/);
        expect(parsed(message.blocks)).not.toContain(':tada:');
        expect(messageBlocks.safeParse(message.blocks).error).toBeUndefined();
      }
      const frozen = { by: person, at: AT, reason };
      const views = [
        homeView({
          now: AT,
          environment: title,
          timeZone: 'UTC',
          word: null,
          possible: [],
          nothingBecause: title,
          possibleCount: 20,
          hasEarlier: true,
          mayBreakGlass: true,
          needsCodes: true,
          held: [{ grant, roleName: 'Database (read)', canExtend: true, hasCredential: true }],
          asked: [{ request: pending, roleName: 'Database (read)' }],
          toReview: [{ request: pending, roleName: 'Database (read)' }],
        }),
        adminModal(policy, { word: null, freeze: frozen, grants: [grant], requests: [pending] }),
        reloadModal({
          outcome: 'changed',
          hash: 'x',
          changes: [comment],
          stranded: [
            {
              grantId: 'G1',
              requestId: 'R1',
              role: comment,
              person: { slackId: 'U0ANA', name: comment },
              place: comment,
            },
          ],
        }),
        requestModal({
          ...emptyForm('request', 'x'),
          role: { role: aRole(), resourceName: 'Database' },
          reason,
          incidents: pending.decision.proof.incident ? [pending.decision.proof.incident] : [],
        }),
      ];
      for (const view of views) {
        expect(parsed(view.blocks).replace(OURS, '')).not.toMatch(/<[^>]*>/);
        expect(parsed(view.blocks)).not.toContain(':tada:');
        expect(viewSchema.safeParse(view).error).toBeUndefined();
      }
      expect(drawn(WHY.explanation(pending.decision)).replace(OURS, '')).not.toMatch(/<[^>]*>/);
    }),
  );
});
