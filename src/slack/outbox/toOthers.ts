import type { KnownBlock } from '@slack/types';
import type { LedgerEvent } from '../../domain/events.ts';
import { accountsBeside } from '../../domain/person.ts';
import type { Policy, Principal } from '../../domain/policy.ts';
import { BUTTONS } from '../../wording/buttons.ts';
import { people, type Sentence, say } from '../../wording/pieces.ts';
import { TO_OTHERS } from '../../wording/toOthers.ts';
import type { Words } from '../../wording/toRequester.ts';
import { button, type Message, quote } from '../kit/blocks.ts';
import { drawn, paragraph, smallPrint } from '../kit/drawn.ts';
import { type ForOthers, isForOthers } from './audience.ts';
import { ASK_ACTION } from './toRequester.ts';

/** Messages to people other than the requester, and to channels, by what happened. */
export interface News {
  readonly to:
    | { readonly kind: 'person'; readonly slackId: string }
    | { readonly kind: 'channel' }
    | { readonly kind: 'thread'; readonly requestId: string };
  /** The request whose card the message links to. */
  readonly linkTo: string | null;
  readonly message: Message;
}

/** Who did it, for people who may be called. */
const doer = ({ actor }: LedgerEvent): Sentence =>
  actor.kind === 'person' ? say`${people([actor.id])}` : say`The bot`;

interface Around {
  readonly policy: Policy;
  /** Of a role key, as people know it. */
  readonly roleName: (key: string) => string;
}

/** The message to others about each type of event. */
const NEWS: { readonly [T in ForOthers]: (event: LedgerEvent<T>, around: Around) => readonly News[] } = {
  'request.escalated': ({ requestId, payload }, { roleName }) => [
    thread(requestId, TO_OTHERS.escalated(payload)),
    ...payload.to.map(({ slackId }) =>
      person(slackId, TO_OTHERS.pleaseReview(payload.requester.name, roleName(payload.role)), { linkTo: requestId }),
    ),
  ],
  'access.offered': ({ payload }, { roleName }) => {
    const ask: KnownBlock = {
      type: 'actions',
      elements: [button(BUTTONS.askForIt, ASK_ACTION, payload.role, { style: 'primary' })],
    };
    const words = TO_OTHERS.offered(payload, roleName(payload.role));
    return payload.to.map(({ slackId }) => person(slackId, words, { blocks: [ask] }));
  },
  'break_glass.invoked': ({ requestId, payload }, { roleName }) => [
    person(payload.reviewer.slackId, TO_OTHERS.breakGlass(payload, roleName(payload.role)), {
      blocks: [quote(payload.reason)],
      linkTo: requestId,
    }),
  ],
  'break_glass.reminded': ({ requestId, payload }, { roleName }) => [
    person(payload.reviewer.slackId, TO_OTHERS.stillToReview(payload, roleName(payload.role)), { linkTo: requestId }),
  ],
  'break_glass.unreviewed': ({ requestId, payload }, { policy, roleName }) => [
    thread(requestId, TO_OTHERS.unreviewed(payload, policy.admins)),
    person(payload.reviewer.slackId, TO_OTHERS.reviewOverdue(payload, roleName(payload.role)), { linkTo: requestId }),
  ],
  'break_glass.reviewed': (event, { roleName }) => {
    const { role, person: user, justified, comment } = event.payload;
    const words = TO_OTHERS.useReviewed(doer(event), roleName(role), justified);
    return [person(user.slackId, words, { blocks: [quote(comment)], linkTo: event.requestId })];
  },
  'delegation.set': (event) => [person(event.payload.to.slackId, TO_OTHERS.standIn(doer(event), event.payload.until))],
  'second_factor.enrolled': ({ actor }) => (actor.kind === 'person' ? [person(actor.id, TO_OTHERS.codesOn)] : []),
  'second_factor.locked': ({ actor, payload }) =>
    actor.kind === 'person' ? [person(actor.id, TO_OTHERS.codesLocked(payload.until))] : [],
  'second_factor.reset': (event, { policy }) => {
    const { slackId } = event.payload.person;
    return [
      person(slackId, TO_OTHERS.codesReset(doer(event))),
      ...accountsBeside(slackId, policy.samePerson).map((id) =>
        person(id, TO_OTHERS.otherCodesReset(doer(event), slackId)),
      ),
    ];
  },
  'access.frozen': (event) => [
    channel(TO_OTHERS.frozen(doer(event), event.payload.live), [quote(event.payload.reason)]),
  ],
  'access.unfrozen': (event) => [channel(TO_OTHERS.unfrozen(doer(event)))],
  'ledger.damaged': ({ payload }, { policy }) => [channel(TO_OTHERS.ledgerDamaged(payload, policy.admins))],
  'ledger.reconciled': ({ payload }, { policy }) => [channel(TO_OTHERS.reconciled(payload, policy.admins))],
  'alarm.raised': ({ payload }, { policy }) => {
    const { to, told = [] } = payload;
    const untold = to.filter(({ slackId }) => !told.includes(slackId));
    return to.length > 0 && untold.length === 0
      ? []
      : toEach(untold, (admins) => TO_OTHERS.alarm(payload, admins), policy);
  },
  'alarm.ended': ({ payload }, { policy }) =>
    toEach(payload.to, (admins) => TO_OTHERS.alarmOver(payload, admins), policy),
  'access_review.reminded': ({ payload }) => [channel(TO_OTHERS.accessReviewReminder(payload))],
  'access_review.closed': ({ payload }) => [channel(TO_OTHERS.accessReviewClosed(payload))],
};

/** What administrators are told of an alarm that cannot be recorded. */
export const alarmMessage = (alarm: Parameters<typeof TO_OTHERS.alarm>[0]): Message =>
  message(TO_OTHERS.alarm(alarm, []), []);

/** @param roleName of a role key, as people know it */
export const newsOf = (event: LedgerEvent, policy: Policy, roleName: (key: string) => string): readonly News[] =>
  isForOthers(event) ? tell(event, { policy, roleName }) : [];

const tell = <T extends ForOthers>(event: LedgerEvent<T>, around: Around): readonly News[] =>
  NEWS[event.type](event, around);

const message = ({ text, says, small }: Words, blocks: readonly KnownBlock[]): Message => ({
  text: drawn(text),
  blocks: [paragraph(says), ...blocks, ...(small ? [smallPrint(small)] : [])],
});

const person = (
  slackId: string,
  words: Words,
  { blocks = [], linkTo = null }: { readonly blocks?: readonly KnownBlock[]; readonly linkTo?: string | null } = {},
): News => ({ to: { kind: 'person', slackId }, linkTo, message: message(words, blocks) });

/** To each by themselves; where nobody was found to be told, to the channel with the administrators named. */
const toEach = (
  to: readonly { readonly slackId: string }[],
  words: (admins: readonly Principal[]) => Words,
  { admins }: Policy,
): News[] => (to.length > 0 ? to.map(({ slackId }) => person(slackId, words([]))) : [channel(words(admins))]);

const thread = (requestId: string | null, words: Words): News => ({
  to: { kind: 'thread', requestId: requestId ?? '' },
  linkTo: null,
  message: message(words, []),
});

const channel = (words: Words, blocks: readonly KnownBlock[] = []): News => ({
  to: { kind: 'channel' },
  linkTo: null,
  message: message(words, blocks),
});
