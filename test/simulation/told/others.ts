/** What everybody else has to be told: whoever decides, stands in, takes over or looks after, and all of them. */

import type { EventType } from '../../../src/domain/events.ts';
import { asId, type Told as ToldEvent } from '../model/book.ts';
import { channel, type Fates, type NewDue, person, thread } from './due.ts';
import type { Words } from './letters.ts';
import { mention, mentions, namesRole, quotes, says } from './words.ts';

const APPROVALS = 'C0ACCESS';

const idsIn = ({ said }: ToldEvent, field: string): readonly string[] =>
  ((said[field] ?? []) as readonly { slackId: string }[]).map(({ slackId }) => slackId);

const has =
  (...parts: readonly string[]) =>
  ({ text }: Words): boolean =>
    parts.every((part) => text.includes(part));

type Dues = (event: ToldEvent, fates: Fates) => readonly NewDue[];

const DUES: Partial<Record<EventType, Dues>> = {
  'request.escalated': (event) => {
    const to = idsIn(event, 'to');
    const role = String(event.said.role);
    return [
      {
        to: thread(event.requestId ?? ''),
        what: 'in the thread, who is asked as well',
        says: (words) => (to.length > 0 ? mentions(words, ...to) : words.text.includes('Nobody has decided')),
      },
      ...to.map((who) => ({
        to: person(who),
        what: 'that they are asked to decide, as nobody has',
        says: (words: Words) => namesRole(words, role) && has('nobody has decided', 'approve or deny')(words),
      })),
    ];
  },
  'access.offered': (event) =>
    idsIn(event, 'to').map((who) => ({
      to: person(who),
      what: 'that they may ask for what the shift before had',
      says: (words) =>
        namesRole(words, String(event.said.role)) &&
        has('You are on call')(words) &&
        words.buttons.some(({ action, value }) => action === 'request_open' && value === event.said.role),
    })),
  'break_glass.invoked': (event) => [
    {
      to: person(asId(event.said, 'reviewer')),
      what: 'that somebody broke the glass, to be reviewed until when',
      says: (words) =>
        namesRole(words, String(event.said.role)) &&
        has('used break-glass')(words) &&
        says(words, Number(event.said.reviewBy)),
    },
  ],
  'break_glass.reminded': (event) => [
    {
      to: person(asId(event.said, 'reviewer')),
      what: 'that a use is still to be reviewed',
      says: (words) => namesRole(words, String(event.said.role)) && has('still needs your review')(words),
    },
  ],
  'break_glass.unreviewed': (event) => [
    {
      to: thread(event.requestId ?? ''),
      what: 'in the thread, that nobody has reviewed the use',
      says: (words) => mentions(words, asId(event.said, 'reviewer')) && words.text.includes('S0SECURITY'),
    },
    {
      to: person(asId(event.said, 'reviewer')),
      what: 'that their review is overdue',
      says: (words) => namesRole(words, String(event.said.role)) && has('overdue')(words),
    },
  ],
  'break_glass.reviewed': (event) => [
    {
      to: person(asId(event.said, 'person')),
      what: 'the verdict on their use of break-glass, by whom and why',
      says: (words) =>
        namesRole(words, String(event.said.role)) &&
        mentions(words, event.actor ?? '') &&
        words.text.includes('justified') &&
        words.text.includes('not justified') !== event.said.justified &&
        quotes(words, String(event.said.comment)),
    },
  ],
  'delegation.set': (event) => [
    {
      to: person(asId(event.said, 'to')),
      what: 'for whom they stand in, until when',
      says: (words) => mentions(words, asId(event.said, 'from')) && says(words, Number(event.said.until)),
    },
  ],
  'access.frozen': (event) => [
    {
      to: channel(APPROVALS),
      what: 'that all access is frozen, by whom and why',
      says: (words) => has('froze all access', mention(event.actor ?? ''), String(event.said.reason))(words),
    },
  ],
  'access.unfrozen': (event) => [
    {
      to: channel(APPROVALS),
      what: 'that the freeze is lifted, by whom',
      says: (words) => has('lifted the freeze', mention(event.actor ?? ''))(words),
    },
  ],
  'access_review.started': ({ at }) => [
    ...['Database', 'Web', 'Team'].map((name) => ({
      to: channel(APPROVALS),
      what: `the owners of ${name}, that they are to look at its rules`,
      says: has('Access review', `who may get ${name}`),
    })),
    {
      to: person('U0EVE'),
      what: 'what they own, and that its rules wait for them',
      says: has('Access review', 'own'),
      // Where Slack does not say at that moment who is in the group of owners, the cards in the channel are all.
      passed: () => ({ at, troubles: 0 }),
    },
  ],
  'access_review.reminded': () => [
    { to: channel(APPROVALS), what: 'that an access review waits', says: has('access review', 'wait') },
  ],
  'access_review.closed': () => [
    { to: channel(APPROVALS), what: 'that an access review is closed', says: has('access review is closed') },
  ],
  'ledger.damaged': () => [
    {
      to: channel(APPROVALS),
      what: 'that the record cannot be relied on',
      says: has('cannot be trusted', 'S0SECURITY'),
    },
  ],
};

export const forOthers = (event: ToldEvent, fates: Fates): readonly NewDue[] => DUES[event.type]?.(event, fates) ?? [];
