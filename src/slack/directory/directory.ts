import type { WebClient } from '@slack/web-api';
import type { Principal } from '../../domain/policy.ts';
import type { Clock, Log } from '../../ports/host.ts';
import type { Directory } from '../../ports/people.ts';
import { createAccounts } from './accounts.ts';
import { createIsAwake } from './awake.ts';
import { createGroups } from './groups.ts';
import { createMailboxOwner } from './mailboxOwner.ts';
import { createNames } from './names.ts';
import { createRateLimitQueue } from './rateLimitQueue.ts';
import { createRoster } from './roster.ts';

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
  const queued = createRateLimitQueue(clock, options.ending ?? new AbortController().signal);
  const groups = createGroups({ client, clock, log, queued });
  const accounts = createAccounts(client, queued);
  const roster = createRoster({ client, clock, queued });
  return {
    ...accounts,
    isAwake: createIsAwake(client, clock),
    members: async (groupIds, purpose) =>
      new Map(await Promise.all(groupIds.map(async (id) => [id, await groups.members(id, purpose)] as const))),
    everybody: roster.everybody,
    mailboxOwner: createMailboxOwner(client, queued, roster),
    names: createNames({ client, clock, log, queued, person: accounts.person }),
    forgetGroup: groups.forget,
  };
}
