/** Looks up who is on call, by person and by escalation policy. */

import type { z } from 'zod';
import type { OnCallEntry } from '../domain/evidence.ts';
import type { Person } from '../domain/person.ts';
import { type Instant, type Known, known, unknown } from '../domain/terms.ts';
import type { Purpose } from '../ports/evidence.ts';
import type { Clock } from '../ports/host.ts';
import type { AtLevel } from '../ports/pagerDuty.ts';
import type { PagerDutyClient } from './client.ts';
import { isOverride, momentOf, scheduleKindOf } from './plannedShifts.ts';
import { atLevelSchema, onCallSchema } from './schemas.ts';
import type { Users } from './users.ts';

type Said = z.infer<typeof onCallSchema>;

/** Includes users and policies, so that one call is enough. */
const WHOLE = { 'include[]': ['users', 'escalation_policies'] };

export async function entriesOf(
  person: Person,
  { client, users, clock }: { client: PagerDutyClient; users: Users; clock: Pick<Clock, 'now'> },
  purpose: Purpose,
  { at, overrides = false }: { readonly at?: Instant; readonly overrides?: boolean },
): Promise<Known<readonly OnCallEntry[]>> {
  const identity = await users.identify(person, purpose);
  if (!identity.known) return identity;
  const { userId, address } = identity.value;
  // Without `since` and `until`, PagerDuty answers for now.
  const query = { 'user_ids[]': [userId], ...WHOLE, ...(at !== undefined && momentOf(at)) };
  const found = await client.list('/oncalls', query, 'oncalls', onCallSchema, purpose);
  if (!found.known) return found;
  if (found.value.some(({ user }) => user.id !== userId || user.email.toLowerCase() !== address)) {
    users.forget(identity.value);
    return unknown("PagerDuty's answer was about somebody else; ask again");
  }
  const moment = { at: at ?? clock.now(), purpose };
  const mark = async (said: Said): Promise<OnCallEntry> => {
    const entry = toEntry(said);
    const kind = scheduleKindOf(said.schedule?.type);
    return { ...entry, isOverride: await isOverride(client, { entry, userId, kind }, moment) };
  };
  return known(overrides ? await Promise.all(found.value.map(mark)) : found.value.map(toEntry));
}

export async function onCallFor(
  client: PagerDutyClient,
  escalationPolicy: string,
  level: number,
): Promise<Known<AtLevel>> {
  const query = { 'escalation_policy_ids[]': [escalationPolicy], ...WHOLE };
  const found = await client.list('/oncalls', query, 'oncalls', atLevelSchema, 'decision');
  if (!found.known) return found;
  if (found.value.some(({ escalation_policy: { id: policy } }) => policy !== escalationPolicy))
    return unknown("PagerDuty's answer was about another escalation policy");
  const atLevel = found.value.filter((entry) => entry.escalation_level === level);
  const users = atLevel.flatMap((entry) => ('user' in entry ? [entry.user] : []));
  const unread = atLevel.length - users.length;
  return known({
    addresses: [...new Set(users.map(({ email }) => email.toLowerCase()))],
    unread: unread === 0 ? null : `PagerDuty does not say who ${unread} of the ${atLevel.length} entries on call is`,
  });
}

function toEntry(entry: z.infer<typeof onCallSchema>): OnCallEntry {
  const { escalation_policy: policy } = entry;
  return {
    escalationPolicy: { id: policy.id, name: policy.name ?? policy.summary ?? policy.id },
    services: policy.services,
    schedule: entry.schedule && { id: entry.schedule.id, name: entry.schedule.summary ?? entry.schedule.id },
    level: entry.escalation_level,
    start: entry.start,
    end: entry.end,
    isOverride: null,
  };
}
