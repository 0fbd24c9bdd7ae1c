/** Tells shifts of a rotation from those that somebody added by hand, perhaps a minute ago. */

import { z } from 'zod';
import type { OnCallEntry } from '../domain/evidence.ts';
import { type Instant, type Known, known, SECOND } from '../domain/terms.ts';
import type { Purpose } from '../ports/evidence.ts';
import type { PagerDutyClient } from './client.ts';

/**
 * The schedule behind an entry. The two kinds of schedules have different endpoints, and neither knows the other's ids.
 */
export type ScheduleKind = 'layered' | 'shift_based';

/** @param type PagerDuty's type of the reference; without it, it is a schedule of the older kind */
export function scheduleKindOf(type: string | null | undefined): ScheduleKind | null {
  switch (type ?? 'schedule_reference') {
    case 'schedule_reference':
    case 'schedule':
      return 'layered';
    case 'schedule_v3_reference':
    case 'schedule_v3':
      return 'shift_based';
    default:
      return null;
  }
}

export const instant = z.iso
  .datetime({ offset: true })
  .max(40)
  .transform((text) => Date.parse(text));

const overridesSchema = z.object({ overrides: z.array(z.object({ user: z.object({ id: z.string().min(1) }) })) });

const assignmentSchema = z.object({
  start_time: instant,
  end_time: instant,
  member: z.discriminatedUnion('type', [
    z.object({ type: z.literal('user_member'), user_id: z.string().min(1) }),
    z.object({ type: z.literal('empty_member') }),
  ]),
  // Kinds that PagerDuty may add later do not count as a rotation.
  source: z.object({ type: z.string().min(1) }),
});
const finalScheduleSchema = z.object({
  schedule: z.object({
    id: z.string(),
    final_schedule: z.object({ computed_shift_assignments: z.array(assignmentSchema) }),
  }),
});

/** A moment as a range, which PagerDuty requires not to be empty. */
export const momentOf = (at: Instant) => ({
  since: new Date(at).toISOString(),
  until: new Date(at + SECOND).toISOString(),
});

/**
 * Whether a shift was added by hand.
 * @returns null if PagerDuty does not say; a rule that requires a planned shift is then not met
 */
export async function isOverride(
  client: PagerDutyClient,
  { entry, userId, kind }: { entry: OnCallEntry; userId: string; kind: ScheduleKind | null },
  { at, purpose }: { at: Instant; purpose: Purpose },
): Promise<boolean | null> {
  // A person who is named in the escalation policy overrides nobody. A rule can see that it is not a rotation either.
  if (!entry.schedule) return false;
  if (kind === null) return null;
  const asked = { client, schedule: entry.schedule.id, at, purpose };
  const found = kind === 'layered' ? await byOverrides(asked, userId) : await byShifts(asked, { entry, userId });
  return found.known ? found.value : null;
}

interface Asked {
  readonly client: PagerDutyClient;
  readonly schedule: string;
  readonly at: Instant;
  readonly purpose: Purpose;
}

async function byOverrides({ client, schedule, at, purpose }: Asked, userId: string): Promise<Known<boolean>> {
  const found = await client.get(`/schedules/${schedule}/overrides`, momentOf(at), overridesSchema, purpose);
  return found.known ? known(found.value.overrides.some(({ user }) => user.id === userId)) : found;
}

/**
 * Uses the schedule that PagerDuty computes. Only rotation shifts are planned: responders may give themselves custom
 * shifts and overrides of both kinds.
 */
async function byShifts(
  { client, schedule, at, purpose }: Asked,
  { entry, userId }: { entry: OnCallEntry; userId: string },
): Promise<Known<boolean | null>> {
  // With `overflow`, shifts keep their real ends. Without it, they would be cut to the requested range.
  const query = { ...momentOf(at), overflow: 'true', 'include[]': ['final_schedule'] };
  const found = await client.get(`/v3/schedules/${schedule}`, query, finalScheduleSchema, purpose);
  if (!found.known) return found;
  if (found.value.schedule.id !== schedule) return known(null);
  const theirs = found.value.schedule.final_schedule.computed_shift_assignments.filter(
    ({ member, start_time, end_time }) =>
      member.type === 'user_member' && member.user_id === userId && start_time <= at && at < end_time,
  );
  if (theirs.length === 0) return known(null);
  const turns = theirs.filter(({ source }) => source.type === 'schedule_rotation');
  if (turns.length === theirs.length) return known(false);
  // If there are also shifts added by hand, this entry is the rotation's only if it has the same times.
  return known(!turns.some((turn) => turn.start_time === entry.start && turn.end_time === entry.end));
}
