/** Reviewers who are away name a stand-in. */

import type { App } from '@slack/bolt';
import type { ModalView } from '@slack/types';
import { z } from 'zod';
import { isRefused } from '../../../domain/refusal.ts';
import { HOUR, type Instant, SECOND } from '../../../domain/terms.ts';
import { delegate, endDelegation } from '../../../lifecycle/review/delegate.ts';
import { ANSWERS } from '../../../wording/answers.ts';
import { BUTTONS } from '../../../wording/buttons.ts';
import { USAGE } from '../../../wording/commands.ts';
import { ERRORS } from '../../../wording/errors.ts';
import { AWAY_FORM } from '../../../wording/forms.ts';
import { plainText } from '../../kit/blocks.ts';
import type { Command } from '../../kit/command.ts';
import type { SlackContext } from '../../kit/context.ts';
import { drawn, paragraph } from '../../kit/drawn.ts';
import { answerForm, messageModal, openView } from '../../kit/forms.ts';
import { readMoment } from '../../kit/formValues.ts';
import { refusalText } from '../../kit/refusals.ts';

const AWAY_MODAL = 'away_modal';
const TO = 'away_to';
const UNTIL = 'away_until';

export const away: Command = {
  names: ['away', 'delegate'],
  words: USAGE.away,
  failed: drawn(ERRORS.notChanged),
  run: async (call) => {
    await openView(call, call.triggerId, awayModal(call.deps.clock.now() + 24 * HOUR));
  },
};

export const back: Command = {
  names: ['back'],
  words: USAGE.back,
  failed: drawn(ERRORS.notChanged),
  run: async ({ deps, personId, tell }) => {
    const ended = await endDelegation(deps, personId);
    return tell(isRefused(ended) ? refusalText(ended.refused) : drawn(ANSWERS.welcomeBack(ended.to.name)));
  },
};

const awayModal = (until: Instant): ModalView => ({
  type: 'modal',
  callback_id: AWAY_MODAL,
  title: plainText(AWAY_FORM.title, 24),
  submit: plainText(AWAY_FORM.submit, 24),
  close: plainText(BUTTONS.close.close, 24),
  blocks: [
    paragraph(AWAY_FORM.about),
    {
      type: 'input',
      block_id: TO,
      label: plainText(AWAY_FORM.who),
      element: { type: 'users_select', action_id: TO, placeholder: plainText(AWAY_FORM.pick) },
    },
    {
      type: 'input',
      block_id: UNTIL,
      label: plainText(AWAY_FORM.until),
      element: { type: 'datetimepicker', action_id: UNTIL, initial_date_time: Math.floor(until / SECOND) },
    },
  ],
});

const userSchema = z.object({ selected_user: z.string().nullish() });

export function listenToAbsences(app: App, context: SlackContext): void {
  const { deps } = context;
  app.view(AWAY_MODAL, async ({ ack, view, body }) => {
    const { values } = view.state;
    const toId = userSchema.safeParse(values[TO]?.[TO]).data?.selected_user ?? '';
    const until = readMoment(values, UNTIL, UNTIL) ?? 0;
    await answerForm(context, { ack, view, body }, { failed: drawn(ERRORS.notChanged) }, async () => {
      const result = await delegate(deps, { fromId: body.user.id, toId, until });
      if (isRefused(result)) return { errors: { [TO]: refusalText(result.refused) } };
      const named = ANSWERS.standInNamed(result.to.slackId, result.until);
      return { view: messageModal(AWAY_FORM.title, [paragraph(named)]) };
    });
  });
}
