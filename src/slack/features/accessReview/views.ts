/** The forms of an access review. */

import type { ModalView } from '@slack/types';
import type { AccessReview } from '../../../domain/accessReview.ts';
import { durationText, HOUR } from '../../../domain/terms.ts';
import { ACCESS_REVIEW_FORM as WORDS } from '../../../wording/accessReview.ts';
import { BUTTONS } from '../../../wording/buttons.ts';
import { plainText } from '../../kit/blocks.ts';
import { commentInput } from '../../kit/commentInput.ts';
import { paragraph } from '../../kit/drawn.ts';
import { ACCESS_REVIEW } from '../../outbox/accessReviewCard.ts';

export const REMOVE_MODAL = 'access_review_remove_modal';
export const START_MODAL = 'access_review_start_modal';

const DAY = 24 * HOUR;
const PERIODS = [3, 7, 14, 30].map((days) => days * DAY);
export const removeModal = (value: string): ModalView => ({
  type: 'modal',
  callback_id: REMOVE_MODAL,
  private_metadata: value,
  title: plainText(WORDS.remove, 24),
  submit: plainText(WORDS.removeSubmit, 24),
  close: plainText(BUTTONS.close.back, 24),
  blocks: [paragraph(WORDS.removeAbout), commentInput(WORDS.why, WORDS.whyHint)],
});

export function startModal(open: AccessReview | null): ModalView {
  const title = plainText(WORDS.title, 24);
  if (open) {
    const answered = open.items.filter(({ answer }) => answer !== null).length;
    return {
      type: 'modal',
      title,
      close: plainText(BUTTONS.close.close, 24),
      blocks: [paragraph(WORDS.isOpen(open.id, open.dueAt, answered, open.items.length))],
    };
  }
  const options = PERIODS.map((ms) => ({ text: plainText(WORDS.days(ms / DAY)), value: String(ms) }));
  return {
    type: 'modal',
    callback_id: START_MODAL,
    title,
    submit: plainText(WORDS.start, 24),
    close: plainText(BUTTONS.close.back, 24),
    blocks: [
      paragraph(WORDS.about),
      {
        type: 'input',
        block_id: ACCESS_REVIEW.period,
        label: plainText(WORDS.howLong),
        element: {
          type: 'static_select',
          action_id: ACCESS_REVIEW.period,
          options,
          initial_option: options[2] ?? { text: plainText(durationText(14 * DAY)), value: String(14 * DAY) },
        },
      },
    ],
  };
}
