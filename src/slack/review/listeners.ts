import type { App, BlockAction } from '@slack/bolt';
import { z } from 'zod';
import { findRole, roleKey } from '../../domain/policy.ts';
import { isRefused, type Refused } from '../../domain/refusal.ts';
import { reviewUse } from '../../lifecycle/breakGlass.ts';
import { type ReviewInput, reviewRequest } from '../../lifecycle/reviewRequest.ts';
import { checkSecondFactor } from '../../lifecycle/secondFactor.ts';
import { section } from '../blocks.ts';
import { clickedValue, tellClicker } from '../clicks.ts';
import type { SlackContext } from '../context.ts';
import { CODE } from '../factor/views.ts';
import { loadShown, type Shown } from '../projections.ts';
import { messageModal } from '../request/modal.ts';
import { readOption, readText, type ViewValues } from '../request/values.ts';
import { refusalSentence } from '../sentences.ts';
import { REVIEW_ACTIONS } from './card.ts';
import {
  APPROVE_MODAL,
  approveModal,
  CHANGE,
  CHANGE_MODAL,
  COMMENT,
  changeModal,
  DENY_MODAL,
  denyModal,
  type NarrowerRole,
} from './modals.ts';
import { USE_ACTIONS, USE_MODAL, useReviewModal } from './useReview.ts';

/** Approve, approve less, deny with a comment; and the review of break-glass. What is clicked is only ever a request's id. */
export function listenToReviews(app: App, context: SlackContext): void {
  const { deps, client } = context;

  app.action<BlockAction>(REVIEW_ACTIONS.approve, async ({ ack, body, respond }) => {
    await ack();
    const requestId = clickedValue(body);
    await tellClicker(context, { body, respond }, async () => {
      const shown = await pending(requestId);
      if (shown?.role?.secondFactor.review) {
        await client.views.open({ trigger_id: body.trigger_id, view: approveModal(shown) });
        return null;
      }
      const result = await reviewRequest(deps, { ...approval(requestId, body.user.id), factor: null });
      return isRefused(result) ? refusalSentence(result.refused) : null;
    });
  });

  app.view(APPROVE_MODAL, async ({ ack, view, body }) => {
    const asked = { values: view.state.values, errorBlock: CODE.block, reviewerId: body.user.id };
    const errors = await decide(asked, (factor) =>
      reviewRequest(deps, { ...approval(view.private_metadata, body.user.id), factor }),
    );
    return errors ? ack({ response_action: 'errors', errors }) : ack();
  });

  app.action<BlockAction>(REVIEW_ACTIONS.change, async ({ ack, body }) => {
    await ack();
    const shown = await pending(clickedValue(body));
    const no = (why: string) => messageModal('Approve less', [section(why)]);
    const view = !shown
      ? no('This request is decided already. Nothing was changed.')
      : shown.request.extends !== null
        ? no(refusalSentence({ code: 'extension_as_asked' }))
        : changeModal(shown, narrowerThan(shown));
    await client.views.open({ trigger_id: body.trigger_id, view });
  });

  app.view(CHANGE_MODAL, async ({ ack, view, body }) => {
    const { values } = view.state;
    const change = {
      role: readOption(values, CHANGE.role, CHANGE.role) ?? '',
      duration: Number(readOption(values, CHANGE.duration, CHANGE.duration) ?? Number.NaN),
    };
    const comment = readText(values, COMMENT.block, COMMENT.action);
    const asked = { values, errorBlock: CHANGE.duration, reviewerId: body.user.id };
    const errors = await decide(asked, (factor) =>
      reviewRequest(deps, { ...approval(view.private_metadata, body.user.id), change, comment, factor }),
    );
    return errors ? ack({ response_action: 'errors', errors }) : ack();
  });

  app.action<BlockAction>(REVIEW_ACTIONS.deny, async ({ ack, body }) => {
    await ack();
    await client.views.open({ trigger_id: body.trigger_id, view: denyModal(clickedValue(body)) });
  });

  app.view(DENY_MODAL, async ({ ack, view, body }) => {
    const result = await reviewRequest(deps, {
      requestId: view.private_metadata,
      reviewerId: body.user.id,
      verdict: 'deny',
      comment: readText(view.state.values, COMMENT.block, COMMENT.action),
      change: null,
      factor: null,
    });
    return isRefused(result)
      ? ack({ response_action: 'errors', errors: { [COMMENT.block]: refusalSentence(result.refused) } })
      : ack();
  });

  for (const justified of [true, false]) {
    app.action<BlockAction>(justified ? USE_ACTIONS.justified : USE_ACTIONS.unjustified, async ({ ack, body }) => {
      await ack();
      await client.views.open({ trigger_id: body.trigger_id, view: useReviewModal(clickedValue(body), justified) });
    });
  }

  app.view(USE_MODAL, async ({ ack, view, body }) => {
    const about = useSchema.safeParse(parseJson(view.private_metadata));
    const comment = readText(view.state.values, COMMENT.block, COMMENT.action);
    const result: object | Refused = about.success
      ? await reviewUse(deps, { ...about.data, reviewerId: body.user.id, comment })
      : { refused: { code: 'unknown_request' } };
    return isRefused(result)
      ? ack({ response_action: 'errors', errors: { [COMMENT.block]: refusalSentence(result.refused) } })
      : ack();
  });

  // A button that only opens a link still sends its click.
  app.action('open_incident', ({ ack }) => ack());
  app.action('open_card', ({ ack }) => ack());

  /** The request, where it still waits for a review. */
  async function pending(requestId: string): Promise<Shown | null> {
    const request = (await deps.store.request(requestId))?.value;
    return request?.state === 'pending' ? loadShown(deps, request) : null;
  }

  /** Takes the one-time code where the form asks for one, then the review. @returns what is wrong, by block */
  async function decide(
    { values, errorBlock, reviewerId }: { values: ViewValues; errorBlock: string; reviewerId: string },
    review: (factor: ReviewInput['factor']) => Promise<object | Refused>,
  ): Promise<Record<string, string> | null> {
    const code = readText(values, CODE.block, CODE.action);
    const factor = code === '' ? null : await checkSecondFactor(deps, reviewerId, code);
    if (factor && isRefused(factor)) return { [CODE.block]: refusalSentence(factor.refused) };
    const result = await review(factor);
    return isRefused(result) ? { [errorBlock]: refusalSentence(result.refused) } : null;
  }

  function narrowerThan({ role }: Shown): NarrowerRole[] {
    return (role?.narrower ?? []).flatMap((id) => {
      const other = role && findRole(deps.policy, `${role.resourceId}/${id}`);
      return other ? [{ key: roleKey(other), name: other.name, wantsCode: other.secondFactor.review }] : [];
    });
  }
}

const approval = (requestId: string, reviewerId: string) =>
  ({ requestId, reviewerId, verdict: 'approve', comment: '', change: null }) as const;

const useSchema = z.object({ requestId: z.string(), justified: z.boolean() });

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
