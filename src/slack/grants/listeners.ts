import type { App, BlockAction } from '@slack/bolt';
import type { ModalView } from '@slack/types';
import { findRole } from '../../domain/policy.ts';
import { isRefused } from '../../domain/refusal.ts';
import type { Millis } from '../../domain/terms.ts';
import { cancelRequest } from '../../lifecycle/closeRequest.ts';
import { revokeGrant } from '../../lifecycle/endGrant.ts';
import { extendable, extensionLeft, requestExtension } from '../../lifecycle/extendGrant.ts';
import { issueCredential } from '../../lifecycle/issueCredential.ts';
import { checkSecondFactor } from '../../lifecycle/secondFactor.ts';
import { section } from '../blocks.ts';
import { clickedValue, tellClicker } from '../clicks.ts';
import type { SlackContext } from '../context.ts';
import { CODE } from '../factor/views.ts';
import { roleNameIn } from '../projections.ts';
import { answerModal, FAILED } from '../request/answers.ts';
import { messageModal, workingModal } from '../request/modal.ts';
import { readOption, readText } from '../request/values.ts';
import { refusalSentence, standingSentence } from '../sentences.ts';
import { updateView } from '../views.ts';
import { END_ACTION } from './buttons.ts';
import { EXTEND, EXTEND_MODAL, extendModal } from './extend.ts';
import {
  CANCEL_ACTION,
  CREDENTIAL_ACTION,
  credentialModal,
  credentialRefusedModal,
  credentialWorkingModal,
  EXTEND_ACTION,
} from './notices.ts';

/** What a person does with what they have: give it back, keep it longer, cancel, get its credentials. */
export function listenToGrants(app: App, context: SlackContext): void {
  const { deps, client } = context;

  app.action<BlockAction>(END_ACTION, async ({ ack, body, respond }) => {
    await ack();
    await tellClicker(context, { body, respond }, async () => {
      const result = await revokeGrant(deps, { grantId: clickedValue(body), personId: body.user.id });
      return isRefused(result)
        ? refusalSentence(result.refused)
        : `:lock: Taking it back now.${standingSentence(result.seenAt)}`;
    });
  });

  app.action<BlockAction>(CANCEL_ACTION, async ({ ack, body, respond }) => {
    await ack();
    await tellClicker(context, { body, respond }, async () => {
      const result = await cancelRequest(deps, { requestId: clickedValue(body), personId: body.user.id });
      return isRefused(result) ? refusalSentence(result.refused) : 'Cancelled. Nothing was granted.';
    });
  });

  app.action<BlockAction>(EXTEND_ACTION, async ({ ack, body }) => {
    await ack();
    const want = { grantId: clickedValue(body), personId: body.user.id, wanted: null, reason: null };
    await openExtendForm(context, body.trigger_id, want);
  });

  app.view(EXTEND_MODAL, async ({ ack, view, body }) => {
    const grantId = view.private_metadata;
    const { values } = view.state;
    const grant = (await deps.store.grant(grantId))?.value;
    const role = grant && findRole(deps.policy, grant.role);
    const factor = role?.secondFactor.request
      ? await checkSecondFactor(deps, body.user.id, readText(values, CODE.block, CODE.action))
      : null;
    if (factor && isRefused(factor))
      return ack({ response_action: 'errors', errors: { [CODE.block]: refusalSentence(factor.refused) } });
    const input = {
      submissionKey: view.id,
      personId: body.user.id,
      grantId,
      duration: Number(readOption(values, EXTEND.duration, EXTEND.duration) ?? Number.NaN),
      reason: readText(values, EXTEND.reason, EXTEND.reason),
      factor,
    };
    await ack({ response_action: 'update', view: workingModal() });
    const answer = await requestExtension(deps, input).then(
      (result) =>
        isRefused(result)
          ? answerModal({ requests: [], refused: [{ role: grant?.role ?? '', refusal: result.refused }] })
          : answerModal({ requests: [result], refused: [] }),
      (error: unknown) => {
        deps.log.error({ err: error, grantId }, 'an extension could not be taken');
        return messageModal('Not requested', [section(FAILED)]);
      },
    );
    await updateView(context, view.id, answer);
  });

  app.action<BlockAction>(CREDENTIAL_ACTION, async ({ ack, body }) => {
    await ack();
    // The modal first, while the trigger lives; the credentials are made only when there is somewhere to show it.
    const opened = await client.views.open({ trigger_id: body.trigger_id, view: credentialWorkingModal() });
    const viewId = opened.view?.id;
    if (!viewId) return;
    await client.views.update({ view_id: viewId, view: await credentialView(clickedValue(body), body.user.id) });
  });

  async function credentialView(grantId: string, personId: string): Promise<ModalView> {
    try {
      const result = await issueCredential(deps, { grantId, personId });
      return isRefused(result) ? credentialRefusedModal(refusalSentence(result.refused)) : credentialModal(result);
    } catch (error) {
      deps.log.error({ err: error, grantId }, 'a credential could not be made');
      return credentialRefusedModal(
        ':warning: The target did not answer, so there are no new credentials. Close this and try again.',
      );
    }
  }
}

interface ExtendWant {
  readonly grantId: string;
  /** Who clicked: only the holder is shown what they wrote when they asked. */
  readonly personId: string;
  readonly wanted: Millis | null;
  /** null: the reason that it was asked for with. */
  readonly reason: string | null;
}

export async function openExtendForm(
  { deps, client }: Pick<SlackContext, 'deps' | 'client'>,
  triggerId: string,
  want: ExtendWant,
): Promise<void> {
  const view = await extendView(deps, want);
  await client.views.open({ trigger_id: triggerId, view });
}

async function extendView(
  deps: SlackContext['deps'],
  { grantId, personId, wanted, reason }: ExtendWant,
): Promise<ModalView> {
  const loaded = await deps.store.grant(grantId);
  const role = loaded && findRole(deps.policy, loaded.value.role);
  // The smallest extension there is: whatever speaks against it speaks against any.
  const possible = await extendable(deps, grantId, 1);
  if (isRefused(possible) || !role)
    return messageModal('More time', [
      section(isRefused(possible) ? refusalSentence(possible.refused) : 'This role is no longer in the policy.'),
    ]);
  const grant = possible.value;
  const original = (await deps.store.request(grant.requestId))?.value;
  return extendModal({
    grant,
    role,
    roleName: roleNameIn(deps.policy, grant.role),
    left: extensionLeft(deps, grant),
    wanted,
    reason: reason ?? (grant.person.slackId === personId ? original?.reason : null) ?? '',
  });
}
