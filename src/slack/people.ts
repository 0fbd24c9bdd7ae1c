import type { WebClient } from '@slack/web-api';
import { DateTime } from 'luxon';
import { z } from 'zod';
import type { Person } from '../domain/person.ts';
import type { Principal } from '../domain/policy.ts';
import { type Instant, type Known, known, SECOND, unknown } from '../domain/terms.ts';
import type { Clock, Directory, Log } from '../ports.ts';
import { type Account, leftBecause, personOf, readAccount } from './account.ts';
import { slackErrorCode, slackProblem } from './clients.ts';
import { createGroups } from './groups.ts';
import { createNames } from './names.ts';
import { createPatience } from './patience.ts';
import { createRoster } from './roster.ts';

/** Hours of the day, where somebody is, in which they are taken to be awake. */
const WAKING_HOURS = { from: 8, to: 22 };

const dndSchema = z.object({
  dnd_enabled: z.boolean(),
  next_dnd_start_ts: z.number().default(0),
  next_dnd_end_ts: z.number().default(0),
  snooze_enabled: z.boolean().default(false),
  snooze_endtime: z.number().default(0),
});

const workspaceSchema = z.object({ ok: z.literal(true), team_id: z.string().min(1) });

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
  const groups = createGroups({ client, clock, log, patient });
  let ownTeam: string | null = null;

  /** The workspace that the bot is installed in. @throws what Slack's client throws */
  async function workspace(): Promise<Known<string>> {
    if (ownTeam !== null) return known(ownTeam);
    const answer = workspaceSchema.safeParse(await client.auth.test());
    if (!answer.success) return unknown('Slack does not say which workspace this is');
    ownTeam = answer.data.team_id;
    return known(ownTeam);
  }

  /** @param slackId who it has to be; null: it is asked by another property */
  async function lookUp(
    ask: () => Promise<{ user?: unknown }>,
    slackId: string | null,
  ): Promise<Known<{ account: Account; team: string }>> {
    const team = await workspace();
    if (!team.known) return team;
    const { user } = await ask();
    const account = readAccount(user, slackId);
    return account.known ? known({ account: account.value, team: team.value }) : account;
  }

  async function personBy(ask: () => Promise<{ user?: unknown }>, slackId: string | null): Promise<Known<Person>> {
    try {
      const found = await lookUp(ask, slackId);
      return found.known ? personOf(found.value.account, found.value.team) : found;
    } catch (error) {
      if (isNobody(error)) return unknown('Slack does not know this person');
      return unknown(`this person could not be looked up: ${slackProblem(error)}`);
    }
  }

  const info = (slackId: string) => () => patient('users.info', () => client.users.info({ user: slackId }));
  const person = (slackId: string) => personBy(info(slackId), slackId);

  return {
    person,
    personByEmail: async (email) => {
      const ask = () => patient('users.lookupByEmail', () => client.users.lookupByEmail({ email }));
      const found = await personBy(ask, null);
      return found.known && found.value.email !== email.toLowerCase()
        ? unknown('Slack answered about somebody else')
        : found;
    },
    hasLeft: async (slackId) => {
      try {
        const found = await lookUp(info(slackId), slackId);
        if (!found.known) return found;
        const left = leftBecause(found.value.account, found.value.team);
        return left.known ? known(left.value?.because ?? null) : left;
      } catch (error) {
        return isNobody(error) ? known('Slack no longer knows the account') : unknown(slackProblem(error));
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
      new Map(await Promise.all(groupIds.map(async (id) => [id, await groups.members(id, purpose)] as const))),
    everybody: createRoster({ client, clock, patient }),
    names: createNames({ client, clock, log, patient, person }),
    forgetGroup: groups.forget,
  };
}

const isNobody = (error: unknown): boolean =>
  ['user_not_found', 'users_not_found', 'user_not_visible'].includes(slackErrorCode(error) ?? '');

/** Do-not-disturb is on now, by schedule or because they paused notifications. Slack's times are seconds. */
function isUndisturbed(dnd: z.infer<typeof dndSchema>, now: Instant): boolean {
  const scheduled = dnd.dnd_enabled && dnd.next_dnd_start_ts * SECOND <= now && now < dnd.next_dnd_end_ts * SECOND;
  return scheduled || (dnd.snooze_enabled && now < dnd.snooze_endtime * SECOND);
}
