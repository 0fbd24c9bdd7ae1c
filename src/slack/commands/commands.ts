import type { App } from '@slack/bolt';
import { distance } from 'fastest-levenshtein';
import { cut } from '../../domain/text.ts';
import { accessReview } from '../accessReview/listeners.ts';
import { admin } from '../admin/listeners.ts';
import { audit } from '../audit/command.ts';
import { away, back } from '../away/listeners.ts';
import { plain } from '../blocks.ts';
import { ONE_MOMENT, oneMoment, said } from '../clicks.ts';
import type { SlackContext } from '../context.ts';
import { secondFactor } from '../factor/listeners.ts';
import { FAILED } from '../request/answers.ts';
import { openForm } from '../request/form.ts';
import type { Command } from './command.ts';
import { onCall, why } from './insight.ts';
import { cancel, extend, list, revoke } from './mine.ts';
import { breakGlassCommand, request } from './request.ts';

/** Everything that can stand after `/jit`. A new word is a line here. */
const COMMANDS: readonly Command[] = [
  request,
  list,
  extend,
  revoke,
  cancel,
  onCall,
  why,
  breakGlassCommand,
  away,
  back,
  secondFactor,
  audit,
  accessReview,
  admin,
];

/** A word further from every command than this is not a slip of the finger. */
const CLOSE_ENOUGH = 3;

export function listenToCommands(app: App, context: SlackContext): void {
  const { deps } = context;
  app.command('/jit', async ({ ack, command, respond }) => {
    const [word = '', ...rest] = command.text.trim().split(/\s+/);
    const name = word.toLowerCase();
    if (name === 'help') return ack({ response_type: 'ephemeral', text: helpText() });
    const found = COMMANDS.find(({ names }) => names.includes(name));
    if (name !== '' && !found) return ack({ response_type: 'ephemeral', text: unknownText(name) });
    await ack();
    const waiting = oneMoment(() => respond({ response_type: 'ephemeral', text: ONE_MOMENT }), deps.log);
    const to = { triggerId: command.trigger_id, personId: command.user_id };
    try {
      if (!found) return await openForm(context, to, { mode: 'request' });
      await found.run({
        ...context,
        ...to,
        callId: command.trigger_id,
        text: rest.join(' '),
        tell: async (text, blocks) =>
          void (await respond({ response_type: 'ephemeral', ...said(text), ...(blocks && { blocks }) })),
      });
    } catch (error) {
      deps.log.error({ err: error, command: name, personId: command.user_id }, 'a command could not be carried out');
      await respond({ response_type: 'ephemeral', text: FAILED });
    } finally {
      waiting.cancel();
    }
  });
}

export const helpText = (): string =>
  [
    '*Access for as long as you need it, and no longer.*',
    '`/jit` opens the request form: pick what you need, for how long, and say why.',
    ...COMMANDS.map(({ usage, help }) => `${usage}: ${help}`),
    '`/jit help`: this',
  ].join('\n');

function unknownText(word: string): string {
  const names = [...COMMANDS.flatMap((command) => command.names), 'help'];
  const [nearest] = names
    .map((name) => ({ name, away: name.startsWith(word) ? 0 : distance(word, name) }))
    .sort((a, b) => a.away - b.away);
  const hint =
    nearest && nearest.away <= CLOSE_ENOUGH
      ? ` Did you mean \`/jit ${nearest.name}\`?`
      : ' `/jit help` shows everything I know.';
  return `I do not know “${plain(cut(word, 40))}”.${hint}`;
}
