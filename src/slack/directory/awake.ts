import type { WebClient } from '@slack/web-api';
import { DateTime } from 'luxon';
import { z } from 'zod';
import type { Person } from '../../domain/person.ts';
import { type Instant, type Known, known, SECOND, unknown } from '../../domain/terms.ts';
import type { Clock } from '../../ports/host.ts';
import { slackProblem } from '../link/clients.ts';

/** Hours of the day, where somebody is, in which they are taken to be awake. */
const WAKING_HOURS = { from: 8, to: 22 };

const dndSchema = z.object({
  dnd_enabled: z.boolean(),
  next_dnd_start_ts: z.number().default(0),
  next_dnd_end_ts: z.number().default(0),
  snooze_enabled: z.boolean().default(false),
  snooze_endtime: z.number().default(0),
});

/** Whether it is daytime where somebody is, and they let themselves be disturbed. */
export const createIsAwake =
  (client: WebClient, clock: Pick<Clock, 'now'>) =>
  async (person: Person): Promise<Known<boolean>> => {
    try {
      const now = clock.now();
      const answer = dndSchema.safeParse(await client.dnd.info({ user: person.slackId }));
      if (!answer.success) return unknown('Slack described do-not-disturb in a form that is not understood');
      if (isUndisturbed(answer.data, now)) return known(false);
      const { hour } = DateTime.fromMillis(now, { zone: person.timeZone });
      return known(hour >= WAKING_HOURS.from && hour < WAKING_HOURS.to);
    } catch (error) {
      return unknown(`whether they are awake could not be looked up: ${slackProblem(error)}`);
    }
  };

/** Do-not-disturb is on now, by schedule or because they paused notifications. Slack's times are seconds. */
function isUndisturbed(dnd: z.infer<typeof dndSchema>, now: Instant): boolean {
  const scheduled = dnd.dnd_enabled && dnd.next_dnd_start_ts * SECOND <= now && now < dnd.next_dnd_end_ts * SECOND;
  return scheduled || (dnd.snooze_enabled && now < dnd.snooze_endtime * SECOND);
}
