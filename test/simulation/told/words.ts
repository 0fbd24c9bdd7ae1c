/** How what people read is recognised: by what it has to say, and not by the sentences of the bot. */

import type { Instant } from '../../../src/domain/terms.ts';
import type { RequestFile } from '../model/book.ts';
import type { Words } from './letters.ts';

/** A role that the policy in force no longer has is called by its key. */
const NAMES: Readonly<Record<string, string>> = {
  'db/read': 'Database (read)',
  'db/admin': 'Database (admin)',
  'web/edit': 'Web (edit)',
  'web/view': 'Web (view)',
  'web/look': 'Web (look)',
  'team/member': 'Team (member)',
  'team/lead': 'Team (lead)',
};

export const namesRole = ({ text }: Words, ...keys: readonly string[]): boolean =>
  keys.some((key) => text.includes(NAMES[key] ?? key) || text.includes(key));

export const namesRoleOf = (words: Words, { role, wanted }: RequestFile): boolean => namesRole(words, role, wanted);

export const mention = (who: string): string => `<@${who}>`;

export const mentions = ({ text }: Words, ...people: readonly string[]): boolean =>
  people.every((who) => text.includes(mention(who)));

/** A time as Slack shows it to each reader. */
export const says = ({ text }: Words, at: Instant): boolean => text.includes(`<!date^${Math.floor(at / 1_000)}^`);

/** The same, as it reads where Slack cannot tell the reader's zone: on the clock of that zone. */
export function saysLocally({ text }: Words, at: Instant, timeZone: string): boolean {
  const clock = new Intl.DateTimeFormat('en-GB', { timeZone, hour: '2-digit', minute: '2-digit', hourCycle: 'h23' });
  const found = new RegExp(`<!date\\^${Math.floor(at / 1_000)}\\^[^|>]*\\|([^>]*)>`).exec(text);
  return found?.[1]?.includes(clock.format(at)) ?? false;
}

export const offers = ({ buttons }: Words, action: string, value: string): boolean =>
  buttons.some((button) => button.action === action && button.value === value);

/** Why access ended, in the words that have to be there. */
export const END_WORDS: Readonly<Record<string, string>> = {
  expired: 'time was up',
  shift_ended: 'shift',
  incident_resolved: 'the incident',
  revoked: 'ended early',
  person_left: 'deactivated',
  frozen: 'froze',
  provision_failed: 'could not be set up',
};

/** What somebody typed, whatever became of marks in it that nobody reads. */
export const quotes = ({ text }: Words, typed: string): boolean => ascii(text).includes(ascii(typed));

const ascii = (text: string): string => text.replace(/[^!-~]+/g, ' ').trim();
