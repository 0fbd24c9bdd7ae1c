import type { WebClient } from '@slack/web-api';
import { mailboxOf, type Named } from '../../domain/person.ts';
import type { Principal } from '../../domain/policy.ts';
import { type Known, known } from '../../domain/terms.ts';
import type { Clock, Log } from '../../ports/host.ts';
import type { Directory } from '../../ports/people.ts';
import { createAccounts } from './accounts.ts';
import { createIsAwake } from './awake.ts';
import { createGroups } from './groups.ts';
import { createNames } from './names.ts';
import { createRateLimitQueue } from './rateLimitQueue.ts';
import { createRoster, type Roster } from './roster.ts';

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
  const { addressOwner, ...accounts } = createAccounts(client, queued);
  const roster = createRoster({ client, clock, queued });
  return {
    ...accounts,
    isAwake: createIsAwake(client, clock),
    members: async (groupIds, purpose) =>
      new Map(await Promise.all(groupIds.map(async (id) => [id, await groups.members(id, purpose)] as const))),
    everybody: roster.everybody,
    mailboxOwner: createMailboxOwner(addressOwner, roster),
    names: createNames({ client, clock, log, queued, person: accounts.person }),
    forgetGroup: groups.forget,
  };
}

function createMailboxOwner(
  addressOwner: (email: string) => Promise<Known<Named | null>>,
  roster: Pick<Roster, 'accounts'>,
): Directory['mailboxOwner'] {
  return async (email) => {
    const mailbox = mailboxOf(email);
    for (const address of new Set([email.toLowerCase(), mailbox])) {
      const owner = await addressOwner(address);
      if (!owner.known || owner.value) return owner;
    }
    const accounts = await roster.accounts();
    if (!accounts.known) return accounts;
    return known(accounts.value.find((one) => mailboxOf(one.email) === mailbox) ?? null);
  };
}
