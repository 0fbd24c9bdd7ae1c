/** The set-up of one-time codes. */

import type { App, BlockAction } from '@slack/bolt';
import { isRefused } from '../../../domain/refusal.ts';
import { beginEnrolment, confirmEnrolment, hasSecondFactor } from '../../../lifecycle/people/secondFactor.ts';
import { ANSWERS } from '../../../wording/answers.ts';
import { BUTTONS } from '../../../wording/buttons.ts';
import { USAGE } from '../../../wording/commands.ts';
import { ERRORS } from '../../../wording/errors.ts';
import { CODE_FORM } from '../../../wording/forms.ts';
import { button } from '../../kit/blocks.ts';
import { tellClicker } from '../../kit/clickAnswers.ts';
import { CODE, ENROL_ACTION, ENROL_MODAL, enrolModal, factorMessageModal, OVER_FORM } from '../../kit/codeForms.ts';
import type { Command } from '../../kit/command.ts';
import type { SlackContext } from '../../kit/context.ts';
import { drawn, paragraph } from '../../kit/drawn.ts';
import { answerForm, openingOf, openView, waitModal } from '../../kit/forms.ts';
import { readText } from '../../kit/formValues.ts';
import { updateView } from '../../kit/openViews.ts';
import { refusalText } from '../../kit/refusals.ts';

export const secondFactor: Command = {
  names: ['second-factor', '2fa'],
  words: USAGE.secondFactor,
  failed: drawn(ERRORS.notChanged),
  run: async ({ deps, client, personId, tell }) => {
    if (!deps.codes.canSeal) return tell(drawn(CODE_FORM.notPossible));
    if (await hasSecondFactor(deps, personId)) return tell(refusalText({ code: 'second_factor_enrolled' }));
    const { channel } = await client.conversations.open({ users: personId });
    await client.chat.postMessage({
      channel: channel?.id ?? personId,
      text: drawn(CODE_FORM.inviteText),
      blocks: [
        paragraph(CODE_FORM.invite),
        { type: 'actions', elements: [button(BUTTONS.setUp, ENROL_ACTION, 'enrol', { style: 'primary' })] },
      ],
    });
    return tell(drawn(CODE_FORM.sent));
  },
};

export function listenToFactors(app: App, context: SlackContext): void {
  const { deps } = context;
  app.action<BlockAction>(ENROL_ACTION, async ({ ack, body, respond }) => {
    await ack();
    await tellClicker(context, { body, respond }, async () => {
      // The form opens first, because the trigger expires after three seconds. The key is created only when there is a
      // form to show it in.
      const opening = openingOf(body);
      const opened = await openView(context, opening, waitModal(CODE_FORM.title));
      const begun = await beginEnrolment(deps, body.user.id);
      const view = isRefused(begun)
        ? factorMessageModal(refusalText(begun.refused))
        : enrolModal(begun, opening.isInForm);
      // Never in a message, which would keep the key.
      await updateView(context, opened.id, view);
      return null;
    });
  });

  app.view(ENROL_MODAL, async ({ ack, view, body }) => {
    await answerForm(context, { ack, view, body }, { failed: drawn(ERRORS.notChanged) }, async () => {
      const result = await confirmEnrolment(deps, body.user.id, readText(view.state.values, CODE.block, CODE.action));
      return isRefused(result)
        ? { errors: { [CODE.block]: refusalText(result.refused) } }
        : {
            view: factorMessageModal(
              drawn(view.private_metadata === OVER_FORM ? ANSWERS.codesOnInForm : ANSWERS.codesOn),
            ),
          };
    });
    // If the set-up began on Home, Home shows that it is done.
    if (view.private_metadata !== OVER_FORM) await context.showHome(body.user.id);
  });
}
