import { createRequire } from 'node:module';
import type { WebClient } from '@slack/web-api';
import type { Finding } from '../../ports/targets.ts';
import { SLACK_GROUP_CHECKS, SLACK_GROUPS } from '../../wording/targets/slackGroups.ts';
import { membership } from '../membership.ts';
import { addressPlace } from '../place.ts';
import { type ListedRole, type Provisioner, TARGET_DEADLINE } from '../provisioner.ts';
import { rosterOf } from './groups.ts';
import { type Role, roleSchema, type Target, targetSchema } from './schemas.ts';

/** Membership of Slack user groups: their mention handle, and the channels that come with them. */
export const slack: Provisioner<Target, Role> = {
  kind: 'slack',
  isOfSlack: true,
  targetSchema,
  roleSchema,
  placeOf: ({ api_url: api }) => addressPlace(api),
  byHand: ({ role, account, person }) =>
    role.groups.map((group) => SLACK_GROUPS.byHand(group, account ?? person.slackId)),
  connect: (target, { seats, ids, polling }) => {
    const { LogLevel, WebClient: Client } = createRequire(import.meta.url)(
      '@slack/web-api',
    ) as typeof import('@slack/web-api');
    const client = new Client(target.token, {
      slackApiUrl: target.api_url,
      timeout: TARGET_DEADLINE,
      // No retries here: the bot's due work decides what to retry, and when.
      retryConfig: { retries: 0 },
      rejectRateLimitedCalls: true,
      // Failures are in the errors that it throws.
      logLevel: LogLevel.ERROR,
    });
    const roster = rosterOf(target, client);
    return {
      ...membership(roster, { seats, ids, polling, accountOf: ({ person }) => person.slackId }),
      check: (roles) => check(client, target, roles),
      close: async () => undefined,
    };
  },
};

async function check(client: WebClient, { keeper }: Target, roles: readonly ListedRole<Role>[]): Promise<Finding[]> {
  const answer = await client.usergroups.list({ include_disabled: true });
  // Slack says with every answer which scopes the token has.
  const scopes = answer.response_metadata?.scopes ?? [];
  const known = new Set((answer.usergroups ?? []).map(({ id }) => id));
  const groups = [...new Set(roles.flatMap(({ role }) => role.groups))];
  return [
    {
      ok: scopes.includes('usergroups:write'),
      what: SLACK_GROUP_CHECKS.mayChange,
      fix: SLACK_GROUP_CHECKS.addScope,
    },
    {
      ok: keeper !== undefined,
      what: SLACK_GROUP_CHECKS.keeper,
      fix: SLACK_GROUP_CHECKS.setKeeper,
    },
    ...groups.map((group) => ({
      ok: known.has(group),
      what: SLACK_GROUP_CHECKS.exists(group),
      fix: SLACK_GROUP_CHECKS.idRight,
    })),
  ];
}
