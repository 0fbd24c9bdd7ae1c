/** Owners keep or remove rules, and administrators start a review. Every click checks again who may. */

import type { App, BlockAction } from '@slack/bolt';
import { z } from 'zod';
import { isRefused, type Refused } from '../../../domain/refusal.ts';
import { answerAccessReview, startAccessReview } from '../../../lifecycle/accessReview/accessReview.ts';
import { keepAll } from '../../../lifecycle/accessReview/keepAll.ts';
import { checkAdmin } from '../../../lifecycle/people/eligibility.ts';
import { ACCESS_REVIEW_FORM } from '../../../wording/accessReview.ts';
import { ANSWERS } from '../../../wording/answers.ts';
import { USAGE } from '../../../wording/commands.ts';
import { ERRORS } from '../../../wording/errors.ts';
import { refusalSentence } from '../../../wording/refusals.ts';
import { clickedValue, tellClicker } from '../../kit/clickAnswers.ts';
import type { Command } from '../../kit/command.ts';
import { COMMENT } from '../../kit/commentInput.ts';
import type { SlackContext } from '../../kit/context.ts';
import { drawn, paragraph } from '../../kit/drawn.ts';
import { answerForm, inTime, messageModal, openView, openWhenKnown } from '../../kit/forms.ts';
import { readOption, readText } from '../../kit/formValues.ts';
import { refusalText } from '../../kit/refusals.ts';
import { ACCESS_REVIEW } from '../../outbox/accessReviewCard.ts';
import { REMOVE_MODAL, removeModal, START_MODAL, startModal } from './views.ts';

export const accessReview: Command = {
  names: ['access-review'],
  words: USAGE.accessReview,
  failed: drawn(ERRORS.notChanged),
  run: async (call) => {
    const checking = checkAdmin(call.deps, call.personId);
    const early = await inTime(checking);
    if (early && isRefused(early)) return call.tell(refusalText(early.refused));
    await openWhenKnown(call, { ...call, title: TITLE }, async () => {
      const standing = await checking;
      if (isRefused(standing)) return messageModal(TITLE, [paragraph(refusalSentence(standing.refused))]);
      const open = (await call.deps.store.records('access_review')).find(({ closedAt }) => closedAt === null);
      return startModal(open ?? null);
    });
  },
};

const TITLE = ACCESS_REVIEW_FORM.title;

const pointedAll = z.object({ review: z.string(), items: z.array(z.number().int().min(0)) });
const pointed = z.object({ review: z.string(), item: z.number().int().min(0) });

export function listenToAccessReviews(app: App, context: SlackContext): void {
  onStart(app, context);
  onKeep(app, context);
  onRemove(app, context);
}

function onStart(app: App, context: SlackContext): void {
  const { deps } = context;
  app.view(START_MODAL, async ({ ack, view, body }) => {
    const period = Number(readOption(view.state.values, ACCESS_REVIEW.period, ACCESS_REVIEW.period) ?? Number.NaN);
    await answerForm(context, { ack, view, body }, { failed: drawn(ERRORS.notChanged) }, async () => {
      const result = await startAccessReview(deps, { personId: body.user.id, period });
      return isRefused(result)
        ? { errors: { [ACCESS_REVIEW.period]: refusalText(result.refused) } }
        : { view: startModal(result) };
    });
  });
}

function onKeep(app: App, context: SlackContext): void {
  const { deps } = context;
  app.action<BlockAction>(ACCESS_REVIEW.keep, async ({ ack, body, respond }) => {
    await ack();
    await tellClicker(
      context,
      { body, respond },
      async () => {
        const said = { personId: body.user.id, verdict: 'keep', comment: '' } as const;
        const result = await answer(deps, clickedValue(body), said);
        return isRefused(result) ? refusalText(result.refused) : null;
      },
      drawn(ERRORS.notReviewed),
    );
  });

  app.action<BlockAction>(ACCESS_REVIEW.keepAll, async ({ ack, body, respond }) => {
    await ack();
    await tellClicker(
      context,
      { body, respond },
      async () => {
        const shown = pointedAll.safeParse(parseJson(clickedValue(body))).data;
        if (!shown) return refusalText({ code: 'unknown_review' });
        const result = await keepAll(deps, { personId: body.user.id, reviewId: shown.review, items: shown.items });
        return isRefused(result) ? refusalText(result.refused) : drawn(ANSWERS.keptAll(result.kept, result.own));
      },
      drawn(ERRORS.notReviewed),
    );
  });
}

function onRemove(app: App, context: SlackContext): void {
  const { deps } = context;
  app.action<BlockAction>(ACCESS_REVIEW.remove, async ({ ack, body, respond }) => {
    await ack();
    await tellClicker(context, { body, respond }, async () => {
      await openView(context, body.trigger_id, removeModal(clickedValue(body)));
      return null;
    });
  });

  app.view(REMOVE_MODAL, async ({ ack, view, body }) => {
    const comment = readText(view.state.values, COMMENT.block, COMMENT.action);
    await answerForm(context, { ack, view, body }, { failed: drawn(ERRORS.notReviewed), typed: comment }, async () => {
      const said = { personId: body.user.id, verdict: 'remove', comment } as const;
      const result = await answer(deps, view.private_metadata, said);
      return isRefused(result)
        ? { errors: { [COMMENT.block]: refusalText(result.refused) } }
        : { done: drawn(ANSWERS.ruleRemoved) };
    });
  });
}

/** @param value the review and the rule from the button; both are looked up and checked again */
async function answer(
  deps: SlackContext['deps'],
  value: string,
  said: { readonly personId: string; readonly verdict: 'keep' | 'remove'; readonly comment: string },
): Promise<object | Refused> {
  const found = pointed.safeParse(parseJson(value));
  if (!found.success) return { refused: { code: 'unknown_review' } };
  return answerAccessReview(deps, { ...said, reviewId: found.data.review, item: found.data.item });
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
