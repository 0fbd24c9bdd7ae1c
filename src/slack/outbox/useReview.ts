/** The review of a use of break-glass: asked for on its card, answered in a form. */

import type { Button, KnownBlock } from '@slack/types';
import type { UseReview } from '../../domain/request.ts';
import { BUTTONS } from '../../wording/buttons.ts';
import { USE_REVIEW } from '../../wording/cards.ts';
import { button, quote } from '../kit/blocks.ts';
import { paragraph, smallPrint } from '../kit/drawn.ts';

export const USE_ACTIONS = { justified: 'use_justified', unjustified: 'use_unjustified' } as const;

export const useReviewBlocks = (review: UseReview): KnownBlock[] => [
  paragraph(USE_REVIEW.state(review)),
  review.verdict ? quote(review.verdict.comment) : smallPrint(USE_REVIEW.reminder),
];

export const useReviewButtons = (requestId: string): Button[] => [
  button(BUTTONS.justified, USE_ACTIONS.justified, requestId, { style: 'primary' }),
  button(BUTTONS.notJustified, USE_ACTIONS.unjustified, requestId, { style: 'danger' }),
];
