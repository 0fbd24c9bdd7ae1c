import type { Button, KnownBlock, ModalView } from '@slack/types';
import type { LedgerEvent } from '../../domain/events.ts';
import type { ActiveGrant, Grant } from '../../domain/grant.ts';
import type { Request } from '../../domain/request.ts';
import type { Credential } from '../../ports/targets.ts';
import { BUTTONS } from '../../wording/buttons.ts';
import type { Sentence } from '../../wording/pieces.ts';
import { CREDENTIALS, TO_REQUESTER, type Words } from '../../wording/toRequester.ts';
import { button, type Message, plainText, quote, timeIn } from '../kit/blocks.ts';
import { endButton } from '../kit/buttons.ts';
import { drawn, paragraph, smallPrint } from '../kit/drawn.ts';
import { type ForRequester, isForRequester } from './audience.ts';

export const CANCEL_ACTION = 'request_cancel';
export const CREDENTIAL_ACTION = 'grant_credential';
export const EXTEND_ACTION = 'grant_extend';
/** Opens the request form with a role chosen. */
export const ASK_ACTION = 'request_open';

export interface NoticeInput {
  readonly request: Request;
  readonly grant: Grant | null;
  readonly roleName: string;
  /** Whether the target hands out a secret for this grant. */
  readonly hasCredential: boolean;
  /** Whether the policy leaves any more time to ask for. */
  readonly canExtend: boolean;
}

/** The message to the requester about each type of event, or null if there is none now. */
const NOTICES: { readonly [T in ForRequester]: (event: LedgerEvent<T>, input: NoticeInput) => Message | null } = {
  'request.submitted': (event, input) => (event.payload.decision.effect === 'ask' ? waitingNotice(input) : null),
  'request.denied': (_event, { request, roleName }) => {
    const review = request.state === 'denied' ? request.reviews.at(-1) : undefined;
    return review
      ? message(TO_REQUESTER.deniedByReviewer(roleName, review.by), quote(review.comment))
      : message(TO_REQUESTER.deniedByPolicy(roleName, request));
  },
  'request.approved': ({ payload }, input) => (payload.startsAt === null ? null : scheduledNotice(input)),
  'request.expired': (_event, { roleName }) => message(TO_REQUESTER.expired(roleName)),
  'grant.activated': (_event, input) => activeNotice(input),
  'grant.extended': ({ payload }, { request, roleName }) =>
    message(TO_REQUESTER.extended(roleName, request, payload.endsAt)),
  'grant.not_extended': ({ payload }, { request, roleName }) =>
    message(TO_REQUESTER.notExtended(roleName, request, payload)),
  'grant.shortened': ({ payload }, input) =>
    input.grant?.state === 'active'
      ? message(
          TO_REQUESTER.endsSooner(input.roleName, input.request, payload),
          moreOrDone(input.grant, input.canExtend),
        )
      : reminder(input),
  'grant.ended': ({ payload, at }, { roleName, grant }) =>
    message(TO_REQUESTER.ended(roleName, grant, { ...payload, at })),
  'grant.failed': ({ payload }, { roleName }) => message(TO_REQUESTER.failed(roleName, payload.problem)),
  'grant.overdue': (_event, { roleName }) => message(TO_REQUESTER.overdue(roleName)),
  'grant.declared_gone': ({ actor }, { roleName }) =>
    message(TO_REQUESTER.declaredGone(roleName, actor.kind === 'person' ? actor.id : '')),
};

/** @param blocks between what it says and its small print */
const message = ({ text, says, small }: Words, ...blocks: KnownBlock[]): Message => ({
  text: drawn(text),
  blocks: [paragraph(says), ...blocks, ...(small ? [smallPrint(small)] : [])],
});

/** The requester's private messages, by what happened. null: this event is not news for them. */
export const noticeFor = (event: LedgerEvent, input: NoticeInput): Message | null =>
  isForRequester(event) ? tell(event, input) : null;

/**
 * Whether it is still so. Otherwise another event says what came of it, with the reason: a message that was not posted
 * in time is left out, and one that may have been posted is only brought up to date.
 */
export function isStillSo({ type }: LedgerEvent, { request, grant }: NoticeInput): boolean {
  switch (type) {
    case 'request.submitted':
      return request.state === 'pending';
    case 'request.approved':
      return request.state === 'scheduled';
    case 'grant.activated':
    case 'grant.extended':
    case 'grant.shortened':
      return grant?.state === 'active';
    case 'grant.overdue':
      return grant?.state === 'overdue';
    default:
      return true;
  }
}

const tell = <T extends ForRequester>(event: LedgerEvent<T>, input: NoticeInput): Message | null =>
  NOTICES[event.type](event, input);

const actions = (...elements: Button[]): KnownBlock => ({ type: 'actions', elements });

/** While reviewers look at it, with a way out; afterwards, the same message without. */
export const waitingNotice = ({ request, roleName }: NoticeInput): Message =>
  request.state === 'pending'
    ? message(TO_REQUESTER.waiting(roleName, request), actions(cancelButton(request)))
    : message(TO_REQUESTER.noLongerWaiting(roleName, request.state));

/** While access is active, with what it takes to use it; afterwards, the same message without. */
export function activeNotice({ request, grant, roleName, hasCredential, canExtend }: NoticeInput): Message | null {
  if (!grant || grant.state === 'provisioning' || grant.activation === null) return null;
  if (grant.state !== 'active') return message(TO_REQUESTER.noLongerActive(roleName, grant.state));
  const { timeZone } = grant.person;
  const words = TO_REQUESTER.active(roleName, request, {
    until: grant.endsAt,
    timeZone,
    clock: timeIn(grant.endsAt, timeZone, grant.activation.at),
    account: grant.activation.account,
    hasCredential,
  });
  const { text, blocks } = message(words);
  return { text, blocks: [...blocks, actions(...accessButtons(grant, { hasCredential, canExtend }))] };
}

/** What can be done with active access, wherever it is shown. */
export const accessButtons = (
  { id }: Pick<Grant, 'id'>,
  { hasCredential, canExtend }: Pick<NoticeInput, 'hasCredential' | 'canExtend'>,
): Button[] => [
  ...(hasCredential ? [button(BUTTONS.getCredentials, CREDENTIAL_ACTION, id, { style: 'primary' })] : []),
  ...(canExtend ? [button(BUTTONS.extend, EXTEND_ACTION, id)] : []),
  endButton(id, BUTTONS.done),
];

/** The way out, as long as nothing was given. */
export const cancelButton = ({ id }: Pick<Request, 'id'>): Button => button(BUTTONS.cancelRequest, CANCEL_ACTION, id);

/** Approved for later, with a way out until it begins; afterwards, the same message without. */
export const scheduledNotice = ({ request, roleName }: NoticeInput): Message =>
  request.state === 'scheduled'
    ? message(TO_REQUESTER.scheduled(roleName, request), actions(cancelButton(request)))
    : message(TO_REQUESTER.noLongerWaiting(roleName, request.state));

/** Before the end, with a way to more time and a way out; afterwards, the same message without. */
export const reminder = ({ grant, roleName, canExtend }: NoticeInput): Message =>
  grant?.state === 'active'
    ? message(TO_REQUESTER.reminder(roleName, grant), moreOrDone(grant, canExtend))
    : message(TO_REQUESTER.noLongerActive(roleName, grant?.state));

const moreOrDone = (grant: ActiveGrant, canExtend: boolean): KnownBlock =>
  actions(
    ...(canExtend ? [button(BUTTONS.extend, EXTEND_ACTION, grant.id, { style: 'primary' })] : []),
    endButton(grant.id, BUTTONS.done),
  );

const preformatted = (text: string): KnownBlock => ({
  type: 'rich_text',
  elements: [{ type: 'rich_text_preformatted', elements: [{ type: 'text', text }] }],
});

const credentials = (close: string, blocks: ModalView['blocks']): ModalView => ({
  type: 'modal',
  title: plainText(CREDENTIALS.title, 24),
  close: plainText(close, 24),
  blocks,
});

/** Shows a secret once. A modal is kept in no message history. */
export const credentialModal = ({ usage, account, secret }: Credential): ModalView =>
  credentials(BUTTONS.close.done, [
    paragraph(CREDENTIALS.once),
    preformatted(usage),
    paragraph(CREDENTIALS.login(account)),
    preformatted(secret),
  ]);

export const credentialWorkingModal = (): ModalView =>
  credentials(BUTTONS.close.close, [paragraph(CREDENTIALS.making)]);

export const credentialRefusedModal = (sentence: Sentence): ModalView =>
  credentials(BUTTONS.close.close, [paragraph(sentence)]);
