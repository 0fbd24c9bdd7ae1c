import type { App, BlockAction } from '@slack/bolt';
import { isRefused } from '../../domain/refusal.ts';
import { beginEnrolment, confirmEnrolment, hasSecondFactor } from '../../lifecycle/secondFactor.ts';
import { button, section } from '../blocks.ts';
import type { Command } from '../commands/command.ts';
import type { SlackContext } from '../context.ts';
import { readText } from '../request/values.ts';
import { refusalSentence } from '../sentences.ts';
import { CODE, ENROL_ACTION, ENROL_MODAL, enrolModal, factorMessageModal } from './views.ts';

/** Setting up one-time codes, in a private message. */

export const secondFactor: Command = {
  names: ['second-factor', '2fa'],
  usage: '`/jit second-factor`',
  help: 'set up one-time codes, for roles that want one',
  run: async ({ deps, client, personId, tell }) => {
    if (!deps.codes.canSeal)
      return tell('One-time codes are not set up here: whoever runs the bot has to set JIT_SECRET_KEY.');
    if (await hasSecondFactor(deps, personId)) return tell(refusalSentence({ code: 'second_factor_enrolled' }));
    const { channel } = await client.conversations.open({ users: personId });
    await client.chat.postMessage({
      channel: channel?.id ?? personId,
      text: 'Set up one-time codes',
      blocks: [
        section(
          ':lock: *One-time codes* show that it is you and not just your Slack. You need an authenticator app on your phone. The key is shown once, in a window that is kept in no message.',
        ),
        { type: 'actions', elements: [button('Set it up', ENROL_ACTION, 'enrol', { style: 'primary' })] },
      ],
    });
    return tell('I sent you a private message: set them up there.');
  },
};

export function listenToFactors(app: App, { deps, client }: SlackContext): void {
  app.action<BlockAction>(ENROL_ACTION, async ({ ack, body }) => {
    await ack();
    const begun = await beginEnrolment(deps, body.user.id);
    const view = isRefused(begun) ? factorMessageModal(refusalSentence(begun.refused)) : enrolModal(begun);
    await client.views.open({ trigger_id: body.trigger_id, view });
  });

  app.view(ENROL_MODAL, async ({ ack, view, body }) => {
    const result = await confirmEnrolment(deps, body.user.id, readText(view.state.values, CODE.block, CODE.action));
    return isRefused(result)
      ? ack({ response_action: 'errors', errors: { [CODE.block]: refusalSentence(result.refused) } })
      : ack({
          response_action: 'update',
          view: factorMessageModal(':white_check_mark: *One-time codes are on.* Roles that want one will ask for it.'),
        });
  });
}
