/**
 * What to send if Slack refuses a message for good, because it would refuse the same again. The text is already mrkdwn,
 * so it is cut but not escaped.
 */

import type { Log } from '../../ports/host.ts';
import { ERRORS } from '../../wording/errors.ts';
import { type Message, section } from '../kit/blocks.ts';
import { drawn } from '../kit/drawn.ts';
import { slackErrorCode } from '../link/clients.ts';
import { isForGood, isUnchangeable } from '../link/gate.ts';
import { cutMarkup } from '../link/markup.ts';

/**
 * Sends a message. If Slack refuses it for good, sends its text and buttons; if it refuses those, its text alone, which
 * says so. The reason is in the log.
 * @throws other refusals, and if even the text is refused
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
