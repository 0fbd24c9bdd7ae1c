/**
 * What is sent where Slack refuses a message for good: sending the same again would only be refused again. The text of a
 * message is mrkdwn already, so it is cut and not escaped.
 */

import type { Log } from '../../ports/host.ts';
import { ERRORS } from '../../wording/errors.ts';
import { type Message, section } from '../kit/blocks.ts';
import { drawn } from '../kit/drawn.ts';
import { slackErrorCode } from '../link/clients.ts';
import { isForGood, isUnchangeable } from '../link/gate.ts';
import { cutMarkup } from '../link/markup.ts';

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

const MOST_WORDS = 1_500;
const SIMPLER = drawn(ERRORS.simpler);

const wordsAndButtons = ({ text, blocks }: Message): Message => ({
  text,
  blocks: [section(`${cutMarkup(text, MOST_WORDS)}\n_${SIMPLER}_`), ...blocks.filter(({ type }) => type === 'actions')],
});

const words = ({ text }: Message): Message => ({
  text: `${cutMarkup(text, MOST_WORDS)}\n${SIMPLER} ${drawn(ERRORS.decideAtHome)}`,
  blocks: [],
});
