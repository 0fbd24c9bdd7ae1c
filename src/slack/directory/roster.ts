import type { WebClient } from '@slack/web-api';
import { z } from 'zod';
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

type Everybody = Awaited<ReturnType<Directory['everybody']>>;

/** All people of the workspace, to find out whether two of them would have the same account at a target. */
export function createRoster({
  client,
  clock,
  queued,
}: {
  readonly client: WebClient;
  readonly clock: Pick<Clock, 'now'>;
  readonly queued: RateLimitQueue;
}): Directory['everybody'] {
  let latest: { readonly at: Instant; readonly asked: Promise<Everybody> } | null = null;

  async function read(): Promise<Everybody> {
    const found: (Everybody & { known: true })['value'][number][] = [];
    let cursor: string | undefined;
    for (let page = 0; page < MOST_PAGES; page += 1) {
      const limit = { limit: PAGE, ...(cursor && { cursor }) };
      const answer = pageSchema.safeParse(await queued('users.list', () => client.users.list(limit)));
      if (!answer.success)
        return unknown('Slack described the members of the workspace in a form that is not understood');
      for (const member of answer.data.members) found.push(...fullMember(member));
      cursor = answer.data.response_metadata?.next_cursor || undefined;
      if (cursor === undefined) return known(found);
    }
    return unknown('Slack named more members of the workspace than can be read');
  }

  return async () => {
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
  };
}

/**
 * Leaves out guests, bots and people of other workspaces, who cannot have access. Deactivated people stay, because they
 * may come back.
 */
function fullMember(member: z.infer<typeof memberSchema>) {
  const email = member.profile?.email?.toLowerCase();
  if (!email || member.is_bot || member.is_restricted || member.is_ultra_restricted || member.is_stranger) return [];
  return [{ slackId: member.id, name: typed(member.real_name ?? '') || member.name || member.id, email }];
}
