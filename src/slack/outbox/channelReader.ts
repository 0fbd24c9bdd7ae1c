import type { WebClient } from '@slack/web-api';
import { z } from 'zod';
import { type Instant, SECOND } from '../../domain/terms.ts';
import { authorSchema } from './identity.ts';

/** Page size, the maximum that Slack recommends. */
const PAGE_SIZE = 200;

const messageSchema = authorSchema.extend({
  metadata: z
    .object({ event_type: z.string(), event_payload: z.record(z.string(), z.unknown()) })
    .optional()
    // A message with unknown metadata is not ours.
    .catch(undefined),
});
export type FoundMessage = z.infer<typeof messageSchema>;

const pageSchema = z.object({
  messages: z.array(z.unknown()),
  has_more: z.boolean().optional(),
  response_metadata: z.object({ next_cursor: z.string().optional() }).optional(),
});

export interface PageQuery {
  readonly channel: string;
  readonly threadTs?: string | undefined;
  /** The cursor from the previous page, or empty for the first. */
  readonly cursor: string;
  /** Only messages posted after this time, or null for all. */
  readonly since: Instant | null;
}

export interface Page {
  /** Newest first for a channel, oldest first for a thread. */
  readonly messages: readonly FoundMessage[];
  /** null if this was the last page. */
  readonly next: string | null;
}

export interface ChannelReader {
  page(query: PageQuery): Promise<Page>;
}

/**
 * Reads the messages of a channel or a thread.
 * @param limited makes the call, and decides what to do about a rate limit
 */
export function createChannelReader(
  client: WebClient,
  limited: <T>(call: () => Promise<T>) => Promise<T>,
): ChannelReader {
  return {
    page: async ({ channel, threadTs, cursor, since }) => {
      const query = {
        channel,
        limit: PAGE_SIZE,
        include_all_metadata: true,
        ...(cursor !== '' && { cursor }),
        ...(since !== null && { oldest: (since / SECOND).toFixed(6) }),
      };
      const answer = await limited<unknown>(() =>
        threadTs === undefined
          ? client.conversations.history(query)
          : client.conversations.replies({ ...query, ts: threadTs }),
      );
      const page = pageSchema.safeParse(answer);
      if (!page.success) throw new Error(`Slack’s answer about what stands in ${channel} cannot be understood`);
      const next = page.data.response_metadata?.next_cursor ?? '';
      // `has_more` without a cursor is an error, not the end.
      if (page.data.has_more === true && next === '')
        throw new Error(`Slack has more messages of ${channel} and does not say where they begin`);
      const messages = page.data.messages.flatMap((message) => messageSchema.safeParse(message).data ?? []);
      return { messages, next: next === '' ? null : next };
    },
  };
}
