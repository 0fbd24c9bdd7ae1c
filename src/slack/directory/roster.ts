import type { WebClient } from '@slack/web-api';
import { z } from 'zod';
import type { Person } from '../../domain/person.ts';
import { type Instant, type Known, known, MINUTE, type Millis, unknown } from '../../domain/terms.ts';
import { typed } from '../../domain/text.ts';
import type { Clock } from '../../ports/host.ts';
import type { Directory } from '../../ports/people.ts';
import { slackProblem } from '../link/clients.ts';
import type { RateLimitQueue } from './rateLimitQueue.ts';

/**
 * How long the list is cached, in ms. It lacks people who joined since, but a large workspace needs many calls to read.
 */
const LIST_AGE: Millis = 10 * MINUTE;
/** Slack's maximum page size. */
const PAGE = 1_000;
/** More pages than any workspace has, so that an endless answer is an error. */
const MOST_PAGES = 500;

const memberSchema = z.object({
  id: z.string(),
  name: z.string().nullish(),
  real_name: z.string().nullish(),
  is_bot: z.boolean().nullish(),
  is_restricted: z.boolean().nullish(),
  is_ultra_restricted: z.boolean().nullish(),
  is_stranger: z.boolean().nullish(),
  profile: z.object({ email: z.string().nullish() }).nullish(),
});
const pageSchema = z.object({
  members: z.array(memberSchema),
  response_metadata: z.object({ next_cursor: z.string().nullish() }).nullish(),
});

type Member = Pick<Person, 'slackId' | 'name' | 'email'>;
interface Listed {
  /** Who can have access, now or once they come back. */
  readonly members: readonly Member[];
  /** Guests, bots and people of other workspaces. */
  readonly others: readonly Member[];
}
export interface Roster {
  readonly everybody: Directory['everybody'];
  /** Like `everybody`, and with all who cannot have access. */
  accounts(): Promise<Known<readonly Member[]>>;
}

/** All accounts of the workspace, to find out whether two people would have the same account at a target. */
export function createRoster({
  client,
  clock,
  queued,
}: {
  readonly client: WebClient;
  readonly clock: Pick<Clock, 'now'>;
  readonly queued: RateLimitQueue;
}): Roster {
  let latest: { readonly at: Instant; readonly asked: Promise<Known<Listed>> } | null = null;

  async function read(): Promise<Known<Listed>> {
    const members: Member[] = [];
    const others: Member[] = [];
    let cursor: string | undefined;
    for (let page = 0; page < MOST_PAGES; page += 1) {
      const limit = { limit: PAGE, ...(cursor && { cursor }) };
      const answer = pageSchema.safeParse(await queued('users.list', () => client.users.list(limit)));
      if (!answer.success)
        return unknown('Slack described the members of the workspace in a form that is not understood');
      for (const one of answer.data.members) (isFull(one) ? members : others).push(...withAddress(one));
      cursor = answer.data.response_metadata?.next_cursor || undefined;
      if (cursor === undefined) return known({ members, others });
    }
    return unknown('Slack named more members of the workspace than can be read');
  }

  async function list(): Promise<Known<Listed>> {
    if (latest && clock.now() - latest.at <= LIST_AGE) return latest.asked;
    const asked = read().catch(
      (error: unknown): Known<never> =>
        unknown(`who else could be called the same could not be looked up: ${slackProblem(error)}`),
    );
    const mine = { at: clock.now(), asked };
    latest = mine;
    const answer = await asked;
    // A failure is not cached.
    if (!answer.known && latest === mine) latest = null;
    return answer;
  }

  return {
    everybody: async () => {
      const answer = await list();
      return answer.known ? known(answer.value.members) : answer;
    },
    accounts: async () => {
      const answer = await list();
      return answer.known ? known([...answer.value.members, ...answer.value.others]) : answer;
    },
  };
}

type Account = z.infer<typeof memberSchema>;

/** Guests, bots and people of other workspaces cannot have access. Deactivated people may come back. */
const isFull = (one: Account): boolean =>
  !(one.is_bot || one.is_restricted || one.is_ultra_restricted || one.is_stranger);

function withAddress({ id, name, real_name, profile }: Account): Member[] {
  const email = profile?.email?.toLowerCase();
  return email ? [{ slackId: id, name: typed(real_name ?? '') || name || id, email }] : [];
}
