import type { App, BlockAction } from '@slack/bolt';
import type { ModalView } from '@slack/types';
import { findRole } from '../../../domain/policy.ts';
import { isRefused, type Refusal, type Refused } from '../../../domain/refusal.ts';
import type { Millis } from '../../../domain/terms.ts';
import { revokeGrant } from '../../../lifecycle/grant/endGrant.ts';
import { extendable, extensionLeft, requestExtension } from '../../../lifecycle/grant/extendGrant.ts';
import { issueCredential } from '../../../lifecycle/grant/issueCredential.ts';
import { type ConfirmedFactor, checkSecondFactor, hasSecondFactor } from '../../../lifecycle/people/secondFactor.ts';
import { cancelRequest } from '../../../lifecycle/request/closeRequest.ts';
import { ANSWERS, TITLES } from '../../../wording/answers.ts';
import { ERRORS } from '../../../wording/errors.ts';
import { EXTEND_FORM } from '../../../wording/forms.ts';
import { refusalSentence } from '../../../wording/refusals.ts';
import { CREDENTIALS } from '../../../wording/toRequester.ts';
import { END_ACTION } from '../../kit/buttons.ts';
import { clickedValue, tellClicker } from '../../kit/clickAnswers.ts';
import { CODE } from '../../kit/codeForms.ts';
import type { SlackContext } from '../../kit/context.ts';
import { drawn, paragraph } from '../../kit/drawn.ts';
import {
  errorsOn,
  inTime,
  messageModal,
  type Opening,
  openingOf,
  openView,
  openWhenKnown,
  show,
} from '../../kit/forms.ts';
import { readOption, readText, type ViewValues } from '../../kit/formValues.ts';
import { updateView } from '../../kit/openViews.ts';
import { refusalText } from '../../kit/refusals.ts';
import { firstAnswer } from '../../outbox/answers.ts';
import { roleNameIn } from '../../outbox/shown.ts';
import {
  CANCEL_ACTION,
  CREDENTIAL_ACTION,
  credentialModal,
  credentialRefusedModal,
  credentialWorkingModal,
  EXTEND_ACTION,
} from '../../outbox/toRequester.ts';
import { workingModal } from '../request/modal.ts';
import { EXTEND, EXTEND_MODAL, extendModal } from './extend.ts';

/** What people do with their own access: end it, extend it, get credentials, cancel a request. */
export function listenToGrants(app: App, context: SlackContext): void {
  onEnd(app, context);
  onCancel(app, context);
  onExtend(app, context);
  onExtensionForm(app, context);
  onCredential(app, context);
}

function onEnd(app: App, context: SlackContext): void {
  const { deps } = context;
  app.action<BlockAction>(END_ACTION, async ({ ack, body, respond }) => {
    await ack();
    await tellClicker(
      context,
      { body, respond },
      async () => {
        const result = await revokeGrant(deps, { grantId: clickedValue(body), personId: body.user.id });
        return isRefused(result) ? refusalText(result.refused) : drawn(ANSWERS.ending(result.seenAt));
      },
      drawn(ERRORS.notEnded),
    );
  });
}

function onCancel(app: App, context: SlackContext): void {
  const { deps } = context;
  app.action<BlockAction>(CANCEL_ACTION, async ({ ack, body, respond }) => {
    await ack();
    await tellClicker(
      context,
      { body, respond },
      async () => {
        const result = await cancelRequest(deps, { requestId: clickedValue(body), personId: body.user.id });
        return isRefused(result) ? refusalText(result.refused) : drawn(ANSWERS.cancelled);
      },
      drawn(ERRORS.notCancelled),
    );
  });
}

function onExtend(app: App, context: SlackContext): void {
  app.action<BlockAction>(EXTEND_ACTION, async ({ ack, body, respond }) => {
    await ack();
    await tellClicker(context, { body, respond }, async () => {
      const want = { grantId: clickedValue(body), personId: body.user.id, wanted: null, reason: null };
      await openExtendForm(context, openingOf(body), want);
      return null;
    });
  });
}

function onExtensionForm(app: App, context: SlackContext): void {
  app.view(EXTEND_MODAL, async ({ ack, view, body }) => {
    const asked = { submissionKey: view.id, personId: body.user.id, grantId: view.private_metadata, view };
    const checking = codeFor(context, asked);
    const early = await inTime(checking);
    if (early !== null && early !== 'none' && isRefused(early))
      return ack(errorsOn(view, [[CODE.block, refusalText(early.refused)]]));
    await ack({ response_action: 'update', view: workingModal() });
    const checked = early ?? (await checking);
    const answer = checked !== 'none' && 'type' in checked ? checked : await extended(context, asked, checked);
    await show(context, { viewId: view.id, personId: body.user.id }, answer);
  });
}

interface AskedForMore {
  readonly submissionKey: string;
  readonly personId: string;
  readonly grantId: string;
  readonly view: { readonly state: { readonly values: ViewValues } };
}

/**
 * Checks the one-time code of the form.
 * @returns `none` if the role needs none; the code, or why it was refused; a form if it could not be checked
 */
async function codeFor(
  context: SlackContext,
  asked: AskedForMore,
): Promise<ConfirmedFactor | Refused | ModalView | 'none'> {
  const { deps } = context;
  const grant = (await deps.store.grant(asked.grantId))?.value;
  const role = grant && findRole(deps.policy, grant.role);
  if (!role?.secondFactor.request) return 'none';
  const code = readText(asked.view.state.values, CODE.block, CODE.action);
  return checkSecondFactor(deps, asked.personId, code).catch((error: unknown) => notTaken(context, asked, error));
}

async function extended(
  context: SlackContext,
  asked: AskedForMore,
  factor: ConfirmedFactor | Refused | 'none',
): Promise<ModalView> {
  const { deps } = context;
  const { values } = asked.view.state;
  try {
    const role = (await deps.store.grant(asked.grantId))?.value.role ?? '';
    const refused = (refusal: Refusal) => firstAnswer(deps.policy, { requests: [], refused: [{ role, refusal }] });
    if (factor !== 'none' && isRefused(factor)) return refused(factor.refused);
    const result = await requestExtension(deps, {
      submissionKey: asked.submissionKey,
      personId: asked.personId,
      grantId: asked.grantId,
      duration: Number(readOption(values, EXTEND.duration, EXTEND.duration) ?? Number.NaN),
      reason: readText(values, EXTEND.reason, EXTEND.reason),
      factor: factor === 'none' ? null : factor,
    });
    return isRefused(result) ? refused(result.refused) : firstAnswer(deps.policy, { requests: [result], refused: [] });
  } catch (error) {
    return notTaken(context, asked, error);
  }
}

function notTaken({ deps }: SlackContext, { grantId }: AskedForMore, error: unknown): ModalView {
  deps.log.error({ err: error, grantId }, 'an extension could not be taken');
  return messageModal(TITLES.none, [paragraph(ERRORS.notExtended)]);
}

function onCredential(app: App, context: SlackContext): void {
  app.action<BlockAction>(CREDENTIAL_ACTION, async ({ ack, body, respond }) => {
    await ack();
    await tellClicker(context, { body, respond }, async () => {
      // The form opens first, because the trigger expires after three seconds. Credentials are created only when there
      // is a form to show them in.
      const opened = await openView(context, openingOf(body), credentialWorkingModal());
      // Never in a message, which would keep the secret.
      await updateView(context, opened.id, await credentialView(context.deps, clickedValue(body), body.user.id));
      return null;
    });
  });
}

async function credentialView(deps: SlackContext['deps'], grantId: string, personId: string): Promise<ModalView> {
  try {
    const result = await issueCredential(deps, { grantId, personId });
    return isRefused(result) ? credentialRefusedModal(refusalSentence(result.refused)) : credentialModal(result);
  } catch (error) {
    deps.log.error({ err: error, grantId }, 'a credential could not be made');
    return credentialRefusedModal(CREDENTIALS.noAnswer);
  }
}

interface ExtendWant {
  readonly grantId: string;
  /** The person who clicked: only the holder sees the reason that they gave. */
  readonly personId: string;
  readonly wanted: Millis | null;
  /** null for the reason of the request. */
  readonly reason: string | null;
}

export const openExtendForm = (
  context: Pick<SlackContext, 'deps' | 'client'>,
  opening: Opening,
  want: ExtendWant,
): Promise<void> =>
  openWhenKnown(context, { ...opening, personId: want.personId, title: EXTEND_FORM.title }, () =>
    extendView(context.deps, want),
  );

async function extendView(
  deps: SlackContext['deps'],
  { grantId, personId, wanted, reason }: ExtendWant,
): Promise<ModalView> {
  const loaded = await deps.store.grant(grantId);
  const role = loaded && findRole(deps.policy, loaded.value.role);
  // The smallest extension: if it is refused, all are.
  const possible = await extendable(deps, grantId, 1);
  if (isRefused(possible) || !role)
    return messageModal(EXTEND_FORM.title, [
      paragraph(isRefused(possible) ? refusalSentence(possible.refused) : ANSWERS.roleGone),
    ]);
  const grant = possible.value;
  const original = (await deps.store.request(grant.requestId))?.value;
  return extendModal({
    grant,
    role,
    roleName: roleNameIn(deps.policy, grant.role),
    left: extensionLeft(deps, grant),
    wanted,
    hasCodes: await hasSecondFactor(deps, personId),
    reason: reason ?? (grant.person.slackId === personId ? original?.reason : null) ?? '',
  });
}
