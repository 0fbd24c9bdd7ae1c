import type { Log } from '../ports.ts';
import { type Message, plain, section } from './blocks.ts';
import { slackErrorCode } from './clients.ts';
import { isForGood, isUnchangeable } from './gate.ts';

/** What is sent where Slack refuses a message for good: sending the same again would only be refused again. */

/**
 * Sends a message; where Slack refuses what it holds for good, its words and buttons; and where it refuses those, its
 * words alone, which say so. Whoever runs the bot finds the reason in the log.
 * @throws what Slack refuses for any other reason, and what it refuses even then
 */
export async function sendPlainly<T>(
  log: Pick<Log, 'error'>,
  key: string,
  message: Message,
  send: (message: Message) => Promise<T>,
): Promise<T> {
  const [first, ...simpler] = [message, wordsAndButtons(message), words(message)];
  let refused: unknown;
  for (const next of [first, ...simpler]) {
    if (!next) continue;
    try {
      return await send(next);
    } catch (error) {
      const code = slackErrorCode(error);
      if (!isForGood(code) || isUnchangeable(code)) throw error;
      log.error({ err: error, code, message: key }, 'Slack refuses a message for good; it is sent in plainer words');
      refused = error;
    }
  }
  throw refused;
}

const SIMPLER = 'Slack would not take the whole of this message. Everything is in the record: `/jit why` shows it.';

const wordsAndButtons = ({ text, blocks }: Message): Message => ({
  text,
  blocks: [section(`${plain(text)}\n_${SIMPLER}_`), ...blocks.filter(({ type }) => type === 'actions')],
});

const words = ({ text }: Message): Message => ({
  text: `${plain(text)}\n${SIMPLER} What there is to decide is on the Home of this app, too.`,
  blocks: [],
});
