import type { Message, Workspace } from '../workspace.ts';
import type { Args } from './arguments.ts';
import { type Methods, TIER_3 } from './method.ts';
import { messageObject } from './objects.ts';
import { SlackRefusal } from './refusal.ts';

/** What stands in a channel. */
export const conversationsMethods: Methods = ({ workspace, read }) => {
  const { text, channelOf, userOf } = read;
  return {
    'conversations.open': {
      scopes: ['im:write'],
      perMinute: TIER_3,
      call: (args) => ({ channel: { id: workspace.directChannel(userOf(text(args, 'users')).id).id } }),
    },
    'conversations.history': {
      scopes: ['channels:history', 'groups:history', 'im:history'],
      perMinute: TIER_3,
      call: (args, caller) => {
        const { id } = channelOf(args, caller);
        const messages = workspace.messages.filter((one) => one.channel === id && one.threadTs === null);
        return page(workspace, messages.toReversed(), args, (ts, after) => ts < after);
      },
    },
    'conversations.replies': {
      scopes: ['channels:history', 'groups:history', 'im:history'],
      perMinute: TIER_3,
      call: (args, caller) => {
        const { id } = channelOf(args, caller);
        const ts = text(args, 'ts');
        const thread = workspace.messages.filter(
          (message) => message.channel === id && (message.ts === ts || message.threadTs === ts),
        );
        if (thread.length === 0) throw new SlackRefusal('thread_not_found');
        return page(workspace, thread, args, (ts, after) => ts > after);
      },
    },
  };
};

/** One page of messages in Slack's order: history newest first, replies oldest first. */
function page(
  workspace: Workspace,
  messages: readonly Message[],
  args: Args,
  comesAfter: (ts: string, other: string) => boolean,
) {
  const limit = Math.min(Number(args.limit ?? 100), 999);
  const latest = typeof args.latest === 'string' ? args.latest : '9';
  const oldest = typeof args.oldest === 'string' ? args.oldest : '0';
  const from = cursorIn(args.cursor);
  const visible = messages.filter(
    ({ ephemeralTo, ts }) =>
      ephemeralTo === null && ts < latest && ts > oldest && (from === null || comesAfter(ts, from)),
  );
  const withMetadata = args.include_all_metadata === true || args.include_all_metadata === 'true';
  const shown = visible.slice(0, limit);
  const hasMore = visible.length > limit;
  return {
    messages: shown.map((message) => messageObject(workspace, message, withMetadata)),
    has_more: hasMore,
    ...(hasMore && { response_metadata: { next_cursor: cursorAfter(shown.at(-1)?.ts ?? '') } }),
  };
}

const cursorAfter = (ts: string): string => Buffer.from(`next_ts:${ts}`).toString('base64');

/** The message after which a page begins; null: from the beginning. */
function cursorIn(cursor: unknown): string | null {
  if (typeof cursor !== 'string' || cursor === '') return null;
  const [, ts] = /^next_ts:([0-9.]+)$/.exec(Buffer.from(cursor, 'base64').toString()) ?? [];
  if (ts === undefined) throw new SlackRefusal('invalid_cursor');
  return ts;
}
