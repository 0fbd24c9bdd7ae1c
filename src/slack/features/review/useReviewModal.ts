import type { ModalView } from '@slack/types';
import { BUTTONS } from '../../../wording/buttons.ts';
import { REVIEW_FORM } from '../../../wording/forms.ts';
import { plainText } from '../../kit/blocks.ts';
import { commentInput } from '../../kit/commentInput.ts';
import { paragraph } from '../../kit/drawn.ts';

export const USE_MODAL = 'use_review_modal';

/** Holds the request's id and the button it came from. Both are checked again when it is sent. */
export const useReviewModal = (requestId: string, justified: boolean): ModalView => ({
  type: 'modal',
  callback_id: USE_MODAL,
  private_metadata: JSON.stringify({ requestId, justified }),
  title: plainText(justified ? REVIEW_FORM.justified : REVIEW_FORM.notJustified, 24),
  submit: plainText(REVIEW_FORM.record, 24),
  close: plainText(BUTTONS.close.back, 24),
  blocks: [
    ...(justified ? [] : [paragraph(REVIEW_FORM.endsNow)]),
    commentInput(REVIEW_FORM.found, REVIEW_FORM.foundHint),
  ],
});
