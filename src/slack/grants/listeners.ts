import type { App, BlockAction } from '@slack/bolt';
import type { ModalView } from '@slack/types';
import { findRole } from '../../domain/policy.ts';
import { isRefused, type Refusal, type Refused } from '../../domain/refusal.ts';
import type { Millis } from '../../domain/terms.ts';
import { cancelRequest } from '../../lifecycle/closeRequest.ts';
import { revokeGrant } from '../../lifecycle/endGrant.ts';
import { extendable, extensionLeft, requestExtension } from '../../lifecycle/extendGrant.ts';
import { issueCredential } from '../../lifecycle/issueCredential.ts';
import { type ConfirmedFactor, checkSecondFactor } from '../../lifecycle/secondFactor.ts';
import { section } from '../blocks.ts';
import { clickedValue, tellClicker } from '../clicks.ts';
import type { SlackContext } from '../context.ts';
import { CODE } from '../factor/views.ts';
import { NOT_CANCELLED, NOT_EXTENDED, NOT_REVOKED } from '../failures.ts';
import { inTime, messageModal, openView, openWhenKnown, show } from '../forms.ts';
import { roleNameIn } from '../projections.ts';
import { answerModal } from '../request/answers.ts';
import { workingModal } from '../request/modal.ts';
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
  const { deps } = context;

  app.action<BlockAction>(END_ACTION, async ({ ack, body, respond }) => {
    await ack();
    await tellClicker(
      context,
      { body, respond },
      async () => {
        const result = await revokeGrant(deps, { grantId: clickedValue(body), personId: body.user.id });
        return isRefused(result)
          ? refusalSentence(result.refused)
          : `:lock: Taking it back now.${standingSentence(result.seenAt)}`;
      },
      NOT_REVOKED,
    );
  });

  app.action<BlockAction>(CANCEL_ACTION, async ({ ack, body, respond }) => {
    await ack();
    await tellClicker(
      context,
      { body, respond },
      async () => {
        const result = await cancelRequest(deps, { requestId: clickedValue(body), personId: body.user.id });
        return isRefused(result) ? refusalSentence(result.refused) : 'Cancelled. Nothing was granted.';
      },
      NOT_CANCELLED,
    );
  });

  app.action<BlockAction>(EXTEND_ACTION, async ({ ack, body, respond }) => {
    await ack();
    await tellClicker(context, { body, respond }, async () => {
      const want = { grantId: clickedValue(body), personId: body.user.id, wanted: null, reason: null };
      await openExtendForm(context, body.trigger_id, want);
      return null;
    });
  });

  app.view(EXTEND_MODAL, async ({ ack, view, body }) => {
    const grantId = view.private_metadata;
    const { values } = view.state;
    const grant = (await deps.store.grant(grantId))?.value;
    const role = grant && findRole(deps.policy, grant.role);
    const checking = check();
    const early = await inTime(checking);
    if (early !== null && early !== 'none' && isRefused(early))
      return ack({ response_action: 'errors', errors: { [CODE.block]: refusalSentence(early.refused) } });
    await ack({ response_action: 'update', view: workingModal() });
    const checked = early ?? (await checking);
    const answer = checked !== 'none' && 'type' in checked ? checked : await extended(checked);
    await show(context, { viewId: view.id, personId: body.user.id }, answer);

    async function check(): Promise<ConfirmedFactor | Refused | ModalView | 'none'> {
      if (!role?.secondFactor.request) return 'none';
      return checkSecondFactor(deps, body.user.id, readText(values, CODE.block, CODE.action)).catch(notTaken);
    }

    async function extended(factor: ConfirmedFactor | Refused | 'none'): Promise<ModalView> {
      const refused = (refusal: Refusal) =>
        answerModal({ requests: [], refused: [{ role: grant?.role ?? '', refusal }] });
      if (factor !== 'none' && isRefused(factor)) return refused(factor.refused);
      try {
        const result = await requestExtension(deps, {
          submissionKey: view.id,
          personId: body.user.id,
          grantId,
          duration: Number(readOption(values, EXTEND.duration, EXTEND.duration) ?? Number.NaN),
          reason: readText(values, EXTEND.reason, EXTEND.reason),
          factor: factor === 'none' ? null : factor,
        });
        return isRefused(result) ? refused(result.refused) : answerModal({ requests: [result], refused: [] });
      } catch (error) {
        return notTaken(error);
      }
    }

    function notTaken(error: unknown): ModalView {
      deps.log.error({ err: error, grantId }, 'an extension could not be taken');
      return messageModal('Not requested', [section(NOT_EXTENDED)]);
    }
  });

  app.action<BlockAction>(CREDENTIAL_ACTION, async ({ ack, body, respond }) => {
    await ack();
    await tellClicker(context, { body, respond }, async () => {
      // The modal first, while the trigger lives; the credentials are made only when there is somewhere to show it.
      const opened = await openView(context, body.trigger_id, credentialWorkingModal());
      // Never in a message: that would keep the secret.
      await updateView(context, opened.id, await credentialView(clickedValue(body), body.user.id));
      return null;
    });
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

export const openExtendForm = (
  context: Pick<SlackContext, 'deps' | 'client'>,
  triggerId: string,
  want: ExtendWant,
): Promise<void> =>
  openWhenKnown(context, { triggerId, personId: want.personId, title: 'More time' }, () =>
    extendView(context.deps, want),
  );

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
