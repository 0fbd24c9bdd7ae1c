import type { App, BlockAction } from '@slack/bolt';
import { z } from 'zod';
import { findRole, type Policy, roleKey } from '../../../domain/policy.ts';
import { isRefused, type Refused } from '../../../domain/refusal.ts';
import { reviewUse } from '../../../lifecycle/breakGlass/breakGlass.ts';
import { checkSecondFactor, hasSecondFactor } from '../../../lifecycle/people/secondFactor.ts';
import { type ReviewInput, reviewRequest } from '../../../lifecycle/review/reviewRequest.ts';
import { ANSWERS } from '../../../wording/answers.ts';
import { ERRORS } from '../../../wording/errors.ts';
import { REVIEW_FORM } from '../../../wording/forms.ts';
import { section } from '../../kit/blocks.ts';
import { clickedValue, tellClicker } from '../../kit/clickAnswers.ts';
import { CODE } from '../../kit/codeForms.ts';
import { COMMENT } from '../../kit/commentInput.ts';
import type { SlackContext } from '../../kit/context.ts';
import { drawn } from '../../kit/drawn.ts';
import { answerForm, type FormAnswer, messageModal, openView } from '../../kit/forms.ts';
import { readOption, readText, type ViewValues } from '../../kit/formValues.ts';
import { refusalText } from '../../kit/refusals.ts';
import { REVIEW_ACTIONS } from '../../outbox/card.ts';
import { loadShown, type Shown } from '../../outbox/shown.ts';
import { USE_ACTIONS } from '../../outbox/useReview.ts';
import {
  APPROVE_MODAL,
  approveModal,
  CHANGE,
  CHANGE_MODAL,
  changeModal,
  DENY_MODAL,
  denyModal,
  type NarrowerRole,
} from './modals.ts';
import { USE_MODAL, useReviewModal } from './useReviewModal.ts';

/** Approve, approve less, deny with a comment, and review of break-glass. A button holds only the request's id. */
export function listenToReviews(app: App, context: SlackContext): void {
  onApprove(app, context);
  onApproveLess(app, context);
  onDeny(app, context);
  onUseReview(app, context);

  // Slack also sends the click on a link button.
  app.action('open_incident', ({ ack }) => ack());
  app.action('open_card', ({ ack }) => ack());
}

function onApprove(app: App, context: SlackContext): void {
  const { deps } = context;
  app.action<BlockAction>(REVIEW_ACTIONS.approve, async ({ ack, body, respond }) => {
    await ack();
    const requestId = clickedValue(body);
    await tellClicker(
      context,
      { body, respond },
      async () => {
        const shown = await pending(deps, requestId);
        if (shown?.role?.secondFactor.review) {
          await openView(context, body.trigger_id, approveModal(shown, await hasSecondFactor(deps, body.user.id)));
          return null;
        }
        const result = await reviewRequest(deps, { ...approval(requestId, body.user.id), factor: null });
        return isRefused(result) ? refusalText(result.refused) : null;
      },
      drawn(ERRORS.notReviewed),
    );
  });

  app.view(APPROVE_MODAL, async ({ ack, view, body }) => {
    const asked = { values: view.state.values, errorBlock: CODE.block, reviewerId: body.user.id, done: APPROVED };
    await answerForm(context, { ack, view, body }, { failed: drawn(ERRORS.notReviewed) }, () =>
      decide(deps, asked, (factor) =>
        reviewRequest(deps, { ...approval(view.private_metadata, body.user.id), factor }),
      ),
    );
  });
}

function onApproveLess(app: App, context: SlackContext): void {
  const { deps } = context;
  app.action<BlockAction>(REVIEW_ACTIONS.change, async ({ ack, body, respond }) => {
    await ack();
    await tellClicker(context, { body, respond }, async () => {
      const shown = await pending(deps, clickedValue(body));
      const no = (why: string) => messageModal(REVIEW_FORM.less, [section(why)]);
      const view = !shown
        ? no(drawn(ANSWERS.alreadyDecided))
        : shown.request.extends !== null
          ? no(refusalText({ code: 'extension_as_asked' }))
          : changeModal(shown, narrowerThan(deps.policy, shown), await hasSecondFactor(deps, body.user.id));
      await openView(context, body.trigger_id, view);
      return null;
    });
  });

  app.view(CHANGE_MODAL, async ({ ack, view, body }) => {
    const { values } = view.state;
    const change = {
      role: readOption(values, CHANGE.role, CHANGE.role) ?? '',
      duration: Number(readOption(values, CHANGE.duration, CHANGE.duration) ?? Number.NaN),
    };
    const comment = readText(values, COMMENT.block, COMMENT.action);
    const asked = { values, errorBlock: CHANGE.duration, reviewerId: body.user.id, done: APPROVED };
    await answerForm(context, { ack, view, body }, { failed: drawn(ERRORS.notReviewed), typed: comment }, () =>
      decide(deps, asked, (factor) =>
        reviewRequest(deps, { ...approval(view.private_metadata, body.user.id), change, comment, factor }),
      ),
    );
  });
}

function onDeny(app: App, context: SlackContext): void {
  const { deps } = context;
  app.action<BlockAction>(REVIEW_ACTIONS.deny, async ({ ack, body, respond }) => {
    await ack();
    await tellClicker(context, { body, respond }, async () => {
      await openView(context, body.trigger_id, denyModal(clickedValue(body)));
      return null;
    });
  });

  app.view(DENY_MODAL, async ({ ack, view, body }) => {
    const comment = readText(view.state.values, COMMENT.block, COMMENT.action);
    await answerForm(context, { ack, view, body }, { failed: drawn(ERRORS.notReviewed), typed: comment }, async () => {
      const result = await reviewRequest(deps, {
        requestId: view.private_metadata,
        reviewerId: body.user.id,
        verdict: 'deny',
        comment,
        change: null,
        factor: null,
      });
      return said(result, drawn(ANSWERS.denied));
    });
  });
}

function onUseReview(app: App, context: SlackContext): void {
  const { deps } = context;
  for (const justified of [true, false]) {
    app.action<BlockAction>(
      justified ? USE_ACTIONS.justified : USE_ACTIONS.unjustified,
      async ({ ack, body, respond }) => {
        await ack();
        await tellClicker(context, { body, respond }, async () => {
          await openView(context, body.trigger_id, useReviewModal(clickedValue(body), justified));
          return null;
        });
      },
    );
  }

  app.view(USE_MODAL, async ({ ack, view, body }) => {
    const about = useSchema.safeParse(parseJson(view.private_metadata));
    const comment = readText(view.state.values, COMMENT.block, COMMENT.action);
    await answerForm(context, { ack, view, body }, { failed: drawn(ERRORS.notReviewed), typed: comment }, async () => {
      const result: object | Refused = about.success
        ? await reviewUse(deps, { ...about.data, reviewerId: body.user.id, comment })
        : { refused: { code: 'unknown_request' } };
      return said(result, drawn(ANSWERS.useReviewed));
    });
  });
}

/** The request, if it is still pending. */
async function pending(deps: SlackContext['deps'], requestId: string): Promise<Shown | null> {
  const request = (await deps.store.request(requestId))?.value;
  return request?.state === 'pending' ? loadShown(deps, request) : null;
}

/** Checks the one-time code if the form asks for one, then records the review. */
async function decide(
  deps: SlackContext['deps'],
  { values, errorBlock, reviewerId, done }: Asked,
  review: (factor: ReviewInput['factor']) => Promise<object | Refused>,
): Promise<FormAnswer> {
  const code = readText(values, CODE.block, CODE.action);
  const factor = code === '' ? null : await checkSecondFactor(deps, reviewerId, code);
  if (factor && isRefused(factor)) return { errors: { [CODE.block]: refusalText(factor.refused) } };
  return said(await review(factor), done, errorBlock);
}

function narrowerThan(policy: Policy, { role }: Shown): NarrowerRole[] {
  return (role?.narrower ?? []).flatMap((id) => {
    const other = role && findRole(policy, `${role.resourceId}/${id}`);
    return other ? [{ key: roleKey(other), name: other.name, wantsCode: other.secondFactor.review }] : [];
  });
}

interface Asked {
  readonly values: ViewValues;
  readonly errorBlock: string;
  readonly reviewerId: string;
  readonly done: string;
}

const APPROVED = drawn(ANSWERS.approvalRecorded);

const said = (result: object | Refused, done: string, errorBlock: string = COMMENT.block): FormAnswer =>
  isRefused(result) ? { errors: { [errorBlock]: refusalText(result.refused) } } : { done };

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
