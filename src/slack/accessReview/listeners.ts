import type { App, BlockAction } from '@slack/bolt';
import { z } from 'zod';
import { isRefused, type Refused } from '../../domain/refusal.ts';
import { answerAccessReview, startAccessReview } from '../../lifecycle/accessReview.ts';
import { checkAdmin } from '../../lifecycle/eligibility.ts';
import { clickedValue, tellClicker } from '../clicks.ts';
import type { Command } from '../commands/command.ts';
import type { SlackContext } from '../context.ts';
import { readOption, readText } from '../request/values.ts';
import { COMMENT } from '../review/modals.ts';
import { refusalSentence } from '../sentences.ts';
import { ACCESS_REVIEW, REMOVE_MODAL, removeModal, START_MODAL, startModal } from './views.ts';

/** Owners keep or remove rules; administrators start a review. Who may is looked up again at every click. */

export const accessReview: Command = {
  names: ['access-review'],
  usage: '`/jit access-review`',
  help: 'for administrators: ask the owners whether each rule is still right',
  run: async (call) => {
    const standing = await checkAdmin(call.deps, call.personId);
    if (isRefused(standing)) return call.tell(refusalSentence(standing.refused));
    const open = (await call.deps.store.records('access_review')).find(({ closedAt }) => closedAt === null);
    await call.client.views.open({ trigger_id: call.triggerId, view: startModal(open ?? null) });
  },
};

const pointed = z.object({ review: z.string(), item: z.number().int().min(0) });

export function listenToAccessReviews(app: App, context: SlackContext): void {
  const { deps, client } = context;

  app.view(START_MODAL, async ({ ack, view, body }) => {
    const period = Number(readOption(view.state.values, ACCESS_REVIEW.period, ACCESS_REVIEW.period) ?? Number.NaN);
    const result = await startAccessReview(deps, { personId: body.user.id, period });
    return isRefused(result)
      ? ack({ response_action: 'errors', errors: { [ACCESS_REVIEW.period]: refusalSentence(result.refused) } })
      : ack({ response_action: 'update', view: startModal(result) });
  });

  app.action<BlockAction>(ACCESS_REVIEW.keep, async ({ ack, body, respond }) => {
    await ack();
    await tellClicker(context, { body, respond }, async () => {
      const result = await answer(clickedValue(body), { personId: body.user.id, verdict: 'keep', comment: '' });
      return isRefused(result) ? refusalSentence(result.refused) : null;
    });
  });

  app.action<BlockAction>(ACCESS_REVIEW.remove, async ({ ack, body }) => {
    await ack();
    await client.views.open({ trigger_id: body.trigger_id, view: removeModal(clickedValue(body)) });
  });

  app.view(REMOVE_MODAL, async ({ ack, view, body }) => {
    const comment = readText(view.state.values, COMMENT.block, COMMENT.action);
    const result = await answer(view.private_metadata, { personId: body.user.id, verdict: 'remove', comment });
    return isRefused(result)
      ? ack({ response_action: 'errors', errors: { [COMMENT.block]: refusalSentence(result.refused) } })
      : ack();
  });

  /** @param value which rule of which review, as the button holds it; looked up and checked anew */
  async function answer(
    value: string,
    said: { personId: string; verdict: 'keep' | 'remove'; comment: string },
  ): Promise<object | Refused> {
    const found = pointed.safeParse(parseJson(value));
    if (!found.success) return { refused: { code: 'unknown_review' } };
    return answerAccessReview(deps, { ...said, reviewId: found.data.review, item: found.data.item });
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
