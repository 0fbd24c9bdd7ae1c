import type { BlockAction, RespondFn } from '@slack/bolt';
import type { ModalView } from '@slack/types';
import { type Millis, SECOND } from '../../domain/terms.ts';
import type { Log } from '../../ports/host.ts';
import { ANSWERS } from '../../wording/answers.ts';
import { ERRORS } from '../../wording/errors.ts';
import { slackProblem } from '../link/clients.ts';
import { section } from './blocks.ts';
import type { SlackContext } from './context.ts';
import { drawn } from './drawn.ts';
import { NotOpenedError } from './notOpened.ts';

/** The value of the clicked button: an id, which is looked up before it is used. */
export function clickedValue(body: BlockAction): string {
  const action = body.actions[0];
  // It comes over the network, so it may have any shape.
  return action?.type === 'button' && typeof action.value === 'string' ? action.value : '';
}

export interface Click {
  readonly body: BlockAction;
  readonly respond: RespondFn;
}

export const ONE_MOMENT = drawn(ANSWERS.oneMoment);
/** After this time without an answer, the person is told to wait, in ms. */
const WORD_AFTER: Millis = 2 * SECOND;

/** Tells the person to wait, if an answer takes long. */
export function oneMoment(tell: () => Promise<unknown>, log: Pick<Log, 'warn'>): { cancel(): void } {
  const timer = setTimeout(() => {
    tell().catch((error: unknown) =>
      log.warn({ problem: slackProblem(error) }, 'a word while waiting could not be shown'),
    );
  }, WORD_AFTER);
  return { cancel: () => clearTimeout(timer) };
}

/**
 * Runs the work of a click, and shows the result only to the person who clicked. An error becomes a sentence, never
 * silence.
 * @param work returns the sentence to show, or null if the changed messages say enough
 * @param failed what to say if the work fails
 */
export async function tellClicker(
  { client, deps, windows, showHome }: Pick<SlackContext, 'client' | 'deps' | 'windows' | 'showHome'>,
  { body, respond }: Click,
  work: () => Promise<string | null>,
  failed = drawn(ERRORS.notChanged),
): Promise<void> {
  const personId = body.user.id;
  const waiting = body.view ? null : oneMoment(() => tell(ONE_MOMENT), deps.log);
  let text: string | null;
  try {
    text = await work();
  } catch (error) {
    deps.log.error({ err: error, personId }, 'a click could not be carried out');
    text = error instanceof NotOpenedError ? drawn(ERRORS.notOpened) : failed;
  } finally {
    waiting?.cancel();
  }
  try {
    if (body.view?.type === 'home') return await showHome(personId, text ?? undefined);
    if (text !== null && body.view?.type === 'modal') return await tellInForm(body.view.id, text);
    if (text !== null) await tell(text);
  } catch (error) {
    deps.log.warn({ problem: slackProblem(error), personId }, 'the answer to a click could not be shown');
  }

  async function tellInForm(viewId: string, sentence: string): Promise<void> {
    if (!(await windows.say(viewId, sentence))) await tellPrivately({ client, deps }, personId, said(sentence));
  }

  /** Only the person who clicked sees it, wherever the button was. */
  async function tell(sentence: string): Promise<void> {
    const channel = body.channel?.id;
    if (!channel) return;
    if (body.container?.is_ephemeral)
      return void (await respond({ response_type: 'ephemeral', replace_original: false, ...said(sentence) }));
    const thread = body.message?.thread_ts;
    try {
      await client.chat.postEphemeral({
        channel,
        user: personId,
        ...said(sentence),
        ...(typeof thread === 'string' && { thread_ts: thread }),
      });
    } catch (error) {
      deps.log.warn({ problem: slackProblem(error), personId }, 'an answer to a click takes the other way');
      // A click comes with a response URL, for which the bot needs no token.
      await respond({ response_type: 'ephemeral', replace_original: false, ...said(sentence) });
    }
  }
}

/** Sends a private message, if there is no other way left. */
export async function tellPrivately(
  { client, deps }: Pick<SlackContext, 'client' | 'deps'>,
  personId: string,
  message: { readonly text: string; readonly blocks: ModalView['blocks'] },
): Promise<void> {
  try {
    await client.chat.postMessage({ channel: personId, ...message });
  } catch (error) {
    deps.log.warn({ problem: slackProblem(error), personId }, 'an answer could not be shown');
  }
}

/** A sentence as a message, in a block, where Slack creates no links. */
export const said = (text: string) => ({ text, blocks: [section(text)] });
