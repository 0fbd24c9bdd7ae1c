import type { WebClient } from '@slack/web-api';
import { DateTime } from 'luxon';
import { z } from 'zod';
import type { Person } from '../domain/person.ts';
import type { Principal } from '../domain/policy.ts';
import { type Instant, type Known, known, MINUTE, type Millis, SECOND, unknown } from '../domain/terms.ts';
import type { Clock, Directory, Log, Purpose } from '../ports.ts';
import { slackErrorCode, slackProblem, WebAPIRateLimitedError } from './clients.ts';
import { createNames } from './names.ts';
import { createPatience } from './patience.ts';

/** How old a group's members may be for a preview, or when Slack's rate limit keeps us from asking. */
const GROUP_AGE: Millis = MINUTE;

/** Hours of the day, where somebody is, in which they are taken to be awake. */
const WAKING_HOURS = { from: 8, to: 22 };

const dndSchema = z.object({
  dnd_enabled: z.boolean().default(false),
  next_dnd_start_ts: z.number().default(0),
  next_dnd_end_ts: z.number().default(0),
  snooze_enabled: z.boolean().default(false),
  snooze_endtime: z.number().default(0),
});

const userSchema = z.object({
  id: z.string(),
  team_id: z.string().optional(),
  deleted: z.boolean().default(false),
  is_bot: z.boolean().default(false),
  is_restricted: z.boolean().default(false),
  is_ultra_restricted: z.boolean().default(false),
  is_stranger: z.boolean().default(false),
  is_workflow_bot: z.boolean().default(false),
  tz: z.string().optional(),
  real_name: z.string().optional(),
  name: z.string().optional(),
  profile: z
    .object({ email: z.string().optional(), display_name: z.string().optional(), real_name: z.string().optional() })
    .default({}),
  enterprise_user: z.object({ teams: z.array(z.string()).default([]) }).optional(),
});

export type SlackDirectory = Directory & {
  /** A group has changed: what is remembered of it no longer counts. */
  forgetGroup(groupId: Principal): void;
};

/** Who is who, from users.info and user groups. */
export function createDirectory(
  client: WebClient,
  options: { clock: Clock; log: Log; ending?: AbortSignal },
): SlackDirectory {
  const { clock, log } = options;
  const patient = createPatience(clock, options.ending ?? new AbortController().signal);
  let ownTeam: string | undefined;
  const asking = new Map<string, Promise<Known<ReadonlySet<string>>>>();
  const remembered = new Map<Principal, { at: Instant; members: ReadonlySet<string> }>();

  async function groupMembers(groupId: Principal, purpose: Purpose): Promise<Known<ReadonlySet<string>>> {
    const earlier = remembered.get(groupId);
    const isRecent = earlier !== undefined && clock.now() - earlier.at <= GROUP_AGE;
    if (purpose === 'preview' && isRecent) return known(earlier.members);
    const asked = asking.get(groupId) ?? askMembers(groupId, isRecent).finally(() => asking.delete(groupId));
    asking.set(groupId, asked);
    return asked;
  }

  /** @param isRecent what is remembered will do where Slack's rate limit is used up: changes reach us as events in between */
  async function askMembers(groupId: Principal, isRecent: boolean): Promise<Known<ReadonlySet<string>>> {
    const list = () => client.usergroups.users.list({ usergroup: groupId });
    try {
      const { users } = await (isRecent ? list() : patient('usergroups.users.list', list));
      const members = new Set(users ?? []);
      remembered.set(groupId, { at: clock.now(), members });
      return known(members);
    } catch (error) {
      const remains = remembered.get(groupId);
      if (isRecent && remains && error instanceof WebAPIRateLimitedError) return known(remains.members);
      const missing = slackErrorCode(error) === 'no_such_subteam';
      if (!(error instanceof WebAPIRateLimitedError)) log.warn({ err: error, groupId }, 'cannot read a user group');
      return unknown(
        missing
          ? `Slack has no user group ${groupId}; an administrator has to correct the policy`
          : `the members of ${groupId} could not be read: ${slackProblem(error)}`,
      );
    }
  }

  async function lookUp(ask: () => Promise<{ user?: unknown }>): Promise<Known<Person>> {
    try {
      ownTeam ??= (await client.auth.test()).team_id;
      if (!ownTeam) return unknown('Slack does not say which workspace this is');
      const { user } = await ask();
      const parsed = userSchema.safeParse(user);
      return parsed.success
        ? judge(parsed.data, ownTeam)
        : unknown('Slack described this person in a form that is not understood');
    } catch (error) {
      if (isNobody(error)) return unknown('Slack does not know this person');
      return unknown(`this person could not be looked up: ${slackProblem(error)}`);
    }
  }

  const person = (slackId: string) => lookUp(() => patient('users.info', () => client.users.info({ user: slackId })));

  return {
    person,
    personByEmail: (email) => lookUp(() => patient('users.lookupByEmail', () => client.users.lookupByEmail({ email }))),
    hasLeft: async (slackId) => {
      try {
        const { user } = await patient('users.info', () => client.users.info({ user: slackId }));
        const parsed = userSchema.safeParse(user);
        return parsed.success && (parsed.data.deleted || parsed.data.is_restricted || parsed.data.is_ultra_restricted);
      } catch (error) {
        if (isNobody(error)) return true;
        log.warn({ problem: slackProblem(error), slackId }, 'cannot tell whether somebody is still there');
        return false;
      }
    },
    isAwake: async (person) => {
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
    },
    members: async (groupIds, purpose) =>
      new Map(await Promise.all(groupIds.map(async (id) => [id, await groupMembers(id, purpose)] as const))),
    names: createNames({ client, clock, log, patient, person }),
    forgetGroup: (groupId) => void remembered.delete(groupId),
  };
}

const isNobody = (error: unknown): boolean =>
  ['user_not_found', 'users_not_found', 'user_not_visible'].includes(slackErrorCode(error) ?? '');

/** Do-not-disturb is on now, by schedule or because they paused notifications. Slack's times are seconds. */
function isUndisturbed(dnd: z.infer<typeof dndSchema>, now: Instant): boolean {
  const scheduled = dnd.dnd_enabled && dnd.next_dnd_start_ts * SECOND <= now && now < dnd.next_dnd_end_ts * SECOND;
  return scheduled || (dnd.snooze_enabled && now < dnd.snooze_endtime * SECOND);
}

/** Only active, full, human members of this workspace take part. */
function judge(user: z.infer<typeof userSchema>, ownTeam: string): Known<Person> {
  if (user.deleted) return unknown('this account is deactivated');
  if (user.is_bot || user.is_workflow_bot || user.id === 'USLACKBOT') return unknown('this is a bot, not a person');
  if (user.is_restricted || user.is_ultra_restricted) return unknown('guests cannot take part');
  const isForeign = user.is_stranger || (user.team_id !== ownTeam && !user.enterprise_user?.teams.includes(ownTeam));
  if (isForeign) return unknown('people from other workspaces cannot take part');
  const email = user.profile.email?.toLowerCase();
  if (!email) return unknown('Slack shows no e-mail address for this account, so it cannot be matched with PagerDuty');
  const name = user.profile.display_name || user.profile.real_name || user.real_name || user.name || user.id;
  return known({ slackId: user.id, name, email, timeZone: user.tz ?? 'UTC' });
}
