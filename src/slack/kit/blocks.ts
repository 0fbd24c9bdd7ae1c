/** Small builders over Block Kit, with its limits. https://docs.slack.dev/reference/block-kit */

import type {
  Button,
  ContextBlock,
  KnownBlock,
  MrkdwnElement,
  PlainTextElement,
  RichTextBlock,
  SectionBlock,
} from '@slack/types';
import { DateTime } from 'luxon';
import type { Instant } from '../../domain/terms.ts';
import { cut, visible } from '../../domain/text.ts';
import { NO_REASON } from '../../wording/forms.ts';
import { cutMarkup } from '../link/markup.ts';

export const LIMITS = {
  sectionText: 3000,
  optionText: 75,
  buttonText: 75,
  contextText: 2000,
  options: 100,
  blocks: 50,
  homeBlocks: 100,
} as const;

/** A message: blocks for the screen, text for notifications and screen readers. */
export interface Message {
  readonly text: string;
  readonly blocks: KnownBlock[];
}

/** Maximum length of quoted text inside our own, as it is sent. */
const PLAIN_MAX = 1_500;

/**
 * Escapes text from people for our mrkdwn, so that it becomes no mention, link, formatting or emoji.
 * @param most maximum length as sent, with escapes
 */
export const plain = (text: string, most: number = PLAIN_MAX): string =>
  cutMarkup(escaped(cut(visible(text), most)), most);

/** Line breaks and other spaces, except one no-break space within a text such as `1 h`. */
const SPACES = /(?:(?!(?<=[\p{L}\p{N}])\u00a0(?=[\p{L}\p{N}]))[\p{Cc}\s])+/gu;

const escaped = (text: string): string =>
  text
    .replace(SPACES, ' ')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replace(/[*~`]/g, '')
    // A word joiner inside prevents `:white_check_mark:` from looking like our own check mark.
    .replace(/:(?=[\w+'-]+:)/g, ':\u2060')
    // An underscore inside a word formats nothing, and logins contain them.
    .replace(/(?<![\p{L}\p{N}])_+|_+(?![\p{L}\p{N}])/gu, '');

export const code = (text: string): string => `\`${visible(text).replace(/[`<>&\p{Cc}]/gu, '')}\``;

/** `verbatim` prevents Slack from turning words into links and channel names. */
export const mrkdwn = (text: string): MrkdwnElement => ({
  type: 'mrkdwn',
  text: cutMarkup(text, LIMITS.sectionText),
  verbatim: true,
});
export const plainText = (text: string, limit: number = LIMITS.optionText): PlainTextElement => ({
  type: 'plain_text',
  text: cut(visible(text), limit),
  emoji: false,
});

export const section = (text: string, blockId?: string): SectionBlock => ({
  type: 'section',
  text: mrkdwn(text),
  ...(blockId && { block_id: blockId }),
});
export const context = (text: string): ContextBlock => ({
  type: 'context',
  elements: [mrkdwn(cutMarkup(text, LIMITS.contextText))],
});

/** Text that a person typed, shown as plain text: rich text elements are not parsed. */
export const quote = (text: string): RichTextBlock => ({
  type: 'rich_text',
  elements: [{ type: 'rich_text_quote', elements: [{ type: 'text', text: visible(text) || NO_REASON }] }],
});

export const button = (text: string, actionId: string, value: string, extra: Partial<Button> = {}): Button => ({
  type: 'button',
  text: plainText(text, LIMITS.buttonText),
  action_id: actionId,
  value,
  ...extra,
});

const DAY_MS = 24 * 60 * 60 * 1000;

/** A time as text in a zone: `18:00`, or with the day if it is not within the next 24 hours. */
export function timeIn(at: Instant, timeZone: string, now: Instant): string {
  const local = DateTime.fromMillis(at, { zone: timeZone });
  return at - now < DAY_MS && at >= now ? local.toFormat('HH:mm') : local.toFormat('ccc d LLL HH:mm');
}

/** A time that Slack shows in each reader's own time zone. */
export function time(at: Instant, fallbackZone = 'UTC'): string {
  const fallback = DateTime.fromMillis(at, { zone: fallbackZone }).toFormat('ccc d LLL HH:mm ZZZZ');
  return `<!date^${Math.floor(at / 1000)}^{date_short_pretty} at {time}|${fallback}>`;
}
