import type { App, BlockAction } from '@slack/bolt';
import { isRefused } from '../../domain/refusal.ts';
import { beginEnrolment, confirmEnrolment, hasSecondFactor } from '../../lifecycle/secondFactor.ts';
import { button, section } from '../blocks.ts';
import { tellClicker } from '../clicks.ts';
import type { Command } from '../commands/command.ts';
import type { SlackContext } from '../context.ts';
import { NOT_CHANGED } from '../failures.ts';
import { answerForm, openView, waitModal } from '../forms.ts';
import { readText } from '../request/values.ts';
import { refusalSentence } from '../sentences.ts';
import { updateView } from '../views.ts';
import { CODE, ENROL_ACTION, ENROL_MODAL, enrolModal, factorMessageModal } from './views.ts';

/** Setting up one-time codes, in a private message. */

export const secondFactor: Command = {
  names: ['second-factor', '2fa'],
  usage: '`/jit second-factor`',
  help: 'set up one-time codes, for roles that want one',
  failed: NOT_CHANGED,
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

export function listenToFactors(app: App, context: SlackContext): void {
  const { deps } = context;
  app.action<BlockAction>(ENROL_ACTION, async ({ ack, body, respond }) => {
    await ack();
    await tellClicker(context, { body, respond }, async () => {
      // The form first, while the trigger lives; the key is made only when there is somewhere to show it.
      const opened = await openView(context, body.trigger_id, waitModal(TITLE));
      const begun = await beginEnrolment(deps, body.user.id);
      const view = isRefused(begun) ? factorMessageModal(refusalSentence(begun.refused)) : enrolModal(begun);
      // Never in a message: that would keep the key.
      await updateView(context, opened.id, view);
      return null;
    });
  });

  app.view(ENROL_MODAL, async ({ ack, view, body }) => {
    await answerForm(context, { ack, view, body }, { failed: NOT_CHANGED }, async () => {
      const result = await confirmEnrolment(deps, body.user.id, readText(view.state.values, CODE.block, CODE.action));
      return isRefused(result)
        ? { errors: { [CODE.block]: refusalSentence(result.refused) } }
        : {
            view: factorMessageModal(
              ':white_check_mark: *One-time codes are on.* Roles that want one will ask for it.',
            ),
          };
    });
  });
}

const TITLE = 'One-time codes';
