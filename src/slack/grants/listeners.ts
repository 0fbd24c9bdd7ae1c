import type { App, BlockAction } from '@slack/bolt';
import type { ModalView } from '@slack/types';
import type { WebClient } from '@slack/web-api';
import { isRefused } from '../../domain/refusal.ts';
import { cancelRequest } from '../../lifecycle/closeRequest.ts';
import type { Deps } from '../../lifecycle/deps.ts';
import { revokeGrant } from '../../lifecycle/endGrant.ts';
import { issueCredential } from '../../lifecycle/issueCredential.ts';
import { clickedValue, tellClicker } from '../clicks.ts';
import { END_ACTION } from '../review/card.ts';
import { refusalSentence } from '../sentences.ts';
import {
  CANCEL_ACTION,
  CREDENTIAL_ACTION,
  credentialModal,
  credentialRefusedModal,
  credentialWorkingModal,
} from './notices.ts';

/** What a person does with what they have: give it back, cancel, get its credentials. */
export function listenToGrants(app: App, { deps, client }: { deps: Deps; client: WebClient }): void {
  const to = { client, log: deps.log };

  app.action<BlockAction>(END_ACTION, async ({ ack, body }) => {
    await ack();
    await tellClicker(to, body, async () => {
      const result = await revokeGrant(deps, { grantId: clickedValue(body), personId: body.user.id });
      return isRefused(result) ? refusalSentence(result.refused) : ':lock: Taking it back now.';
    });
  });

  app.action<BlockAction>(CANCEL_ACTION, async ({ ack, body }) => {
    await ack();
    await tellClicker(to, body, async () => {
      const result = await cancelRequest(deps, { requestId: clickedValue(body), personId: body.user.id });
      return isRefused(result) ? refusalSentence(result.refused) : 'Cancelled. Nothing was granted.';
    });
  });

  app.action<BlockAction>(CREDENTIAL_ACTION, async ({ ack, body }) => {
    await ack();
    // The modal first, while the trigger lives; the password is made only when there is somewhere to show it.
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
        ':warning: The target did not answer, so there is no new password. Close this and try again.',
      );
    }
  }
}
