import type { BlockAction, RespondFn } from '@slack/bolt';
import { section } from './blocks.ts';
import { slackProblem } from './clients.ts';
import type { SlackContext } from './context.ts';

/** The value of the button that was clicked: an id, looked up before anything rests on it. */
export function clickedValue(body: BlockAction): string {
  const action = body.actions[0];
  // Over the wire it may be anything.
  return action?.type === 'button' && typeof action.value === 'string' ? action.value : '';
}

export interface Click {
  readonly body: BlockAction;
  readonly respond: RespondFn;
}

/**
 * Does what a click asked for and tells the one who clicked, where there is something to tell: only they
 * see it. A fault becomes a sentence, never silence.
 * @param work what to do; returns the sentence to show, or null where the messages that change say enough
 */
export async function tellClicker(
  { client, deps, showHome }: Pick<SlackContext, 'client' | 'deps' | 'showHome'>,
  { body, respond }: Click,
  work: () => Promise<string | null>,
): Promise<void> {
  const personId = body.user.id;
  let text: string | null;
  try {
    text = await work();
  } catch (error) {
    deps.log.error({ err: error, personId }, 'a click could not be carried out');
    text = ':warning: Something on our side failed, so nothing was changed. Try again in a minute.';
  }
  try {
    if (body.view?.type === 'home') return await showHome(personId, text ?? undefined);
    const channel = body.channel?.id;
    if (text === null || !channel) return;
    // Only the one who asked sees such a message, wherever it is: the answer goes to the same place.
    if (body.container?.is_ephemeral)
      return void (await respond({ response_type: 'ephemeral', replace_original: false, ...said(text) }));
    const thread = body.message?.thread_ts;
    await client.chat.postEphemeral({
      channel,
      user: personId,
      ...said(text),
      ...(typeof thread === 'string' && { thread_ts: thread }),
    });
  } catch (error) {
    deps.log.warn({ problem: slackProblem(error), personId }, 'the answer to a click could not be shown');
  }
}

/** A sentence as a message: in a block, where Slack makes no links of its own. */
export const said = (text: string) => ({ text, blocks: [section(text)] });
