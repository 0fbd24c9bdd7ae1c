import type { WebClient } from '@slack/web-api';
import { z } from 'zod';
import type { Person } from '../../domain/person.ts';
import { type Known, known, unknown } from '../../domain/terms.ts';
import { slackErrorCode, slackProblem } from '../link/clients.ts';
import { type Account, leftBecause, personOf, readAccount } from './account.ts';
import type { RateLimitQueue } from './rateLimitQueue.ts';

const workspaceSchema = z.object({ ok: z.literal(true), team_id: z.string().min(1) });

/** Asks Slack for one account, in whichever way. */
type Question = () => Promise<{ user?: unknown }>;

/** Accounts, seen from the workspace that the bot is installed in. */
export function createAccounts(client: WebClient, queued: RateLimitQueue) {
  let ownTeam: string | null = null;

  /** @throws what Slack's client throws */
  async function workspace(): Promise<Known<string>> {
    if (ownTeam !== null) return known(ownTeam);
    const answer = workspaceSchema.safeParse(await client.auth.test());
    if (!answer.success) return unknown('Slack does not say which workspace this is');
    ownTeam = answer.data.team_id;
    return known(ownTeam);
  }

  /** @param slackId who it has to be; null: it is asked by another property */
  async function find(ask: Question, slackId: string | null): Promise<Known<{ account: Account; team: string }>> {
    const team = await workspace();
    if (!team.known) return team;
    const { user } = await ask();
    const account = readAccount(user, slackId);
    return account.known ? known({ account: account.value, team: team.value }) : account;
  }

  async function personBy(ask: Question, slackId: string | null): Promise<Known<Person>> {
    try {
      const found = await find(ask, slackId);
      return found.known ? personOf(found.value.account, found.value.team) : found;
    } catch (error) {
      if (isNobody(error)) return unknown('Slack does not know this person');
      return unknown(`this person could not be looked up: ${slackProblem(error)}`);
    }
  }

  const info = (slackId: string) => () => queued('users.info', () => client.users.info({ user: slackId }));

  return {
    person: (slackId: string) => personBy(info(slackId), slackId),
    personByEmail: async (email: string): Promise<Known<Person>> => {
      const ask = () => queued('users.lookupByEmail', () => client.users.lookupByEmail({ email }));
      const found = await personBy(ask, null);
      return found.known && found.value.email !== email.toLowerCase()
        ? unknown('Slack answered about somebody else')
        : found;
    },
    hasLeft: async (slackId: string): Promise<Known<string | null>> => {
      try {
        const found = await find(info(slackId), slackId);
        if (!found.known) return found;
        const left = leftBecause(found.value.account, found.value.team);
        return left.known ? known(left.value?.because ?? null) : left;
      } catch (error) {
        return isNobody(error) ? known('Slack no longer knows the account') : unknown(slackProblem(error));
      }
    },
  };
}

const isNobody = (error: unknown): boolean =>
  ['user_not_found', 'users_not_found', 'user_not_visible'].includes(slackErrorCode(error) ?? '');
