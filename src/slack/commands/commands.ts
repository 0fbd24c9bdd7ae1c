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
import { FAILED } from '../failures.ts';
import { NOT_OPENED, NotOpenedError } from '../notOpened.ts';
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

/** A slip of the finger is about one letter in three; with more, the word was another. */
const closeEnough = (word: string): number => Math.floor(word.length / 3);

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
      const failed = asked.command?.failed ?? FAILED;
      await respond({ response_type: 'ephemeral', ...said(error instanceof NotOpenedError ? NOT_OPENED : failed) });
    } finally {
      waiting.cancel();
    }
  });
}

/** What is to be done, and what stands after it; no command: the form. */
type Asked = { readonly command: Command | null; readonly rest: string } | { readonly answer: string };

function understand(text: string): Asked {
  const typed = text.trim();
  // What is typed most is acknowledged soonest.
  if (typed === '') return { command: null, rest: '' };
  const [word = '', ...rest] = typed.split(/\s+/);
  const name = word.toLowerCase();
  if (name === 'help') return { answer: helpText() };
  const command = COMMANDS.find(({ names }) => names.includes(name));
  return command ? { command, rest: rest.join(' ') } : { answer: unknownText(name) };
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
    .map((name) => ({ name, away: word.length > 1 && name.startsWith(word) ? 0 : distance(word, name) }))
    .sort((a, b) => a.away - b.away);
  const hint =
    nearest && nearest.away <= closeEnough(word)
      ? ` Did you mean \`/jit ${nearest.name}\`?`
      : ' `/jit help` shows everything I know.';
  return `I do not know “${plain(cut(word, 40))}”.${hint}`;
}
