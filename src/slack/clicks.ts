import type { BlockAction } from '@slack/bolt';
import type { WebClient } from '@slack/web-api';
import type { Log } from '../ports.ts';
import { slackProblem } from './clients.ts';

/** The value of the button that was clicked: an id, looked up before anything rests on it. */
export function clickedValue(body: BlockAction): string {
  const action = body.actions[0];
  return action?.type === 'button' ? (action.value ?? '') : '';
}

/**
 * Does what a click asked for and tells the one who clicked, where there is something to tell: only they
 * see it. A fault becomes a sentence, never silence.
 * @param work what to do; returns the sentence to show, or null where the messages that change say enough
 */
export async function tellClicker(
  to: { client: WebClient; log: Log },
  body: BlockAction,
  work: () => Promise<string | null>,
): Promise<void> {
  let text: string | null;
  try {
    text = await work();
  } catch (error) {
    to.log.error({ err: error, personId: body.user.id }, 'a click could not be carried out');
    text = ':warning: Something on our side failed, so nothing was changed. Try again in a minute.';
  }
  const channel = body.channel?.id;
  if (text === null || !channel) return;
  const thread = body.message?.thread_ts;
  try {
    await to.client.chat.postEphemeral({
      channel,
      user: body.user.id,
      text,
      ...(typeof thread === 'string' && { thread_ts: thread }),
    });
  } catch (error) {
    to.log.warn({ problem: slackProblem(error), personId: body.user.id }, 'the answer to a click could not be shown');
  }
}
