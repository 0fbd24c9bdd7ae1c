/** Shift-based schedules: `/v3/schedules`, as far as the published description goes for what the bot asks. */

import { type Account, type Schedule, shiftsAt } from './account.ts';
import { isoOrNull, reference } from './objects.ts';
import { ok, type Reply, refuse } from './reply.ts';

/** The largest page that these lists give, and what they give unasked. */
const MAX_LIMIT = 1_000;
const DEFAULT_LIMIT = 100;

export const isShiftBased = ({ customShifts }: Schedule): boolean => customShifts !== undefined;

export const scheduleReference = (schedule: Schedule) => ({
  ...reference('schedule', schedule.id, schedule.name),
  ...(isShiftBased(schedule) && {
    type: 'schedule_v3_reference',
    self: `https://api.pagerduty.com/v3/schedules/${schedule.id}`,
  }),
});

/** @param id null: all of them */
export function shiftBased(account: Account, id: string | null, query: URLSearchParams): Reply {
  const schedules = account.schedules.filter(isShiftBased);
  if (id === null) return listed(schedules, query);
  const schedule = schedules.find((one) => one.id === id);
  if (!schedule) return refuse(404, 'Not Found');
  const plain = {
    id,
    type: 'schedule_v3',
    name: schedule.name,
    time_zone: 'UTC',
    self: `https://api.pagerduty.com/v3/schedules/${id}`,
  };
  const [since, until] = ['since', 'until'].map((name) => Date.parse(query.get(name) ?? ''));
  const isAsked = query.getAll('include[]').includes('final_schedule');
  if (!isAsked || since === undefined || until === undefined || !(since < until)) return ok({ schedule: plain });
  return ok({ schedule: { ...plain, final_schedule: finalSchedule(schedule, { since, until }, query) } });
}

/** Only shifts at the range's beginning: the bot asks about moments. */
function finalSchedule(schedule: Schedule, { since, until }: { since: number; until: number }, query: URLSearchParams) {
  const whole = query.get('overflow') === 'true';
  const shifts = shiftsAt(schedule, since);
  return {
    type: 'final_schedule',
    rendered_coverage_percentage: shifts.length > 0 ? 100 : 0,
    computed_shift_assignments: shifts.map(({ user, start, end, source }) => ({
      type: 'computed_shift_assignment',
      start_time: isoOrNull(whole ? start : Math.max(start, since)),
      end_time: isoOrNull(whole ? end : Math.min(end, until)),
      member: { type: 'user_member', user_id: user },
      source: { type: source },
    })),
  };
}

function listed(schedules: readonly Schedule[], query: URLSearchParams): Reply {
  const limit = Number(query.get('limit') ?? DEFAULT_LIMIT);
  const offset = Number(query.get('offset') ?? 0);
  if (!(limit >= 1 && limit <= MAX_LIMIT) || !(offset >= 0)) return refuse(400, 'Invalid Input Provided');
  const references = schedules.map(scheduleReference);
  return ok({
    schedules: references.slice(offset, offset + limit),
    limit,
    offset,
    more: offset + limit < references.length,
  });
}
