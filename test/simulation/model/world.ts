/** Who people are and what they may, by what is so in the world at a moment. */

import { HOUR, type Instant, MINUTE, type Millis, SECOND } from '../../../src/domain/terms.ts';
import type { Moment } from '../past.ts';

/** How old what somebody decides on may be: an answer that was long under way, and what follows from it. */
export const EVIDENCE: Millis = 10 * MINUTE;
/** How long what was asked for may wait until it is written down, where another program holds the database. */
export const WRITTEN: Millis = 10 * SECOND;
/** Who was seen to be an administrator or reviewer so lately may take access away, where Slack does not answer. */
export const SEEN: Millis = 24 * HOUR + 20 * MINUTE;

export const ENGINEERS = 'S0ENGINEERS';
export const ADMINS = 'S0SECURITY';

/** Two of the accounts are one human's. */
export const humanOf = (id: string): string => (id === 'U0DEV' ? 'U0BEN' : id);
export const accountsOf = (id: string): readonly string[] => (humanOf(id) === 'U0BEN' ? ['U0BEN', 'U0DEV'] : [id]);

export const isIn = ({ groups }: Moment, group: string, who: string): boolean =>
  groups.get(group)?.includes(who) ?? false;
export const isMember = ({ members }: Moment, who: string): boolean => members.has(who);
export const isAdmin = (moment: Moment, who: string): boolean => isMember(moment, who) && isIn(moment, ADMINS, who);
export const isOnCall = ({ shifts }: Moment, at: Instant, who: string, most: number): boolean =>
  [...shifts].some(([level, { slackId, until }]) => level <= most && slackId === who && at <= until);

export const isAt = ({ shifts }: Moment, at: Instant, who: string, level: number): boolean => {
  const shift = shifts.get(level);
  return shift?.slackId === who && at <= shift.until;
};
