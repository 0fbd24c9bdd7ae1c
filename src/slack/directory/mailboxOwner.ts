/** Whose mailbox an address is, of whatever kind their account at Slack. */

import type { WebClient } from '@slack/web-api';
import { mailboxOf, type Named } from '../../domain/person.ts';
import { type Known, known, unknown } from '../../domain/terms.ts';
import type { Directory } from '../../ports/people.ts';
import { slackErrorCode, slackProblem } from '../link/clients.ts';
import { nameOf, readAccount } from './account.ts';
import type { RateLimitQueue } from './rateLimitQueue.ts';
import type { Roster } from './roster.ts';

export function createMailboxOwner(
  client: WebClient,
  queued: RateLimitQueue,
  roster: Pick<Roster, 'accounts'>,
): Directory['mailboxOwner'] {
  async function addressOwner(email: string): Promise<Known<Named | null>> {
    try {
      const { user } = await queued('users.lookupByEmail', () => client.users.lookupByEmail({ email }));
      const account = readAccount(user, null);
      return account.known ? known({ slackId: account.value.id, name: nameOf(account.value) }) : account;
    } catch (error) {
      // No other error says that nobody has it: an account that is hidden from the bot is somebody's.
      return slackErrorCode(error) === 'users_not_found' ? known(null) : unknown(slackProblem(error));
    }
  }

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
