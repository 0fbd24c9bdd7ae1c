/** Who is told what, and what they can do from there. */

import { describe, expect, test } from 'vitest';
import type { AccessReview } from '../../src/domain/accessReview.ts';
import type { Decision } from '../../src/domain/decision.ts';
import type { EventPayloads, EventType, LedgerEvent } from '../../src/domain/events.ts';
import { conclude, type Grant, startRevoking } from '../../src/domain/grant.ts';
import { type Actor, BOT, type Person, personActor } from '../../src/domain/person.ts';
import type { Request } from '../../src/domain/request.ts';
import { HOUR, known, MINUTE, unknown } from '../../src/domain/terms.ts';
import { section } from '../../src/slack/kit/blocks.ts';
import { drawn } from '../../src/slack/kit/drawn.ts';
import { ownerCard, partsOf } from '../../src/slack/outbox/accessReviewCard.ts';
import { isForOthers, isForRequester } from '../../src/slack/outbox/audience.ts';
import { earlierPrompt, type Lately, requestCard } from '../../src/slack/outbox/card.ts';
import type { CardInput } from '../../src/slack/outbox/cardInput.ts';
import { messageJobs } from '../../src/slack/outbox/messageJobs.ts';
import { noticeKey, reminderKey } from '../../src/slack/outbox/noticeKeys.ts';
import type { Shown } from '../../src/slack/outbox/shown.ts';
import { newsOf } from '../../src/slack/outbox/toOthers.ts';
import {
  activeNotice,
  credentialModal,
  noticeFor,
  reminder,
  scheduledNotice,
  waitingNotice,
} from '../../src/slack/outbox/toRequester.ts';
import { ANSWERS, standingSentence } from '../../src/wording/answers.ts';
import { previewSentence, riskSentence } from '../../src/wording/decisions.ts';
import {
  ANA,
  aGrantOnItsWay,
  anActiveGrant,
  anEntry,
  anOutage,
  aPolicy,
  aResource,
  aRole,
  NOON,
} from '../support/domain.ts';
import { everyEvent } from '../support/everyEvent.ts';
import { anApprovedRequest, anAskDecision, aWaitingRequest } from '../support/requests.ts';
import { readMessage } from '../support/shownMessages.ts';

const person = (slackId: string, name: string): Person => ({
  slackId,
  name,
  email: `${slackId}@x.example`,
  timeZone: 'UTC',
});
const BEN = person('U0BEN', 'Ben');
const EVE = person('U0EVE', 'Eve');
const byPerson = (who: Person): Actor => personActor(who);
const review = (by: Person, more: object = {}) =>
  ({ by, onBehalfOf: null, verdict: 'approve', comment: '', at: NOON, ...more }) as const;
const shown = (request: Request, grant: Grant | null = null, more: Partial<Shown> = {}): Shown => ({
  request,
  grant,
  role: aRole(),
  roleName: 'Database (read)',
  hasCredential: false,
  canExtend: true,
  ...more,
});
const allowed = (more: Partial<Extract<Decision, { effect: 'allow' }>> = {}): Decision => ({
  effect: 'allow',
  rule: 1,
  reasons: ['they are in S0LEADS'],
  outcomes: [],
  maxDuration: null,
  proof: { onCall: null, incident: null },
  ...more,
});
const broken: Decision = {
  effect: 'break_glass',
  rule: null,
  reasons: ['break-glass'],
  outcomes: [],
  proof: { onCall: null, incident: null },
};
const final = ({ expiresAt: _, escalations: __, reviews: ___, ...core } = aWaitingRequest()) => core;
const denied = (...reviews: ReturnType<typeof review>[]): Request => ({
  ...final(),
  state: 'denied',
  decision:
    reviews.length > 0 ? anAskDecision() : { effect: 'deny', rule: null, reasons: ['no rule matched'], outcomes: [] },
  reviews,
  deniedAt: NOON,
});
const scheduled: Request = { ...final(), state: 'scheduled', startsAt: NOON + 2 * HOUR, reviews: [review(BEN)] };
const cancelled: Request = { ...final(), state: 'cancelled', cancelledAt: NOON };
const expired: Request = { ...final(), state: 'expired', expiredAt: NOON };
const revoking = startRevoking(anActiveGrant(), { why: 'revoked', by: byPerson(EVE), problem: null }, NOON);
const ended = conclude(revoking, NOON + MINUTE);
const overdue: Grant = { ...revoking, state: 'overdue' };
const failed = conclude(
  startRevoking(aGrantOnItsWay(), { why: 'provision_failed', by: BOT, problem: 'down' }, NOON),
  NOON + MINUTE,
);

function event<T extends EventType>(
  type: T,
  change: Partial<EventPayloads[T]> = {},
  more: object = {},
): LedgerEvent<T> {
  const found = everyEvent().find((one) => one.type === type);
  if (!found) throw new Error(`there is no ${type}`);
  return { ...found, at: NOON, ...more, payload: { ...found.payload, ...change } } as LedgerEvent<T>;
}

describe('the requester', () => {
  const told = (one: LedgerEvent, about: Shown) => {
    const message = noticeFor(one, about);
    return message && readMessage(message);
  };

  test.each<[string, LedgerEvent, Shown, RegExp]>([
    [
      'denied by the policy',
      event('request.denied'),
      shown(denied()),
      /Database \(read\) was denied\.\* No rule matched/,
    ],
    [
      'denied by a reviewer',
      event('request.denied'),
      shown(denied(review(BEN, { comment: 'old' }), review(EVE, { verdict: 'deny', comment: 'not now' }))),
      /<@U0EVE> denied Database \(read\).*not now.*again with `\/jit`/s,
    ],
    ['expired', event('request.expired'), shown(expired), /Nobody decided on Database \(read\) in time/],
    [
      'approved for later',
      event('request.approved', { startsAt: NOON + 2 * HOUR }),
      shown(scheduled),
      /starts Thu 15 Jan 14:00 UTC\*, for 1 h. Approved by <@U0BEN>/,
    ],
    [
      'active',
      event('grant.activated'),
      shown(anApprovedRequest({ reviews: [review(BEN)] }), anActiveGrant()),
      /You have Database \(read\) until Thu 15 Jan 13:00 UTC.*Approved by <@U0BEN>/s,
    ],
    [
      'extended',
      event('grant.extended', { endsAt: NOON + 3 * HOUR }),
      shown(anApprovedRequest({ reviews: [review(BEN)] })),
      /You keep Database \(read\) until Thu 15 Jan 15:00 UTC.*Approved by <@U0BEN>/,
    ],
    [
      'not extended',
      event('grant.not_extended', { endsAt: NOON + 3 * HOUR, problem: 'the *target* is down' }),
      shown(anApprovedRequest()),
      /could not be extended\*: the target is down. It still ends Thu 15 Jan 15:00/,
    ],
    [
      'shortened',
      event('grant.shortened', { endsAt: NOON + MINUTE, why: 'shift_ended' }),
      shown(anApprovedRequest(), anActiveGrant()),
      /ends Thu 15 Jan 12:01 UTC\*, because the on-call shift/,
    ],
    [
      'ended',
      event('grant.ended', { why: 'revoked' }),
      shown(anApprovedRequest(), ended),
      /has ended\*: it was ended early by <@U0EVE>/,
    ],
    [
      'ended by its time',
      event('grant.ended', { why: 'expired' }),
      shown(anApprovedRequest(), ended),
      /has ended\*: its time was up/,
    ],
    [
      'failed',
      event('grant.failed', { problem: 'the target is down' }),
      shown(anApprovedRequest(), failed),
      /could not be set up.*\nthe target is down\n/,
    ],
    [
      'overdue',
      event('grant.overdue'),
      shown(anApprovedRequest(), overdue),
      /I could not end your access yet.*stop using it/,
    ],
    [
      'declared gone',
      event('grant.declared_gone', {}, { actor: byPerson(EVE) }),
      shown(anApprovedRequest(), ended),
      /has ended.*<@U0EVE> looked/,
    ],
  ])('is told of what was %s', (_name, one, about, words) => {
    expect(told(one, about)?.words).toMatch(words);
    expect(told(one, about)?.notification).toContain('Database (read)');
  });

  test.each<[string, LedgerEvent, Shown]>([
    [
      'a request that is approved automatically',
      event('request.submitted', { decision: allowed() }),
      shown(aWaitingRequest()),
    ],
    ['an approval for now', event('request.approved'), shown(anApprovedRequest())],
    ['access that is no longer there', event('grant.activated'), shown(anApprovedRequest(), null)],
    ['what others do', event('review.recorded'), shown(aWaitingRequest())],
    ['a freeze', event('access.frozen'), shown(aWaitingRequest())],
  ])('is not told of %s', (_name, one, about) => {
    expect(told(one, about)).toBeNull();
  });

  test('waits with a way out, and without one afterwards', () => {
    const one = event('request.submitted', { decision: anAskDecision() });
    expect(told(one, shown(aWaitingRequest()))).toMatchObject({
      words: expect.stringMatching(/waiting for .*expires Thu 15 Jan 16:00 UTC/s),
      buttons: ['Cancel request [request_cancel R1]'],
    });
    expect(readMessage(waitingNotice(shown(cancelled)))).toEqual({
      notification: 'Your request for Database (read) was cancelled',
      words: 'Your request for Database (read) was cancelled.',
      buttons: [],
    });
  });

  test('has planned access with a way out, and without one afterwards', () => {
    expect(readMessage(scheduledNotice(shown(scheduled))).buttons).toEqual(['Cancel request [request_cancel R1]']);
    expect(readMessage(scheduledNotice(shown(cancelled)))).toMatchObject({
      words: 'Your request for Database (read) was cancelled.',
      buttons: [],
    });
  });

  test.each<[string, Partial<Shown>, string[], RegExp]>([
    ['that can be extended', {}, ['Extend… [grant_extend G1]', 'I’m done [grant_end G1]'], /On your account `jit_ana`/],
    ['that cannot be extended', { canExtend: false }, ['I’m done [grant_end G1]'], /On your account/],
    [
      'with credentials',
      { hasCredential: true },
      ['Get credentials [grant_credential G1]', 'Extend… [grant_extend G1]', 'I’m done [grant_end G1]'],
      /Log in as `jit_ana`/,
    ],
  ])('has access %s', (_name, more, buttons, words) => {
    const message = activeNotice(shown(anApprovedRequest(), anActiveGrant(), more));
    expect(message && readMessage(message)).toMatchObject({ buttons, words: expect.stringMatching(words) });
    expect(message?.text).toBe('You have Database (read) until 13:00');
  });

  test('had access, once it is over, and has none before it is active', () => {
    const of = (grant: Grant) => {
      const message = activeNotice(shown(anApprovedRequest(), grant));
      return message && readMessage(message);
    };
    for (const [grant, now] of [
      [revoking, 'is ending'],
      [overdue, 'could not be ended yet'],
      [ended, 'has ended'],
    ] as const)
      expect(of(grant)).toMatchObject({ words: `Your access to Database (read) ${now}.`, buttons: [] });
    for (const grant of [aGrantOnItsWay(), failed]) expect(of(grant)).toBeNull();
  });

  test('reads when access ends on the wall clock where they are', () => {
    const away = { ...ANA, timeZone: 'Asia/Tokyo' };
    const message = activeNotice(shown(anApprovedRequest({ requester: away }), anActiveGrant({ person: away })));
    expect(message?.text).toContain('until 22:00');
    expect(message && readMessage(message).words).toContain('Thu 15 Jan 22:00');
  });

  test.each<[string, Partial<Shown>, Grant, string[], RegExp]>([
    [
      'its time',
      {},
      anActiveGrant(),
      ['Extend… [grant_extend G1]', 'I’m done [grant_end G1]'],
      /ends Thu 15 Jan 13:00 UTC\*\. Save your work: open sessions may/,
    ],
    ['its time, and cannot be extended', { canExtend: false }, anActiveGrant(), ['I’m done [grant_end G1]'], /ends/],
    [
      'a shift',
      {},
      anActiveGrant({ endsBecause: 'shift_ended' }),
      ['Extend… [grant_extend G1]', 'I’m done [grant_end G1]'],
      /, because the on-call shift/,
    ],
    ['nothing any more', {}, ended, [], /^Your access to Database \(read\) has ended\.$/],
  ])('is reminded of what ends by %s', (_name, more, grant, buttons, words) => {
    expect(readMessage(reminder(shown(anApprovedRequest(), grant, more)))).toMatchObject({
      buttons,
      words: expect.stringMatching(words),
    });
  });

  test('is offered more time for what was shortened only while it is active', () => {
    const one = event('grant.shortened');
    expect(told(one, shown(anApprovedRequest(), anActiveGrant()))?.buttons).toHaveLength(2);
    expect(told(one, shown(anApprovedRequest(), ended))?.buttons).toEqual([]);
  });

  const extended = event('grant.extended');
  test.each<[string, Request, RegExp]>([
    [
      'by two reviewers',
      anApprovedRequest({ reviews: [review(BEN), review(EVE)] }),
      /Approved by <@U0BEN> and <@U0EVE>\./,
    ],
    [
      'for less',
      anApprovedRequest({ reviews: [review(BEN)], askedFor: { role: 'db/admin', duration: 2 * HOUR } }),
      /for less than you asked for \(`db\/admin`, 2 h\)/,
    ],
    [
      'on call',
      anApprovedRequest({ decision: allowed({ proof: { onCall: anEntry(), incident: null } }) }),
      /Approved automatically: you are on call at level 1 for Payments until/,
    ],
    ['by a rule', anApprovedRequest({ decision: allowed() }), /Approved automatically: they are in S0LEADS\./],
    ['by break-glass', anApprovedRequest({ decision: broken }), /Break-glass: the approvals channel was told/],
  ])('reads why it was approved: %s', (_name, request, words) => {
    expect(told(extended, shown(request))?.words).toMatch(words);
  });

  test('reads what became of open sessions and of what they made', () => {
    const words = (change: Partial<EventPayloads['grant.ended']>) =>
      told(event('grant.ended', change), shown(anApprovedRequest(), ended))?.words ?? '';
    expect(words({ openUntil: null, left: [] })).toContain(
      'Open sessions stay open until they are closed. Need it again',
    );
    expect(words({ openUntil: NOON, left: [] })).toContain('Open sessions were closed. Need it again');
    expect(words({ openUntil: NOON + HOUR, left: [] })).toContain('Open sessions can last until Thu 15 Jan 13:00 UTC');
    expect(words({ left: [{ what: 'table notes', done: 'kept' }] })).toContain(
      'Left behind: `table notes` (kept). Need',
    );
  });

  test.each<[string, Actor, 'revoked' | 'frozen', boolean]>([
    ['somebody ended', byPerson(EVE), 'revoked', true],
    ['the bot ended', BOT, 'revoked', false],
    ['a freeze ended', byPerson(EVE), 'frozen', false],
  ])('reads of what %s by whom, or not', (_name, by, why, isNamed) => {
    const over = conclude(startRevoking(anActiveGrant(), { why, by, problem: null }, NOON), NOON);
    const words = told(event('grant.ended', { why }), shown(anApprovedRequest(), over))?.words ?? '';
    expect(words.includes(' by <@U0EVE>')).toBe(isNamed);
  });

  test('sees a secret with its login and how to use it', () => {
    const text = JSON.stringify(credentialModal({ account: 'jit_ana', secret: 's3cret', usage: 'psql …' }));
    for (const one of ['`jit_ana`', 's3cret', 'psql …']) expect(text).toContain(one);
  });
});

describe('under which key a message to the requester is kept', () => {
  test.each<[EventType, string]>([
    ['grant.activated', 'notice:grant.activated:G1'],
    ['grant.ended', 'notice:grant.ended:G1'],
    ['grant.failed', 'notice:grant.failed:G1'],
    ['grant.overdue', 'notice:grant.overdue:G1'],
    ['grant.shortened', 'notice:grant.shortened:G1'],
    ['grant.declared_gone', 'notice:grant.declared_gone:G1'],
    ['grant.extended', 'notice:grant.extended:R2'],
    ['grant.not_extended', 'notice:grant.not_extended:R2'],
    ['request.denied', 'notice:request.denied:R2'],
    ['request.submitted', 'notice:request.submitted:R2'],
  ])('%s', (type, key) => {
    expect(noticeKey(type, shown(anApprovedRequest({ id: 'R2' }), anActiveGrant()))).toBe(key);
  });

  test('without a grant it is the request’s, and another end is another reminder', () => {
    expect(noticeKey('grant.failed', shown(anApprovedRequest({ id: 'R2' })))).toBe('notice:grant.failed:R2');
    expect(reminderKey(anActiveGrant())).toBe(`reminder:G1:${NOON + HOUR}`);
    expect(reminderKey(anActiveGrant({ endsAt: NOON }))).not.toBe(reminderKey(anActiveGrant()));
  });
});

describe('others', () => {
  const policy = { ...aPolicy(), admins: ['U0ADM', 'S0ADM'], samePerson: [['U0ANA', 'U0ANA2', 'W0ANA']] };
  const news = (one: LedgerEvent) =>
    newsOf(one, policy, (key) => `name of ${key}`).map(({ to, linkTo, message }) => ({
      to: to.kind === 'person' ? to.slackId : to.kind === 'thread' ? `thread of ${to.requestId}` : 'channel',
      linkTo,
      ...readMessage(message),
    }));
  const bens = { actor: byPerson(BEN), requestId: 'R1' };

  test.each<[string, LedgerEvent, [string, string | null, RegExp][]]>([
    [
      'break-glass',
      event('break_glass.invoked', { reviewer: { slackId: 'U0EVE', name: 'Eve' }, reviewBy: NOON + HOUR }, bens),
      [
        [
          'U0EVE',
          'R1',
          /Ana Kovač used break-glass for name of payments-db\/read.*review it before Thu 15 Jan 13:00 UTC.*nobody is awake/s,
        ],
      ],
    ],
    [
      'break-glass that waits for its review',
      event('break_glass.reminded', { reviewBy: NOON + HOUR }, bens),
      [['U0BEN', 'R1', /still needs your review\*, before Thu 15 Jan 13:00/]],
    ],
    [
      'break-glass that nobody reviewed',
      event('break_glass.unreviewed', {}, bens),
      [
        ['thread of R1', null, /<@U0BEN>, <@U0ADM>, <!subteam\^S0ADM>: please do.*Ana Kovač cannot/],
        ['U0BEN', 'R1', /is overdue/],
      ],
    ],
    [
      'break-glass found justified',
      event('break_glass.reviewed', { justified: true }, bens),
      [['U0ANA', 'R1', /<@U0BEN> reviewed your break-glass for name of payments-db\/read: justified.*it was down/s]],
    ],
    [
      'break-glass found not justified',
      event('break_glass.reviewed', { justified: false }, bens),
      [['U0ANA', 'R1', /not justified.*it ends now/s]],
    ],
    [
      'a stand-in',
      event('delegation.set', { until: NOON + HOUR }, bens),
      [['U0BEN', null, /<@U0BEN> is away.*until Thu 15 Jan 13:00/]],
    ],
    ['codes that are on', event('second_factor.enrolled', {}, bens), [['U0BEN', null, /One-time codes are on/]]],
    [
      'codes that were guessed at',
      event('second_factor.locked', { until: NOON + HOUR }, bens),
      [['U0BEN', null, /until Thu 15 Jan 13:00/]],
    ],
    [
      'codes that were reset',
      event('second_factor.reset', { person: { slackId: 'U0ANA', name: 'Ana' } }, bens),
      [
        ['U0ANA', null, /^:warning: \*<@U0BEN> reset your one-time codes/],
        ['U0ANA2', null, /<@U0BEN> reset the one-time codes of your account <@U0ANA>/],
        ['W0ANA', null, /codes of your account <@U0ANA>/],
      ],
    ],
    [
      'a freeze',
      event('access.frozen', { live: 2, reason: 'a breach' }, bens),
      [['channel', null, /<!here> \*<@U0BEN> froze all access.* 2 active grants are ending now.*a breach/s]],
    ],
    ['a freeze of nothing', event('access.frozen', { live: 0 }, bens), [['channel', null, /Nothing was active/]]],
    ['the end of a freeze', event('access.unfrozen', {}, bens), [['channel', null, /<@U0BEN> lifted the freeze/]]],
    [
      'a record that needs a look',
      event('ledger.damaged', { problem: 'event 3', needsLook: true }, { actor: BOT }),
      [['channel', null, /<@U0ADM>, <!subteam\^S0ADM> .*event 3.*\/jit audit looked/s]],
    ],
    [
      'an alarm',
      event('alarm.raised', { alarm: 'disk', problem: '1 GB free', to: [{ slackId: 'U0BEN', name: 'Ben' }] }),
      [['U0BEN', null, /^:rotating_light: \*The disk is nearly full\*: 1 GB free\.$/]],
    ],
    [
      'an alarm that nobody was found for',
      event('alarm.raised', { alarm: 'disk', problem: '1 GB free', to: [] }),
      [['channel', null, /1 GB free\. <@U0ADM>, <!subteam\^S0ADM>$/]],
    ],
    [
      'an alarm that is over',
      event('alarm.ended', { alarm: 'disk', since: NOON, to: [{ slackId: 'U0BEN', name: 'Ben' }] }),
      [['U0BEN', null, /\*Over\*: the disk is nearly full, since Thu 15 Jan 12:00 UTC\.$/]],
    ],
    [
      'an access review that waits',
      event('access_review.reminded', { unanswered: 1, dueAt: NOON }),
      [['channel', null, /1 rule of the access review still needs an answer\*, before Thu 15 Jan 12:00/]],
    ],
    [
      'an access review that is closed',
      event('access_review.closed', { kept: 2, removed: 1, unanswered: 0 }),
      [['channel', null, /2 rules kept, 1 removed\.$/]],
    ],
    [
      'an access review that is closed with rules open',
      event('access_review.closed', { kept: 1, removed: 0, unanswered: 3 }),
      [['channel', null, /1 rule kept, 0 removed\. :warning: \*3 never answered/]],
    ],
  ])('are told of %s', (_name, one, expected) => {
    expect(news(one)).toMatchObject(
      expected.map(([to, linkTo, words]) => ({ to, linkTo, words: expect.stringMatching(words) })),
    );
  });

  test('are not told to look where starting again is enough', () => {
    const { needsLook: _, ...payload } = event('ledger.damaged').payload;
    expect(news({ ...event('ledger.damaged'), payload })[0]?.words).not.toContain('/jit audit looked');
  });

  test('are told nothing of codes by the bot itself, and what it does is the bot’s', () => {
    expect(news(event('second_factor.enrolled', {}, { actor: BOT }))).toEqual([]);
    expect(news(event('second_factor.locked', {}, { actor: BOT }))).toEqual([]);
    expect(news(event('access.unfrozen', {}, { actor: BOT }))[0]?.words).toContain('The bot lifted');
  });

  test('who are on call now are offered what their predecessor had, each by themselves', () => {
    const to = [
      { slackId: 'U0BEN', name: 'Ben' },
      { slackId: 'U0EVE', name: 'Eve' },
    ];
    expect(news(event('access.offered', { to }))).toMatchObject(
      to.map(({ slackId }) => ({
        to: slackId,
        linkTo: null,
        words: expect.stringMatching(/on call for Payments now.* Ana Kovač had name of payments-db\/read/),
        buttons: ['Ask for it [request_open payments-db/read]'],
      })),
    );
  });

  const eve = { slackId: 'U0EVE', name: 'Eve' };
  const asleep = [{ slackId: 'U0DEV', name: 'Dev', why: 'asleep' }];
  test.each<[string, Partial<EventPayloads['request.escalated']>, RegExp, string[]]>([
    ['one more person', { to: [eve], passedOver: [], page: null }, /so I also asked <@U0EVE>\.$/, ['U0EVE']],
    [
      'two more people, and a page',
      { to: [eve, { slackId: 'U0BEN', name: 'Ben' }], passedOver: asleep, page: 'P1' },
      /so I also asked <@U0EVE>, <@U0BEN>\. Somebody was paged in PagerDuty\.$/,
      ['U0EVE', 'U0BEN'],
    ],
    [
      'one of those who could be',
      { to: [eve], passedOver: [], page: null, unseen: 'Slack is down' },
      /so I also asked <@U0EVE>\. I could not find out who else to ask: Slack is down\. I’ll try again/,
      ['U0EVE'],
    ],
    [
      'nobody, as it is not known whom',
      { to: [], passedOver: asleep, page: null, unseen: 'Slack is down' },
      /could not find out who else to ask: Slack is down\. I’ll try again\. Not asked: Dev \(asleep\)/,
      [],
    ],
    [
      'nobody, as it is not known whom at all',
      { to: [], passedOver: [], page: null, unseen: 'Slack is down' },
      /I’ll try again\.$/,
      [],
    ],
    [
      'nobody who could be',
      { to: [], passedOver: asleep, page: null },
      /there is nobody else to ask\. Not asked: Dev \(asleep\)\.$/,
      [],
    ],
    ['nobody at all', { to: [], passedOver: [], page: null }, /there is nobody else to ask\.$/, []],
  ])('are asked as well: %s', (_name, change, line, asked) => {
    const { unseen: _, ...base } = event('request.escalated').payload;
    const [thread, ...people] = news({
      ...event('request.escalated', {}, { requestId: 'R1' }),
      payload: { ...base, ...change },
    });
    expect(thread).toMatchObject({ to: 'thread of R1', linkTo: null, words: expect.stringMatching(line) });
    expect(people.map(({ to, linkTo }) => [to, linkTo])).toEqual(asked.map((id) => [id, 'R1']));
    for (const { words } of people) expect(words).toMatch(/Ana Kovač asks for name of payments-db\/read/);
  });

  test('are told 300 letters of why somebody could not be found out', () => {
    const one = event('request.escalated', { to: [], passedOver: [], page: null, unseen: 'x'.repeat(301) });
    expect(news(one)[0]?.words).toContain(`: ${'x'.repeat(299)}….`);
    const fits = event('request.escalated', { to: [], passedOver: [], page: null, unseen: 'x'.repeat(300) });
    expect(news(fits)[0]?.words).toContain(`: ${'x'.repeat(300)}.`);
  });

  test('are told nothing of what is nobody’s news', () => {
    for (const one of everyEvent()) if (!isForOthers(one)) expect(news(one)).toEqual([]);
  });
});

describe('the messages that follow from an event', () => {
  const kinds = (one: LedgerEvent) => messageJobs(one).map(({ kind, key, dueAt }) => `${kind} ${key} ${dueAt - NOON}`);
  const about = (type: EventType, requestId: string | null) => event(type, {}, { requestId, seq: 7 });

  test.each<[EventType, string | null, string[]]>([
    ['request.submitted', 'R1', ['audit audit-channel 0', 'card R1 0', 'notify 7 0']],
    ['review.recorded', 'R1', ['audit audit-channel 0', 'card R1 0']],
    ['break_glass.invoked', 'R1', ['audit audit-channel 0', 'card R1 0', 'notify 7 0']],
    ['credential.issued', 'R1', ['audit audit-channel 0']],
    ['access.frozen', null, ['audit audit-channel 0', 'notify 7 0']],
    ['grant.ended', null, ['audit audit-channel 0']],
    ['bot.started', null, ['audit audit-channel 0']],
  ])('%s of %s', (type, requestId, jobs) => {
    expect(kinds(about(type, requestId))).toEqual(jobs);
  });

  const types = (isFor: (one: LedgerEvent) => boolean) => [
    ...new Set(
      everyEvent()
        .filter(isFor)
        .map(({ type }) => type),
    ),
  ];
  test('an event is for the requester, for others, or for nobody', () => {
    expect(types(isForRequester).toSorted()).toEqual([
      'grant.activated',
      'grant.declared_gone',
      'grant.ended',
      'grant.extended',
      'grant.failed',
      'grant.not_extended',
      'grant.overdue',
      'grant.shortened',
      'request.approved',
      'request.denied',
      'request.expired',
      'request.submitted',
    ]);
    expect(types(isForOthers).toSorted()).toEqual([
      'access.frozen',
      'access.offered',
      'access.unfrozen',
      'access_review.closed',
      'access_review.reminded',
      'alarm.ended',
      'alarm.raised',
      'break_glass.invoked',
      'break_glass.reminded',
      'break_glass.reviewed',
      'break_glass.unreviewed',
      'delegation.set',
      'ledger.damaged',
      'ledger.reconciled',
      'request.escalated',
      'second_factor.enrolled',
      'second_factor.locked',
      'second_factor.reset',
    ]);
  });
});

describe('the card', () => {
  const input = (request: Request, grant: Grant | null = null, more: Partial<CardInput> = {}): CardInput => ({
    request,
    grant,
    role: aRole(),
    roleName: 'Database (read)',
    ...more,
  });
  const card = (items: readonly CardInput[], lately: Lately = []) => readMessage(requestCard(items, lately));

  test('says who asks for what, for how long, why, at what risk, and how it stands', () => {
    const { notification, words, buttons } = card([input(aWaitingRequest())]);
    expect(notification).toBe('Ana asks for Database (read)');
    for (const said of [
      '*<@U0ANA> asks for Database (read)* for 1 h',
      'because it is needed',
      'before Thu 15 Jan 16:00 UTC. If that’s you, you can approve this (rule 1).',
      '*Risk*\n:large_yellow_circle: medium',
      '`R1` `db/read` · Thu 15 Jan 12:00 UTC',
    ])
      expect(words).toContain(said);
    expect(buttons).toHaveLength(3);
  });

  test('has who, the reason and who decides first', () => {
    const [who, reason, decides] = card([input(aWaitingRequest())]).words.split('\n');
    expect(who).toContain('asks for');
    expect(reason).toBe('because it is needed');
    expect(decides).toContain('Needs approval from');
  });

  test('shows no fact that is empty', () => {
    const { words } = card([input(aWaitingRequest())]);
    for (const heading of ['On call', 'Incident', 'Recent access']) expect(words).not.toContain(heading);
  });

  test('of several without any fact has no place for facts', () => {
    const gone = { role: null };
    const message = requestCard(
      [input(aWaitingRequest(), null, gone), input(aWaitingRequest({ id: 'R2' }), null, gone)],
      [],
    );
    expect(message.blocks.some((block) => block.type === 'section' && block.fields)).toBe(false);
  });

  test.each<[string, Partial<Parameters<typeof aWaitingRequest>[0]>, RegExp]>([
    ['more time', { extends: 'G1' }, /asks for 1 h more on Database \(read\)\*/],
    ['a later start', { startsAt: NOON + HOUR }, /\* for 1 h from Thu 15 Jan 13:00/],
    [
      'less than was asked for',
      { askedFor: { role: 'db/admin', duration: 2 * HOUR } },
      /instead of `db\/admin` for 2 h/,
    ],
    ['no shifts', { seenOnCall: known([]) }, /\*On call\*\nno$/m],
    [
      'shifts that could not be looked up',
      { seenOnCall: unknown('PagerDuty is down') },
      /\*On call\*\n:grey_question: not known: PagerDuty is down/,
    ],
    ['a shift', { seenOnCall: known([anEntry()]) }, /\*On call\*\non call at level 1 for Payments/],
    [
      'something unusual',
      { signals: [{ kind: 'first_time', facts: 'never *before*' }] },
      /^:mag: \*[A-Z].*\*: never before$/m,
    ],
  ])('says of %s', (_name, change, words) => {
    expect(card([input(aWaitingRequest(change))]).words).toMatch(words);
  });

  const inIncident = (change: object = {}) =>
    aWaitingRequest({ decision: anAskDecision({ proof: { onCall: null, incident: anOutage(change) } }) });
  test('names the incident with its state, and leads to it where there is an address', () => {
    const { words, buttons } = card([input(inIncident({ priority: 'P1', url: 'https://x.example/PINC' }))]);
    expect(words).toContain('*Incident*\n#7 Slow (P1, triggered, high urgency)');
    expect(buttons.at(-1)).toBe('Open the incident [open_incident PINC]');
    expect(card([input(inIncident())]).words).toContain('#7 Slow (triggered, high urgency)');
    for (const url of ['', 'http://x.example', 'javascript:x'])
      expect(card([input(inIncident({ url }))]).buttons.join()).not.toContain('open_incident');
  });

  test('has the proof that there is, also where another request of the bundle has it', () => {
    const proven = aWaitingRequest({
      id: 'R2',
      decision: anAskDecision({ proof: { onCall: anEntry(), incident: null } }),
    });
    const plainly = aWaitingRequest();
    for (const items of [
      [plainly, proven],
      [proven, plainly],
    ])
      expect(card(items.map((one) => input(one))).words).toContain('*On call*\non call at level 1 for Payments');
    const seen = aWaitingRequest({ id: 'R2', seenOnCall: unknown('PagerDuty is down') });
    expect(card([input(aWaitingRequest({ seenOnCall: null })), input(seen)]).words).toContain('PagerDuty is down');
  });

  test('says what was held lately, how it ended or until when', () => {
    const { words } = card(
      [input(aWaitingRequest())],
      [
        { grant: anActiveGrant(), roleName: 'Orders (a)' },
        { grant: ended, roleName: 'Orders (b)' },
        { grant: failed, roleName: 'Orders (c)' },
      ],
    );
    expect(words).toContain(
      'Orders (a), until Thu 15 Jan 13:00 UTC\nOrders (b), ended Thu 15 Jan 12:01 UTC\nOrders (c), failed Thu 15 Jan 12:01 UTC',
    );
  });

  test('says why it was not automatic', () => {
    const outcomes = [
      { rule: 1, effect: 'allow', outcome: 'not_met', reasons: ['not on call'], principals: [] },
      { rule: 2, effect: 'allow', outcome: 'unknown', reasons: ['Slack is down'], principals: [] },
      { rule: 3, effect: 'deny', outcome: 'not_met', reasons: ['no freeze'], principals: [] },
    ] as const;
    const { words } = card([input(aWaitingRequest({ decision: anAskDecision({ outcomes }) }))]);
    expect(words).toContain('Not automatic: not on call (rule 1) · Slack is down (rule 2)');
    expect(words).not.toContain('no freeze');
    const two = card([
      input(aWaitingRequest({ decision: anAskDecision({ outcomes }) })),
      input(aWaitingRequest({ id: 'R2', role: 'db/x' })),
    ]);
    expect(two.words.match(/Not automatic/g)).toHaveLength(1);
  });

  test('of a bundle has a part for each request', () => {
    const signals = [{ kind: 'first_time', facts: 'never before' }] as const;
    const items = [
      input(aWaitingRequest({ signals })),
      input(aWaitingRequest({ id: 'R2', role: 'db/admin', duration: 2 * HOUR, signals }), null, {
        roleName: 'Database (admin)',
        role: aRole({ risk: 'high' }),
      }),
      input(aWaitingRequest({ id: 'R3', role: 'db/gone' }), null, { roleName: 'db/gone', role: null }),
    ];
    const { notification, words } = card(items);
    expect(notification).toBe('Ana asks for 3 roles');
    expect(words).toContain('asks for 3 roles*');
    expect(words).toMatch(/\*Database \(read\)\* for 1 h · Risk: .*medium\n:hourglass:/);
    expect(words).toMatch(/\*Database \(admin\)\* for 2 h · Risk: .*high\n:hourglass:/);
    expect(words).toMatch(/\*db\/gone\* for 1 h\n/);
    expect(words).toContain('`R1` `db/read` · `R2` `db/admin` · `R3` `db/gone`');
    expect(words.match(/never before/g)).toHaveLength(1);
    expect(() => requestCard([], [])).toThrow('needs a request');
  });

  test('says if the role has left the policy, and that break-glass was used', () => {
    expect(card([input(aWaitingRequest(), null, { role: null })]).words).toContain('no longer in the policy');
    const { words, notification } = card([input(anApprovedRequest({ decision: broken }))]);
    expect(words).toContain('<!here> *Break-glass: <@U0ANA> used Database (read)* for 1 h, without approval');
    expect(notification).toBe('Break-glass: Ana used Database (read): approved');
  });

  test.each<[string, Request, Grant | null, RegExp]>([
    ['waits', aWaitingRequest(), null, /^:hourglass: \*Needs approval from .*\*, before Thu 15 Jan 16:00 UTC/m],
    ['is planned', scheduled, null, /^:calendar: Approved by <@U0BEN>\. Starts Thu 15 Jan 14:00 UTC, if/m],
    [
      'was approved by nobody',
      anApprovedRequest({ decision: allowed() }),
      null,
      /^:white_check_mark: Approved automatically\.$/m,
    ],
    [
      'was approved by two, one in somebody’s place',
      anApprovedRequest({ reviews: [review(BEN), review(EVE, { onBehalfOf: 'U0CHLOE' })] }),
      null,
      /Approved by <@U0BEN> and <@U0EVE> \(for <@U0CHLOE>\)\./,
    ],
    ['is being set up', anApprovedRequest(), aGrantOnItsWay(), /\. Access is being set up\.$/m],
    ['is active', anApprovedRequest(), anActiveGrant(), /\. Access is active until Thu 15 Jan 13:00 UTC\.$/m],
    ['is ending', anApprovedRequest(), revoking, /\. Access is ending\.$/m],
    ['is overdue', anApprovedRequest(), overdue, /could not be ended yet; I keep trying/],
    ['was ended', anApprovedRequest(), ended, /Access ended Thu 15 Jan 12:01 UTC: it was ended early by Eve\.$/m],
    [
      'ended by itself',
      anApprovedRequest(),
      conclude(startRevoking(anActiveGrant(), { why: 'expired', by: BOT, problem: null }, NOON), NOON),
      /: its time was up\.$/m,
    ],
    ['failed', anApprovedRequest(), failed, /could not be set up, and nothing was left behind\.$/m],
    ['was denied by the policy', denied(), null, /^:no_entry: Denied by the policy\.$/m],
    ['was denied by the last reviewer', denied(review(BEN), review(EVE)), null, /^:no_entry: Denied by <@U0EVE>\.$/m],
    ['was cancelled', cancelled, null, /Cancelled by the requester\.$/m],
    ['expired', expired, null, /Expired: nobody decided in time\.$/m],
  ])('says how what %s stands', (_name, request, grant, line) => {
    expect(card([input(request, grant)]).words).toMatch(line);
  });

  describe('and what reviewers can do', () => {
    const prompt = (request: Request, grant: Grant | null = null, more: Partial<CardInput> = {}) =>
      readMessage(requestCard([input(request, grant, more)], []));
    const approve = 'Approve [review_approve R1]';
    const less = 'Approve less… [review_change R1]';
    const deny = 'Deny… [review_deny R1]';
    const short = { duration: 15 * MINUTE };
    const narrower = { role: aRole({ narrower: ['peek'] }) };

    test.each<[string, Partial<Parameters<typeof aWaitingRequest>[0]>, Partial<CardInput>, string[]]>([
      ['an hour', {}, {}, [approve, less, deny]],
      ['a quarter of an hour', short, {}, [approve, deny]],
      ['a minute more', { duration: 16 * MINUTE }, {}, [approve, less, deny]],
      ['a quarter of an hour of something wider', short, narrower, [approve, less, deny]],
      ['more time', { extends: 'G1' }, narrower, [approve, deny]],
      ['what the policy has no more', {}, { role: null }, [approve, deny]],
    ])('about %s', (_name, change, more, buttons) => {
      expect(prompt(aWaitingRequest(change), null, more).buttons).toEqual(buttons);
    });

    test('with who has said yes so far, who was asked as well, and why they are asked', () => {
      const request = aWaitingRequest({
        reviews: [review(BEN), review(EVE, { onBehalfOf: 'U0CHLOE' })],
        escalations: [
          { step: 0, at: NOON, to: [] },
          { step: 1, at: NOON, to: ['U0DEV', 'U0ADM'] },
        ],
      });
      const { words, notification } = prompt(request);
      expect(words).toContain('before Thu 15 Jan 16:00 UTC');
      expect(words).toContain('Approved by <@U0BEN> and <@U0EVE> (for <@U0CHLOE>) so far.');
      expect(words.match(/Also asked/g)).toHaveLength(1);
      expect(words).toContain('Also asked: <@U0DEV>, <@U0ADM>.');
      expect(words).toContain('you can approve this (rule 1)');
      expect(notification).toBe('Ana asks for Database (read)');
      expect(prompt(aWaitingRequest({ decision: anAskDecision({ rule: null }) })).words).toContain(
        'you can approve this (Open Policy Agent)',
      );
      expect(prompt(aWaitingRequest()).words).not.toContain('so far');
    });

    const two = {
      reviews: [review(BEN)],
      decision: anAskDecision({
        stages: [
          { reviewers: ['U0BEN'], needed: 1 },
          { reviewers: ['S0SEC'], needed: 1 },
        ],
      }),
    };
    test('with how many have approved, and whose approval is still needed', () => {
      const stillNeeded = [{ reviewers: ['S0SEC'], needed: 1 }];
      expect(prompt(aWaitingRequest({ ...two, stillNeeded })).words).toContain(
        '*1 of 2, still needed: <!subteam^S0SEC>*, before',
      );
    });

    test('with all that was needed, where an earlier version did not keep what still is', () => {
      expect(prompt(aWaitingRequest(two)).words).toContain('*Needs 2 approvals: 1 from <@U0BEN> and 1 from');
    });

    test('in the thread of an earlier version: how it stands, and where the buttons are', () => {
      const { words, buttons } = readMessage(earlierPrompt(input(denied())));
      expect(words).toContain('*Database (read)*: :no_entry: Denied by the policy.');
      expect(words).toContain('in the message above');
      expect(buttons).toEqual([]);
    });

    test('afterwards: nothing but to end it while it is active', () => {
      const commented = anApprovedRequest({ reviews: [review(BEN, { comment: 'go on' }), review(EVE)] });
      const active = prompt(commented, anActiveGrant());
      expect(active.buttons).toEqual(['End access now [grant_end G1]']);
      expect(active.words).toContain('<@U0BEN>: “go on”');
      expect(active.words).not.toContain('<@U0EVE>: “');
      for (const grant of [null, aGrantOnItsWay(), revoking, ended])
        expect(prompt(commented, grant).buttons).toEqual([]);
      const no = prompt(denied(review(BEN, { comment: 'first' }), review(EVE, { comment: 'not now' })));
      expect(no.words).toContain('not now');
      expect(no.words).not.toContain('first');
      expect(no.notification).toBe('Ana asks for Database (read): denied');
    });

    const use = { reviewer: 'U0EVE', dueAt: NOON + HOUR, broughtUp: 0, verdict: null };
    test('about break-glass: say whether it was justified, and end it', () => {
      const open = prompt(anApprovedRequest({ decision: broken, useReview: use }), anActiveGrant());
      expect(open.buttons).toEqual([
        'It was justified… [use_justified R1]',
        'It was not… [use_unjustified R1]',
        'End access now [grant_end G1]',
      ]);
      expect(open.words).toContain('<@U0EVE>, please review this use before Thu 15 Jan 13:00 UTC');
      expect(open.words).toContain('Break-glass: used without approval.');
      expect(prompt(anApprovedRequest({ useReview: use }), ended).buttons).toHaveLength(2);
    });

    test.each([
      [true, 'Reviewed by <@U0EVE>: justified.'],
      [false, 'Reviewed by <@U0EVE>: *not justified*.'],
    ])('about break-glass that was reviewed (justified: %s): nothing but to end it', (justified, words) => {
      const verdict = { by: EVE, justified, comment: 'it was down', at: NOON };
      const request = anApprovedRequest({ useReview: { ...use, verdict } });
      const active = prompt(request, anActiveGrant());
      expect(active.words).toContain(words);
      expect(active.words).toContain('it was down');
      expect(active.buttons).toEqual(['End access now [grant_end G1]']);
      expect(prompt(request, ended).buttons).toEqual([]);
    });
  });
});

describe('the card of an access review', () => {
  const item = (more: object = {}) => ({
    resource: 'db',
    role: 'db/read',
    entitlement: 'members of S0LEADS may have it',
    kind: 'rule',
    uses: 0,
    people: 0,
    answer: null,
    ...more,
  });
  const policy = aPolicy({ ...aResource('db', 'Database', [aRole()]), owners: ['U0EVE'] });
  const reviewOf = (items: object[], more: object = {}): AccessReview =>
    JSON.parse(
      JSON.stringify({
        id: 'AR1',
        startedAt: NOON,
        dueAt: NOON + HOUR,
        startedBy: EVE,
        policyHash: '',
        closedAt: null,
        reminded: 0,
        items,
        ...more,
      }),
    );
  const names = new Map([['S0LEADS', '@leads']]);
  const cardOf = (review: AccessReview, part = 0, resource = 'db') =>
    readMessage(ownerCard(review, { policy, names }, resource, part));
  const answer = (verdict: string, comment = '') => ({ answer: { verdict, by: EVE, comment, at: NOON } });

  test('asks the owners about each rule, with how it was used and who it names', () => {
    const { words, buttons } = cardOf(
      reviewOf([item(), item({ uses: 1, people: 1 }), item({ uses: 3, people: 2 }), item({ resource: 'other' })]),
    );
    expect(words).toContain('who may get Database?');
    expect(words).toContain(
      '<@U0EVE>, please answer before Thu 15 Jan 13:00 UTC: should each of these stay? 3 of 3 to go.',
    );
    expect(words).toContain('*Database (read)*: members of S0LEADS may have it\nNobody had this role');
    expect(words).toContain('given 1 time in the last 90 days, to 1 person.');
    expect(words).toContain('given 3 times in the last 90 days, to 2 people.');
    expect(buttons).toHaveLength(7);
    expect(buttons.slice(2, 4)).toEqual([
      'Keep [access_review_keep {"review":"AR1","item":1}]',
      'Remove… [access_review_remove {"review":"AR1","item":1}]',
    ]);
  });

  test('numbers rules as the review does, not as the card', () => {
    expect(cardOf(reviewOf([item({ resource: 'other' }), item()])).buttons[0]).toContain('"item":1');
  });

  test('shows each answer, and what is left', () => {
    const { words } = cardOf(reviewOf([item(answer('keep')), item(answer('remove', 'not needed')), item()]));
    expect(words).toContain(':white_check_mark: Kept by <@U0EVE>');
    expect(words).toContain(':no_entry: Removed by <@U0EVE>: “not needed”');
    expect(words).toContain('1 of 3 to go');
    expect(cardOf(reviewOf([item(answer('keep'))])).words).toContain('All answered.');
  });

  test('has no buttons once it is closed, and says what nobody answered', () => {
    const closed = cardOf(reviewOf([item(answer('keep')), item()], { closedAt: NOON }));
    expect(closed.words).toContain('Closed Thu 15 Jan 12:00 UTC. :warning: *1 of 2 never answered.*');
    expect(closed.buttons).toEqual([]);
    expect(cardOf(reviewOf([item(answer('keep'))], { closedAt: NOON })).words).toContain('All answered.');
  });

  test.each([
    [0, 0],
    [1, 1],
    [20, 1],
    [21, 2],
    [41, 3],
  ])('of %i rules is in %i parts', (count, parts) => {
    const items = Array.from({ length: count }, () => item());
    const review = reviewOf([...items, item({ resource: 'other' })]);
    expect(partsOf(review, 'db')).toBe(parts);
    const ofOne = (part: number) => cardOf(review, part).buttons.filter((text) => text.startsWith('Keep ['));
    const counts = Array.from({ length: parts }, (_, part) => ofOne(part).length);
    expect(counts.reduce((a, b) => a + b, 0)).toBe(count);
    for (const one of counts) expect(one).toBeLessThanOrEqual(20);
    if (parts > 1) expect(cardOf(review, 1).buttons[0]).toContain('"item":20}');
  });

  test('of a resource that the policy has no more is asked of the administrators', () => {
    const { words } = cardOf(reviewOf([item({ resource: 'gone' })]), 0, 'gone');
    expect(words).toContain('who may get gone?');
  });
});

describe('a decision before it is asked for', () => {
  const outcome = (outcome: 'not_met' | 'unknown', reason: string, effect: 'allow' | 'ask' | 'deny' = 'allow') =>
    ({ rule: 1, effect, outcome, reasons: [reason], principals: [] }) as const;
  const preview = (decision: Decision) =>
    readMessage({ text: '', blocks: [section(drawn(previewSentence(decision)))] }).words;

  test.each<[string, Decision, RegExp]>([
    [
      'at once',
      allowed({ proof: { onCall: anEntry(), incident: null } }),
      /Automatic\*: you are on call at level 1 for Payments/,
    ],
    ['by reviewers', anAskDecision(), /^:hourglass: \*Needs .*\*$/],
    [
      'by reviewers, and why',
      anAskDecision({ outcomes: [outcome('not_met', 'not on call')] }),
      /\*Needs .*\*\n.*not on call/s,
    ],
    [
      'by reviewers, as it is not known',
      anAskDecision({ outcomes: [outcome('unknown', 'PagerDuty is down')] }),
      /PagerDuty is down/,
    ],
    ['not', { effect: 'deny', rule: 2, reasons: ['a freeze'], outcomes: [] }, /Would be denied\.\* A freeze/],
    ['by break-glass', broken, /Break-glass\*: you get access now/],
  ])('would be given %s', (_name, decision, words) => {
    expect(preview(decision)).toMatch(words);
  });

  test('says of risk what it is', () => {
    expect((['low', 'medium', 'high'] as const).map((risk) => drawn(riskSentence(risk)).split(' ')[1])).toEqual([
      'low',
      'medium',
      'high',
    ]);
  });

  test('says since when somebody acts on an earlier confirmation, if Slack is silent', () => {
    expect(drawn(standingSentence(null))).toBe('');
    expect(drawn(ANSWERS.ending(null))).toBe(':lock: Ending this access now.');
    expect(drawn(standingSentence(NOON))).toMatch(/You were one <!date.*end and freeze/);
    expect(drawn(ANSWERS.ending(NOON))).toMatch(/an administrator or one of its reviewers <!date/);
  });
});
