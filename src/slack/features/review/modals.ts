/** Forms for reviewers. Each holds only the request's id. */

import type { InputBlock, KnownBlock, ModalView, PlainTextOption } from '@slack/types';
import type { Request } from '../../../domain/request.ts';
import { durationText, HOUR, MINUTE } from '../../../domain/terms.ts';
import { visible } from '../../../domain/text.ts';
import { BUTTONS } from '../../../wording/buttons.ts';
import { REVIEW_FORM } from '../../../wording/forms.ts';
import { plainText } from '../../kit/blocks.ts';
import { codeBlocks } from '../../kit/codeForms.ts';
import { commentInput } from '../../kit/commentInput.ts';
import { paragraph } from '../../kit/drawn.ts';
import { distinct, ends } from '../../kit/labels.ts';
import type { CardInput } from '../../outbox/cardInput.ts';

export const DENY_MODAL = 'review_deny_modal';
export const CHANGE_MODAL = 'review_change_modal';
export const APPROVE_MODAL = 'review_approve_modal';
export const CHANGE = { role: 'change_role', duration: 'change_duration' } as const;
/** Maximum length of a role's name, so that the words after it fit. */
const ROLE_MOST = 60;

export const denyModal = (requestId: string): ModalView => ({
  type: 'modal',
  callback_id: DENY_MODAL,
  private_metadata: requestId,
  title: plainText(REVIEW_FORM.deny, 24),
  submit: plainText(REVIEW_FORM.denySubmit, 24),
  close: plainText(BUTTONS.close.back, 24),
  blocks: [commentInput(REVIEW_FORM.whyNot, REVIEW_FORM.theyRead)],
});

/** Approves a role whose reviewers need a one-time code. */
export const approveModal = ({ request, roleName }: CardInput, hasCodes: boolean): ModalView => ({
  type: 'modal',
  callback_id: APPROVE_MODAL,
  private_metadata: request.id,
  title: plainText(REVIEW_FORM.approve, 24),
  submit: plainText(REVIEW_FORM.approve, 24),
  close: plainText(BUTTONS.close.back, 24),
  blocks: [
    paragraph(REVIEW_FORM.approveAbout(roleName, request.requester.slackId, request.duration)),
    ...codeBlocks(hasCodes),
  ],
});

/** A role that a reviewer may give instead. */
export interface NarrowerRole {
  readonly key: string;
  readonly name: string;
  /** Whether its reviewers need a one-time code. */
  readonly wantsCode: boolean;
}

/** Approves less: a shorter time, or a narrower role of the same resource. */
export function changeModal(
  { request, role }: CardInput,
  narrower: readonly NarrowerRole[],
  hasCodes: boolean,
): ModalView {
  const durations = shorterThan(request);
  const asked = { id: request.role, label: REVIEW_FORM.asAsked(ends(visible(role?.name ?? request.role), ROLE_MOST)) };
  const others = narrower.map(({ key, name }) => ({ id: key, label: ends(visible(name)) }));
  const roles = [...distinct([asked, ...others])].map(
    ([key, label]): PlainTextOption => ({ text: plainText(label), value: key }),
  );
  const blocks: KnownBlock[] = [
    paragraph(REVIEW_FORM.lessAbout(request.requester.slackId)),
    select(CHANGE.role, REVIEW_FORM.lessWhat, roles),
    select(CHANGE.duration, REVIEW_FORM.lessLong, durations),
    commentInput(REVIEW_FORM.comment, REVIEW_FORM.theyRead, true),
    ...(role?.secondFactor.review
      ? codeBlocks(hasCodes)
      : narrower.some(({ wantsCode }) => wantsCode)
        ? codeBlocks(hasCodes, true)
        : []),
  ];
  return {
    type: 'modal',
    callback_id: CHANGE_MODAL,
    private_metadata: request.id,
    title: plainText(REVIEW_FORM.less, 24),
    submit: plainText(REVIEW_FORM.approve, 24),
    close: plainText(BUTTONS.close.back, 24),
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

/** The requested duration, and shorter ones. */
function shorterThan({ duration }: Request): PlainTextOption[] {
  const choices = [15 * MINUTE, 30 * MINUTE, HOUR, 2 * HOUR, 4 * HOUR, 8 * HOUR].filter((ms) => ms < duration);
  return [duration, ...choices.reverse()].map((ms, index) => ({
    text: plainText(index === 0 ? REVIEW_FORM.asAsked(durationText(ms)) : durationText(ms)),
    value: String(ms),
  }));
}
