import type { InputBlock, KnownBlock, ModalView, PlainTextOption } from '@slack/types';
import type { Request } from '../../domain/request.ts';
import { durationText, HOUR, MINUTE } from '../../domain/terms.ts';
import { visible } from '../../domain/text.ts';
import { plain, plainText, section } from '../blocks.ts';
import { codeInput } from '../factor/views.ts';
import { distinct, ends } from '../request/labels.ts';
import type { CardInput } from './card.ts';

/** Forms for reviewers. Each holds the request's id and nothing else that counts. */

export const DENY_MODAL = 'review_deny_modal';
export const CHANGE_MODAL = 'review_change_modal';
export const APPROVE_MODAL = 'review_approve_modal';
export const COMMENT = { block: 'comment', action: 'comment' } as const;
export const CHANGE = { role: 'change_role', duration: 'change_duration' } as const;
const COMMENT_MAX_LENGTH = 500;
/** Room for a role's name before the words behind it. */
const ROLE_MOST = 60;

export const commentInput = (label: string, hint: string, optional = false): InputBlock => ({
  type: 'input',
  block_id: COMMENT.block,
  optional,
  label: plainText(label),
  hint: plainText(hint, 2000),
  element: {
    type: 'plain_text_input',
    action_id: COMMENT.action,
    multiline: true,
    max_length: COMMENT_MAX_LENGTH,
  },
});

export const denyModal = (requestId: string): ModalView => ({
  type: 'modal',
  callback_id: DENY_MODAL,
  private_metadata: requestId,
  title: plainText('Deny this request', 24),
  submit: plainText('Deny', 24),
  close: plainText('Back', 24),
  blocks: [commentInput('Why not?', 'The requester sees this, with your name.')],
});

/** Approving a role that demands a one-time code of its reviewers. */
export const approveModal = ({ request, roleName }: CardInput): ModalView => ({
  type: 'modal',
  callback_id: APPROVE_MODAL,
  private_metadata: request.id,
  title: plainText('Approve', 24),
  submit: plainText('Approve', 24),
  close: plainText('Back', 24),
  blocks: [
    section(`*${plain(roleName)}* for <@${request.requester.slackId}>, ${durationText(request.duration)}.`),
    codeInput(),
  ],
});

/** A role that a reviewer may give instead. */
export interface NarrowerRole {
  readonly key: string;
  readonly name: string;
  /** Whether it demands a one-time code of its reviewers. */
  readonly wantsCode: boolean;
}

/** Approving less: a shorter time, or a narrower role of the same resource. */
export function changeModal({ request, role }: CardInput, narrower: readonly NarrowerRole[]): ModalView {
  const durations = shorterThan(request);
  const asked = { id: request.role, label: `${ends(visible(role?.name ?? request.role), ROLE_MOST)} (as asked)` };
  const others = narrower.map(({ key, name }) => ({ id: key, label: ends(visible(name)) }));
  const roles = [...distinct([asked, ...others])].map(
    ([key, label]): PlainTextOption => ({ text: plainText(label), value: key }),
  );
  const blocks: KnownBlock[] = [
    section(`<@${request.requester.slackId}> gets no more than what you choose here.`),
    select(CHANGE.role, 'What', roles),
    select(CHANGE.duration, 'For how long', durations),
    commentInput('Anything to tell them?', 'The requester sees this, with your name.', true),
    ...(role?.secondFactor.review
      ? [codeInput()]
      : narrower.some(({ wantsCode }) => wantsCode)
        ? [codeInput(true)]
        : []),
  ];
  return {
    type: 'modal',
    callback_id: CHANGE_MODAL,
    private_metadata: request.id,
    title: plainText('Approve less', 24),
    submit: plainText('Approve', 24),
    close: plainText('Back', 24),
    blocks,
  };
}

const select = (id: string, label: string, options: PlainTextOption[]): InputBlock => ({
  type: 'input',
  block_id: id,
  label: plainText(label),
  element: {
    type: 'static_select',
    action_id: id,
    options,
    ...(options[0] && { initial_option: options[0] }),
  },
});

/** What was asked for, and shorter times. */
function shorterThan({ duration }: Request): PlainTextOption[] {
  const choices = [15 * MINUTE, 30 * MINUTE, HOUR, 2 * HOUR, 4 * HOUR, 8 * HOUR].filter((ms) => ms < duration);
  return [duration, ...choices.reverse()].map((ms, index) => ({
    text: plainText(index === 0 ? `${durationText(ms)} (as asked)` : durationText(ms)),
    value: String(ms),
  }));
}
