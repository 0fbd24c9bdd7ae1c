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
import { NOT_REVIEWED } from '../failures.ts';
import { answerForm, type FormAnswer, messageModal, openView } from '../forms.ts';
import { loadShown, type Shown } from '../projections.ts';
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
  const { deps } = context;

  app.action<BlockAction>(REVIEW_ACTIONS.approve, async ({ ack, body, respond }) => {
    await ack();
    const requestId = clickedValue(body);
    await tellClicker(
      context,
      { body, respond },
      async () => {
        const shown = await pending(requestId);
        if (shown?.role?.secondFactor.review) {
          await openView(context, body.trigger_id, approveModal(shown));
          return null;
        }
        const result = await reviewRequest(deps, { ...approval(requestId, body.user.id), factor: null });
        return isRefused(result) ? refusalSentence(result.refused) : null;
      },
      NOT_REVIEWED,
    );
  });

  app.view(APPROVE_MODAL, async ({ ack, view, body }) => {
    const asked = { values: view.state.values, errorBlock: CODE.block, reviewerId: body.user.id, done: APPROVED };
    await answerForm(context, { ack, view, body }, { failed: NOT_REVIEWED }, () =>
      decide(asked, (factor) => reviewRequest(deps, { ...approval(view.private_metadata, body.user.id), factor })),
    );
  });

  app.action<BlockAction>(REVIEW_ACTIONS.change, async ({ ack, body, respond }) => {
    await ack();
    await tellClicker(context, { body, respond }, async () => {
      const shown = await pending(clickedValue(body));
      const no = (why: string) => messageModal('Approve less', [section(why)]);
      const view = !shown
        ? no('This request is decided already. Nothing was changed.')
        : shown.request.extends !== null
          ? no(refusalSentence({ code: 'extension_as_asked' }))
          : changeModal(shown, narrowerThan(shown));
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
    await answerForm(context, { ack, view, body }, { failed: NOT_REVIEWED, typed: comment }, () =>
      decide(asked, (factor) =>
        reviewRequest(deps, { ...approval(view.private_metadata, body.user.id), change, comment, factor }),
      ),
    );
  });

  app.action<BlockAction>(REVIEW_ACTIONS.deny, async ({ ack, body, respond }) => {
    await ack();
    await tellClicker(context, { body, respond }, async () => {
      await openView(context, body.trigger_id, denyModal(clickedValue(body)));
      return null;
    });
  });

  app.view(DENY_MODAL, async ({ ack, view, body }) => {
    const comment = readText(view.state.values, COMMENT.block, COMMENT.action);
    await answerForm(context, { ack, view, body }, { failed: NOT_REVIEWED, typed: comment }, async () => {
      const result = await reviewRequest(deps, {
        requestId: view.private_metadata,
        reviewerId: body.user.id,
        verdict: 'deny',
        comment,
        change: null,
        factor: null,
      });
      return said(result, ':no_entry: Denied. The requester is told, with your words.');
    });
  });

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
    await answerForm(context, { ack, view, body }, { failed: NOT_REVIEWED, typed: comment }, async () => {
      const result: object | Refused = about.success
        ? await reviewUse(deps, { ...about.data, reviewerId: body.user.id, comment })
        : { refused: { code: 'unknown_request' } };
      return said(result, ':white_check_mark: Recorded, with your name.');
    });
  });

  // A button that only opens a link still sends its click.
  app.action('open_incident', ({ ack }) => ack());
  app.action('open_card', ({ ack }) => ack());

  /** The request, where it still waits for a review. */
  async function pending(requestId: string): Promise<Shown | null> {
    const request = (await deps.store.request(requestId))?.value;
    return request?.state === 'pending' ? loadShown(deps, request) : null;
  }

  /** Takes the one-time code where the form asks for one, then the review. */
  async function decide(
    { values, errorBlock, reviewerId, done }: Asked,
    review: (factor: ReviewInput['factor']) => Promise<object | Refused>,
  ): Promise<FormAnswer> {
    const code = readText(values, CODE.block, CODE.action);
    const factor = code === '' ? null : await checkSecondFactor(deps, reviewerId, code);
    if (factor && isRefused(factor)) return { errors: { [CODE.block]: refusalSentence(factor.refused) } };
    return said(await review(factor), done, errorBlock);
  }

  function narrowerThan({ role }: Shown): NarrowerRole[] {
    return (role?.narrower ?? []).flatMap((id) => {
      const other = role && findRole(deps.policy, `${role.resourceId}/${id}`);
      return other ? [{ key: roleKey(other), name: other.name, wantsCode: other.secondFactor.review }] : [];
    });
  }
}

interface Asked {
  readonly values: ViewValues;
  readonly errorBlock: string;
  readonly reviewerId: string;
  readonly done: string;
}

const APPROVED = ':white_check_mark: Your approval is recorded.';

const said = (result: object | Refused, done: string, errorBlock: string = COMMENT.block): FormAnswer =>
  isRefused(result) ? { errors: { [errorBlock]: refusalSentence(result.refused) } } : { done };

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
