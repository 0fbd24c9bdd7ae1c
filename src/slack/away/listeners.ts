import type { App } from '@slack/bolt';
import type { ModalView } from '@slack/types';
import { z } from 'zod';
import { isRefused } from '../../domain/refusal.ts';
import { HOUR, type Instant, SECOND } from '../../domain/terms.ts';
import { delegate, endDelegation } from '../../lifecycle/delegate.ts';
import { plain, plainText, section, time } from '../blocks.ts';
import type { Command } from '../commands/command.ts';
import type { SlackContext } from '../context.ts';
import { NOT_CHANGED } from '../failures.ts';
import { answerForm, messageModal, openView } from '../forms.ts';
import { readMoment } from '../request/values.ts';
import { refusalSentence } from '../sentences.ts';

/** Reviewers who are away name a stand-in. */

const AWAY_MODAL = 'away_modal';
const TO = 'away_to';
const UNTIL = 'away_until';

export const away: Command = {
  names: ['away', 'delegate'],
  usage: '`/jit away`',
  help: 'name somebody who reviews for you while you are away',
  failed: NOT_CHANGED,
  run: async (call) => {
    await openView(call, call.triggerId, awayModal(call.deps.clock.now() + 24 * HOUR));
  },
};

export const back: Command = {
  names: ['back'],
  usage: '`/jit back`',
  help: 'you review for yourself again',
  failed: NOT_CHANGED,
  run: async ({ deps, personId, tell }) => {
    const ended = await endDelegation(deps, personId);
    return tell(
      isRefused(ended)
        ? refusalSentence(ended.refused)
        : `Welcome back. ${plain(ended.to.name)} no longer reviews for you.`,
    );
  },
};

const awayModal = (until: Instant): ModalView => ({
  type: 'modal',
  callback_id: AWAY_MODAL,
  title: plainText('While you are away', 24),
  submit: plainText('Name them', 24),
  close: plainText('Close', 24),
  blocks: [
    section('Somebody decides in your place what you are asked to review. Their name stands on it, with yours.'),
    {
      type: 'input',
      block_id: TO,
      label: plainText('Who stands in?'),
      element: { type: 'users_select', action_id: TO, placeholder: plainText('Pick a person') },
    },
    {
      type: 'input',
      block_id: UNTIL,
      label: plainText('Until when?'),
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
    await answerForm(context, { ack, view, body }, { failed: NOT_CHANGED }, async () => {
      const result = await delegate(deps, { fromId: body.user.id, toId, until });
      if (isRefused(result)) return { errors: { [TO]: refusalSentence(result.refused) } };
      const named = `:handshake: <@${result.to.slackId}> reviews for you until ${time(result.until)}, and has been told. \`/jit back\` ends it sooner.`;
      return { view: messageModal('While you are away', [section(named)]) };
    });
  });
}
