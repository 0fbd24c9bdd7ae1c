import type { Role } from './policy.ts';
import type { Refusal } from './refusal.ts';
import { HOUR, type Instant, type Millis } from './terms.ts';
import { typed } from './text.ts';
import { ticketExample } from './ticketExample.ts';

/** Longest reason that is kept; long enough for a paragraph, short enough for every Slack text limit. */
export const REASON_MAX_LENGTH = 1000;

/** How far ahead access can be asked for: later on-call schedules are too uncertain. */
export const FURTHEST_START: Millis = 14 * 24 * HOUR;

/** Whether a number is a valid duration of access. A form may contain anything. */
export const isLength = (duration: Millis): boolean => Number.isSafeInteger(duration) && duration > 0;

/** Every problem of a request that is visible before anything is looked up. */
export function checkForm(
  role: Role,
  asked: { duration: Millis; reason: string; startsAt: Instant | null },
  now: Instant,
): Refusal[] {
  const refusals: Refusal[] = [];
  if (asked.startsAt !== null && !(asked.startsAt > now)) refusals.push({ code: 'start_not_ahead' });
  if (asked.startsAt !== null && asked.startsAt > now + FURTHEST_START)
    refusals.push({ code: 'start_too_far', max: FURTHEST_START });
  const reason = typed(asked.reason);
  if (!isLength(asked.duration)) refusals.push({ code: 'duration_not_positive' });
  if (asked.duration > role.duration.max) {
    refusals.push({ code: 'duration_too_long', max: role.duration.max, asked: asked.duration });
  }
  if (reason.length < role.reason.minLength) {
    refusals.push({ code: 'reason_too_short', minLength: role.reason.minLength });
  } else if (reason.length > REASON_MAX_LENGTH) {
    refusals.push({ code: 'reason_too_long', maxLength: REASON_MAX_LENGTH });
  } else if (role.reason.ticket && !reason.split(/\s/).some((word) => role.reason.ticket?.test(word))) {
    const { ticket } = role.reason;
    refusals.push({ code: 'ticket_missing', pattern: ticket.source, example: ticketExample(ticket) });
  }
  return refusals;
}
