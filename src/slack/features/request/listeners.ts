import type { App, BlockAction } from '@slack/bolt';
import type { ModalView } from '@slack/types';
import { z } from 'zod';
import type { Policy } from '../../../domain/policy.ts';
import { isRefused, type Refusal, refusedField } from '../../../domain/refusal.ts';
import { breakGlass, checkEmergency } from '../../../lifecycle/breakGlass/breakGlass.ts';
import { type ConfirmedFactor, checkSecondFactor, hasSecondFactor } from '../../../lifecycle/people/secondFactor.ts';
import { onlyOne } from '../../../lifecycle/request/outlook.ts';
import { checkSubmission, type Submitted, submitRequest } from '../../../lifecycle/request/submitRequest.ts';
import { TITLES } from '../../../wording/answers.ts';
import { ERRORS } from '../../../wording/errors.ts';
import { REQUEST_FORM } from '../../../wording/forms.ts';
import { quote, section } from '../../kit/blocks.ts';
import { clickedValue, tellClicker } from '../../kit/clickAnswers.ts';
import { CODE } from '../../kit/codeForms.ts';
import type { SlackContext } from '../../kit/context.ts';
import { drawn, paragraph } from '../../kit/drawn.ts';
import { errorsOn, inTime, messageModal, show, tellAnswer } from '../../kit/forms.ts';
import { createLatest, updateView } from '../../kit/openViews.ts';
import { refusalText } from '../../kit/refusals.ts';
import { firstAnswer } from '../../outbox/answers.ts';
import { ASK_ACTION } from '../../outbox/toRequester.ts';
import { incidentsFor, openForm, previewNotice } from './form.ts';
import {
  ACTIONS,
  BLOCKS,
  durationBlock,
  emptyForm,
  type Mode,
  REQUEST_MODAL,
  type RequestForm,
  requestModal,
  roleOptions,
  workingModal,
} from './modal.ts';
import { chosenRole, type FormValues, readForm } from './values.ts';

const CHECKING = drawn(REQUEST_FORM.checking);

/** The request form and its submission, also for break-glass. */
export function listenToRequests(app: App, context: SlackContext): void {
  const latestChoice = createLatest();
  onAskAgain(app, context);
  onChoice(app, context, latestChoice);
  onSubmission(app, context, latestChoice);
}

type Latest = ReturnType<typeof createLatest>;

function onAskAgain(app: App, context: SlackContext): void {
  const { deps } = context;
  app.action<BlockAction>(ASK_ACTION, async ({ ack, body, respond }) => {
    await ack();
    await tellClicker(context, { body, respond }, async () => {
      const to = { triggerId: body.trigger_id, personId: body.user.id };
      await openForm(context, to, { mode: 'request', role: chosenRole(deps.policy, clickedValue(body)) });
      return null;
    });
  });

  for (const action of [ACTIONS.role, ACTIONS.more])
    app.options(action, ({ ack, options, body }) =>
      ack({ options: roleOptions(deps.policy, options.value, modeOf(viewSchema.safeParse(body).data?.view)) }),
    );
}

const CHOICES = [ACTIONS.role, ACTIONS.more, ACTIONS.duration, ACTIONS.incident, ACTIONS.start, ACTIONS.options];

/** After a choice in the form, shows a preview of the decision. */
function onChoice(app: App, context: SlackContext, latestChoice: Latest): void {
  const { deps } = context;
  for (const action of CHOICES) {
    app.action(action, async ({ ack, body }) => {
      await ack();
      const click = clickSchema.safeParse(body);
      if (!click.success) return;
      const { view, user } = click.data;
      const isLatest = latestChoice(view.id);
      const values = readForm(deps.policy, view.state.values);
      const role = chosenRole(deps.policy, values.role);
      if (!role) return;
      const person = await deps.directory.person(user.id);
      const [incidents, hasCodes] = await Promise.all([
        person.known ? incidentsFor(context, person.value, values.incident) : [],
        hasSecondFactor(deps, user.id),
      ]);
      const form: RequestForm = {
        ...emptyForm(modeOf(view), CHECKING),
        role,
        more: values.more.flatMap((key) => chosenRole(deps.policy, key) ?? []),
        duration: Number.isNaN(values.duration) ? null : values.duration,
        reason: values.reason,
        startsAt: values.startsAt,
        isUnfolded: values.isUnfolded || action === ACTIONS.options,
        hasCodes,
        incidents,
        incidentId: values.hasIncident ? values.incident : onlyOne(incidents),
      };
      // Without the hash, so that the choice replaces any earlier content. If the person chose again meanwhile, only
      // the newest answer is shown.
      if (isLatest()) await updateView(context, view.id, requestModal(form));
      const notice = await previewNotice(context, user.id, form, form.duration ?? role.role.duration.default);
      if (isLatest()) await updateView(context, view.id, requestModal({ ...form, notice }));
    });
  }
}

function onSubmission(app: App, context: SlackContext, latestChoice: Latest): void {
  const { deps } = context;
  app.view(REQUEST_MODAL, async ({ ack, view, body }) => {
    const mode = modeOf(view);
    const values = readForm(deps.policy, view.state.values);
    const asked = { submissionKey: view.id, personId: body.user.id, values, mode };
    const checking = wrongIn(deps, asked).catch((error: unknown) => notTaken(deps, error, body.user.id));
    const early = await inTime(checking);
    if (early instanceof Map) return ack(errorsOn(view, early));
    // From here on, the form shows the answer, so that a preview that is still loading is dropped.
    latestChoice(view.id);
    await ack({ response_action: 'update', view: workingModal() });
    const checked = early ?? (await checking);
    const late = checked instanceof Map ? lateErrors(checked, values.reason) : checked;
    const answer = 'factor' in late ? await submit(deps, asked, late.factor) : late;
    await answerIn(context, asked, answer);
  });
}

/** Shows errors after the form was acknowledged, with what was typed in it. */
const lateErrors = (wrong: ReadonlyMap<string, string>, reason: string): ModalView =>
  messageModal(TITLES.none, [section([...wrong.values()].join('\n')), paragraph(REQUEST_FORM.youWrote), quote(reason)]);

/** Shows the answer, and registers the window so that it later shows the access itself. */
async function answerIn(context: SlackContext, { submissionKey, personId }: Asked, answer: ModalView | Submitted) {
  const place = { viewId: submissionKey, personId };
  if ('type' in answer) return show(context, place, answer);
  const { requests, refused } = answer;
  const first = firstAnswer(context.deps.policy, answer);
  const window = { viewId: submissionKey, requestIds: requests.map(({ id }) => id), refused };
  if (await context.windows.follow(window, first)) return;
  // The window was closed. Messages tell of each request anyway, so that only what became no request is still to be told.
  if (refused.length > 0)
    await tellAnswer(context, personId, firstAnswer(context.deps.policy, { requests: [], refused }));
}

interface Asked {
  readonly submissionKey: string;
  readonly personId: string;
  readonly values: FormValues;
  readonly mode: Mode;
}

const submissionOf = ({ submissionKey, personId, values }: Asked) => ({
  submissionKey,
  personId,
  roles: [values.role ?? '', ...values.more],
  duration: values.duration,
  reason: values.reason,
  incidentId: values.incident,
  startsAt: values.startsAt,
});
const emergencyOf = ({ submissionKey, personId, values }: Asked) => ({
  submissionKey,
  personId,
  role: values.role ?? '',
  duration: values.duration,
  reason: values.reason,
  incidentId: values.incident,
});

/** Checks the form. @returns errors by block, or the verified one-time code */
async function wrongIn(
  deps: SlackContext['deps'],
  asked: Asked,
): Promise<Map<string, string> | { factor: ConfirmedFactor | null }> {
  const refusals =
    asked.mode === 'break_glass'
      ? checkEmergency(deps, emergencyOf(asked))
      : checkSubmission(deps, { ...submissionOf(asked), factor: null });
  if (refusals.length > 0) return byBlock(deps.policy, refusals, asked.values);
  const chosen = [asked.values.role, ...asked.values.more].map((key) => chosenRole(deps.policy, key)?.role);
  if (!chosen.some((role) => role?.secondFactor.request)) return { factor: null };
  const factor = await checkSecondFactor(deps, asked.personId, asked.values.code);
  return isRefused(factor) ? byBlock(deps.policy, [factor.refused], asked.values) : { factor };
}

function byBlock(policy: Policy, refusals: readonly Refusal[], values: FormValues): Map<string, string> {
  const role = chosenRole(policy, values.role);
  const blocks = {
    role: BLOCKS.role,
    duration: role ? durationBlock(role.role) : BLOCKS.role,
    reason: BLOCKS.reason,
    start: BLOCKS.start,
    code: CODE.block,
  };
  return new Map(refusals.map((refusal) => [blocks[refusedField(refusal) ?? 'role'], refusalText(refusal)]));
}

async function submit(
  deps: SlackContext['deps'],
  asked: Asked,
  factor: ConfirmedFactor | null,
): Promise<ModalView | Submitted> {
  try {
    if (asked.mode === 'request') return await submitRequest(deps, { ...submissionOf(asked), factor });
    const result = await breakGlass(deps, { ...emergencyOf(asked), factor });
    return isRefused(result)
      ? { requests: [], refused: [{ role: asked.values.role ?? '', refusal: result.refused }] }
      : { requests: [result], refused: [] };
  } catch (error) {
    return notTaken(deps, error, asked.personId);
  }
}

function notTaken(deps: SlackContext['deps'], error: unknown, personId: string): ModalView {
  deps.log.error({ err: error, personId }, 'a request could not be taken');
  return messageModal(TITLES.none, [paragraph(ERRORS.notRequested)]);
}

const modeOf = (view: { private_metadata?: string | undefined } | undefined): Mode =>
  view?.private_metadata === 'break_glass' ? 'break_glass' : 'request';

const viewSchema = z.object({ view: z.object({ private_metadata: z.string().optional() }) });

const clickSchema = z.object({
  user: z.object({ id: z.string() }),
  view: z.object({
    id: z.string(),
    private_metadata: z.string().optional(),
    state: z.object({ values: z.record(z.string(), z.record(z.string(), z.unknown())) }),
  }),
});
