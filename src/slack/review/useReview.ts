import type { KnownBlock, ModalView } from '@slack/types';
import type { UseReview } from '../../domain/request.ts';
import { button, context, type Message, plain, plainText, quote, section, time } from '../blocks.ts';
import { endButton } from '../grants/buttons.ts';
import type { CardInput } from './card.ts';
import { commentInput } from './modals.ts';
import { statusLine } from './status.ts';

/** The review of a use of break-glass: asked for in the card's thread, answered in a form. */

export const USE_ACTIONS = { justified: 'use_justified', unjustified: 'use_unjustified' } as const;
export const USE_MODAL = 'use_review_modal';

export function useReviewPrompt({ request, grant, roleName }: CardInput, review: UseReview): Message {
  const { verdict, reviewer, dueAt } = review;
  const lines = [
    `*${plain(roleName)}*: ${statusLine(request, grant)}`,
    verdict
      ? `${verdict.justified ? ':white_check_mark: Reviewed: justified' : ':warning: Reviewed: *not justified*'}, by <@${verdict.by.slackId}>.`
      : `<@${reviewer}>, please look at this use by ${time(dueAt)}: was it justified?`,
  ];
  const blocks: KnownBlock[] = [section(lines.join('\n'))];
  const end = grant?.state === 'active' ? [endButton(grant.id)] : [];
  if (verdict) {
    blocks.push(quote(verdict.comment));
    if (end.length > 0) blocks.push({ type: 'actions', elements: end });
  } else
    blocks.push(
      {
        type: 'actions',
        elements: [
          button('It was justified…', USE_ACTIONS.justified, request.id, { style: 'primary' }),
          button('It was not…', USE_ACTIONS.unjustified, request.id, { style: 'danger' }),
          ...end,
        ],
      },
      context('An unreviewed use is brought up again, and past its deadline blocks the next one.'),
    );
  return {
    text: `Break-glass by ${plain(request.requester.name)}: ${verdict ? 'reviewed' : 'to be reviewed'}`,
    blocks,
  };
}

/** Holds the request's id and which button it came from; both are checked again when it is sent. */
export const useReviewModal = (requestId: string, justified: boolean): ModalView => ({
  type: 'modal',
  callback_id: USE_MODAL,
  private_metadata: JSON.stringify({ requestId, justified }),
  title: plainText(justified ? 'It was justified' : 'It was not justified', 24),
  submit: plainText('Record', 24),
  close: plainText('Back', 24),
  blocks: [
    ...(justified ? [] : [section('*What is still held is taken back at once.* They are told, with your words.')]),
    commentInput('What did you find?', 'They read it. It is kept in the ledger, with your name.'),
  ],
});
