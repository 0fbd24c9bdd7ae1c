import { createRequire } from 'node:module';
import type { WebClient } from '@slack/web-api';
import { z } from 'zod';
import { errorText } from '../../domain/text.ts';
import { keyedLock } from '../../lifecycle/keyedLock.ts';
import type { Finding } from '../../ports.ts';
import { membership } from '../membership.ts';
import { addressPlace } from '../place.ts';
import { type ListedRole, type Provisioner, TARGET_DEADLINE, TargetRefusal } from '../provisioner.ts';
import type { Roster } from '../roster.ts';

const targetSchema = z.strictObject({
  kind: z.literal('slack'),
  /** Of an app with usergroups:read and usergroups:write; better not the bot's own. */
  token: z.string().min(1),
  api_url: z.url({ protocol: /^https?$/ }).default('https://slack.com/api/'),
});

const groupId = z.string().regex(/^S[A-Z0-9]+$/, 'expected the id of a Slack user group (S…)');
const roleSchema = z.strictObject({ groups: z.array(groupId).min(1, 'name at least one user group') });

type Target = z.infer<typeof targetSchema>;
type Role = z.infer<typeof roleSchema>;

const MEMBER = 'member';
/** By group: Slack only takes the whole list of its people. */
const lock = keyedLock();

interface Group {
  readonly users: readonly string[];
  /** Nobody is in a group that is disabled, whatever its list says. */
  readonly isDisabled: boolean;
}

/** Membership of Slack user groups: the handle that is mentioned, and the channels that come with it. */
export const slack: Provisioner<Target, Role> = {
  kind: 'slack',
  targetSchema,
  roleSchema,
  placeOf: ({ api_url: api }) => addressPlace(api),
  connect: (target, { seats, ids }) => {
    const { LogLevel, WebClient: Client } = createRequire(import.meta.url)(
      '@slack/web-api',
    ) as typeof import('@slack/web-api');
    const client = new Client(target.token, {
      slackApiUrl: target.api_url,
      timeout: TARGET_DEADLINE,
      // What is to be tried again, and when, is for the bot's own due work to say.
      retryConfig: { retries: 0 },
      rejectRateLimitedCalls: true,
      // What goes wrong is in the errors that it throws.
      logLevel: LogLevel.ERROR,
    });
    const roster = rosterOf(target, client);
    return {
      ...membership(roster, { seats, ids, accountOf: ({ person }) => person.slackId }),
      check: (roles) => check(client, roles),
      close: async () => undefined,
    };
  },
};

function rosterOf(target: Target, client: WebClient): Roster<Role> {
  async function ask<T>(call: () => Promise<T>): Promise<T> {
    try {
      return await call();
    } catch (error) {
      throw new Error(`Slack user groups: ${errorText(error)}`, { cause: error });
    }
  }

  async function read(id: string): Promise<Group> {
    const { usergroups = [] } = await ask(() =>
      client.usergroups.list({ include_users: true, include_disabled: true }),
    );
    const found = usergroups.find((group) => group.id === id);
    if (!found) throw new TargetRefusal(`Slack has no user group ${id}`);
    const isDisabled = (found.date_delete ?? 0) !== 0;
    return { users: isDisabled ? [] : (found.users ?? []), isDisabled };
  }

  return {
    scope: `slack ${target.api_url}`,
    levels: [MEMBER],
    expires: false,
    seats: ({ groups }) => groups.map((place) => ({ place, level: MEMBER })),
    placeId: async (name) => name,
    personId: async (account) => account,
    level: async (group, user) => ((await read(group)).users.includes(user) ? MEMBER : null),
    set: (group, user, level) =>
      lock(group, async () => {
        const { users, isDisabled } = await read(group);
        const others = users.filter((one) => one !== user);
        const next = level === null ? others : [...others, user];
        // A group cannot be empty: the last one out turns it off, and the next one in turns it on.
        if (next.length === 0) {
          if (!isDisabled) await ask(() => client.usergroups.disable({ usergroup: group }));
          return;
        }
        await ask(() => client.usergroups.users.update({ usergroup: group, users: next.join(',') }));
        if (isDisabled) await ask(() => client.usergroups.enable({ usergroup: group }));
      }),
    members: async (group) => (await read(group)).users.map((id) => ({ id, account: id, level: MEMBER })),
  };
}

async function check(client: WebClient, roles: readonly ListedRole<Role>[]): Promise<Finding[]> {
  const answer = await client.usergroups.list({ include_disabled: true });
  // Slack says with every answer which scopes the token has.
  const scopes = answer.response_metadata?.scopes ?? [];
  const known = new Set((answer.usergroups ?? []).map(({ id }) => id));
  const groups = [...new Set(roles.flatMap(({ role }) => role.groups))];
  return [
    {
      ok: scopes.includes('usergroups:write'),
      what: 'the token may change user groups',
      fix: 'Add the scope usergroups:write to the app, and install it again.',
    },
    ...groups.map((group) => ({
      ok: known.has(group),
      what: `there is a user group ${group}`,
      fix: 'Is the id right?',
    })),
  ];
}
