import type { App } from '@slack/bolt';
import { nearestWord } from '../../../domain/nearest.ts';
import { cut } from '../../../domain/text.ts';
import { HELP } from '../../../wording/commands.ts';
import { ERRORS } from '../../../wording/errors.ts';
import { ONE_MOMENT, oneMoment, said } from '../../kit/clickAnswers.ts';
import type { Command } from '../../kit/command.ts';
import type { SlackContext } from '../../kit/context.ts';
import { drawn } from '../../kit/drawn.ts';
import { NotOpenedError } from '../../kit/notOpened.ts';
import { accessReview } from '../accessReview/listeners.ts';
import { admin } from '../admin/listeners.ts';
import { audit } from '../audit/command.ts';
import { away, back } from '../away/listeners.ts';
import { secondFactor } from '../factor/listeners.ts';
import { openForm } from '../request/form.ts';
import { breakGlassCommand } from './breakGlass.ts';
import { cancel } from './cancel.ts';
import { extend } from './extend.ts';
import { list } from './list.ts';
import { onCall } from './onCall.ts';
import { request } from './request.ts';
import { revoke } from './revoke.ts';
import { why } from './why.ts';

/** All words after `/jit`. A new one is a line here. */
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

export function listenToCommands(app: App, context: SlackContext): void {
  const { deps } = context;
  app.command('/jit', async ({ ack, command, respond }) => {
    const asked = understand(command.text);
    if ('answer' in asked) return ack({ response_type: 'ephemeral', text: asked.answer });
    await ack();
    const waiting = oneMoment(() => respond({ response_type: 'ephemeral', text: ONE_MOMENT }), deps.log);
    const to = { triggerId: command.trigger_id, personId: command.user_id };
    try {
      if (!asked.command) return await openForm(context, to, { mode: 'request' });
      await asked.command.run({
        ...context,
        ...to,
        callId: command.trigger_id,
        text: asked.rest,
        tell: async (text, blocks) =>
          void (await respond({ response_type: 'ephemeral', ...said(text), ...(blocks && { blocks }) })),
      });
    } catch (error) {
      const [name] = asked.command?.names ?? ['request'];
      deps.log.error({ err: error, command: name, personId: command.user_id }, 'a command could not be carried out');
      const failed = asked.command?.failed ?? drawn(ERRORS.notRequested);
      await respond({
        response_type: 'ephemeral',
        ...said(error instanceof NotOpenedError ? drawn(ERRORS.notOpened) : failed),
      });
    } finally {
      waiting.cancel();
    }
  });
}

/** The command and the text after it. Without a command, the form opens. */
type Asked = { readonly command: Command | null; readonly rest: string } | { readonly answer: string };

function understand(text: string): Asked {
  const typed = text.trim();
  // `/jit` alone is the most frequent, and opens the form without any lookup.
  if (typed === '') return { command: null, rest: '' };
  const [word = '', ...rest] = typed.split(/\s+/);
  const name = word.toLowerCase();
  if (name === 'help') return { answer: helpText() };
  const command = COMMANDS.find(({ names }) => names.includes(name));
  return command ? { command, rest: rest.join(' ') } : { answer: unknownText(name) };
}

export const helpText = (): string =>
  [HELP.head, ...COMMANDS.map(({ words }) => HELP.line(words)), HELP.tail].map(drawn).join('\n');

function unknownText(word: string): string {
  const names = [...COMMANDS.flatMap((command) => command.names), 'help'];
  return drawn(HELP.unknown(cut(word, 40), nearestWord(word, names)));
}
