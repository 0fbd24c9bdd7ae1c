import type { WebClient } from '@slack/web-api';
import { z } from 'zod';
import type { Principal } from '../../domain/policy.ts';
import { type Instant, type Known, known, MINUTE, type Millis, unknown } from '../../domain/terms.ts';
import type { Purpose } from '../../ports/evidence.ts';
import type { Clock, Log } from '../../ports/host.ts';
import { slackErrorCode, slackProblem, WebAPIRateLimitedError } from '../link/clients.ts';
import type { RateLimitQueue } from './rateLimitQueue.ts';

/** How old a group's members may be for a preview, or when Slack's rate limit keeps us from asking. */
const GROUP_AGE: Millis = MINUTE;

const userId = z.string().regex(/^[UW][A-Z0-9]+$/);
const membersSchema = z.object({
  ok: z.literal(true),
  users: z.array(userId),
  // The method has no pages. An answer that says it has more is not the whole of it.
  response_metadata: z.object({ next_cursor: z.literal('').optional() }).nullish(),
});
const listSchema = z.object({
  ok: z.literal(true),
  usergroups: z.array(z.object({ id: z.string(), date_delete: z.number() })),
});

/** Who is in a user group. What is not understood is not known: an answer without members is no empty group. */
export interface Groups {
  members(groupId: Principal, purpose: Purpose): Promise<Known<ReadonlySet<string>>>;
  /** The group has changed: what is remembered of it no longer counts. */
  forget(groupId: Principal): void;
}

export function createGroups(options: {
  readonly client: WebClient;
  readonly clock: Pick<Clock, 'now'>;
  readonly log: Log;
  readonly queued: RateLimitQueue;
}): Groups {
  const { client, clock, log, queued } = options;
  const asking = new Map<string, Promise<Known<ReadonlySet<string>>>>();
  const remembered = new Map<Principal, { at: Instant; members: ReadonlySet<string> }>();
  const switchedOn = createSwitchedOn(client, clock);

  /** @param isRecent what is remembered will do where Slack's rate limit is used up: changes reach us as events in between */
  async function ask(groupId: Principal, isRecent: boolean): Promise<Known<ReadonlySet<string>>> {
    const list = () => client.usergroups.users.list({ usergroup: groupId });
    try {
      const answer = membersSchema.safeParse(await (isRecent ? list() : queued('usergroups.users.list', list)));
      if (!answer.success) return notUnderstood(groupId, answer.error);
      const members = new Set(answer.data.users);
      if (members.size === 0 && !(await switchedOn.has(groupId)))
        return unknown(`the user group ${groupId} is switched off in Slack, so nobody can tell who is in it`);
      remembered.set(groupId, { at: clock.now(), members });
      return known(members);
    } catch (error) {
      const remains = remembered.get(groupId);
      if (isRecent && remains && error instanceof WebAPIRateLimitedError) return known(remains.members);
      if (error instanceof z.ZodError) return notUnderstood(groupId, error);
      const missing = slackErrorCode(error) === 'no_such_subteam';
      if (!(error instanceof WebAPIRateLimitedError)) log.warn({ err: error, groupId }, 'cannot read a user group');
      return unknown(
        missing
          ? `Slack has no user group ${groupId}; an administrator has to correct the policy`
          : `the members of ${groupId} could not be read: ${slackProblem(error)}`,
      );
    }
  }

  function notUnderstood(groupId: Principal, error: z.ZodError): Known<ReadonlySet<string>> {
    log.warn(
      { groupId, issues: error.issues.slice(0, 3) },
      'Slack described a user group in a form that is not understood',
    );
    return unknown(`Slack described the members of ${groupId} in a form that is not understood`);
  }

  return {
    members: (groupId, purpose) => {
      const earlier = remembered.get(groupId);
      const isRecent = earlier !== undefined && clock.now() - earlier.at <= GROUP_AGE;
      if (purpose === 'preview' && isRecent) return Promise.resolve(known(earlier.members));
      const asked = asking.get(groupId) ?? ask(groupId, isRecent).finally(() => asking.delete(groupId));
      asking.set(groupId, asked);
      return asked;
    },
    forget: (groupId) => {
      remembered.delete(groupId);
      switchedOn.forget();
    },
  };
}

/** A group that is switched off has no members, and is no empty group. One question answers for all of them. */
function createSwitchedOn(client: WebClient, clock: Pick<Clock, 'now'>) {
  let asked: { at: Instant; ids: ReadonlySet<string> } | null = null;
  return {
    has: async (groupId: Principal): Promise<boolean> => {
      if (!asked || clock.now() - asked.at > GROUP_AGE) {
        const { usergroups } = listSchema.parse(await client.usergroups.list({ include_disabled: true }));
        const ids = usergroups.filter((group) => group.date_delete === 0).map(({ id }) => id);
        asked = { at: clock.now(), ids: new Set(ids) };
      }
      return asked.ids.has(groupId);
    },
    forget: () => {
      asked = null;
    },
  };
}
