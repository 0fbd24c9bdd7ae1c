import type { App, BlockAction } from '@slack/bolt';
import type { WebClient } from '@slack/web-api';
import { isRefused } from '../../domain/refusal.ts';
import type { Deps } from '../../lifecycle/deps.ts';
import { reviewRequest } from '../../lifecycle/reviewRequest.ts';
import { clickedValue, tellClicker } from '../clicks.ts';
import { refusalSentence } from '../sentences.ts';
import { COMMENT, DENY_MODAL, denyModal, REVIEW_ACTIONS } from './card.ts';

/** Approve, and deny with its comment. What is clicked is only ever a request's id. */
export function listenToReviews(app: App, { deps, client }: { deps: Deps; client: WebClient }): void {
  app.action<BlockAction>(REVIEW_ACTIONS.approve, async ({ ack, body }) => {
    await ack();
    const input = { requestId: clickedValue(body), reviewerId: body.user.id, verdict: 'approve', comment: '' } as const;
    await tellClicker({ client, log: deps.log }, body, async () => {
      const result = await reviewRequest(deps, input);
      return isRefused(result) ? refusalSentence(result.refused) : null;
    });
  });

  app.action<BlockAction>(REVIEW_ACTIONS.deny, async ({ ack, body }) => {
    await ack();
    await client.views.open({ trigger_id: body.trigger_id, view: denyModal(clickedValue(body)) });
  });

  app.view(DENY_MODAL, async ({ ack, view, body }) => {
    const comment = view.state.values[COMMENT.block]?.[COMMENT.action]?.value ?? '';
    const result = await reviewRequest(deps, {
      requestId: view.private_metadata,
      reviewerId: body.user.id,
      verdict: 'deny',
      comment,
    });
    return isRefused(result)
      ? ack({ response_action: 'errors', errors: { [COMMENT.block]: refusalSentence(result.refused) } })
      : ack();
  });

  // A button that only opens a link still sends its click.
  app.action('open_incident', ({ ack }) => ack());
}
