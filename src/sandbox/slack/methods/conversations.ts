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
      call: (args) =>
        page(
          workspace,
          workspace.messages.filter((message) => message.channel === channelOf(args).id && message.threadTs === null),
          args,
        ),
    },
    'conversations.replies': {
      scopes: ['channels:history', 'groups:history', 'im:history'],
      perMinute: TIER_3,
      call: (args) => {
        const { id } = channelOf(args);
        const ts = text(args, 'ts');
        const thread = workspace.messages.filter(
          (message) => message.channel === id && (message.ts === ts || message.threadTs === ts),
        );
        if (thread.length === 0) throw new SlackRefusal('thread_not_found');
        return page(workspace, thread, args);
      },
    },
  };
};

function page(workspace: Workspace, messages: readonly Message[], args: Args) {
  const limit = Math.min(Number(args.limit ?? 100), 999);
  const latest = typeof args.latest === 'string' ? args.latest : '9';
  const visible = messages.filter((message) => message.ephemeralTo === null && message.ts < latest);
  const withMetadata = args.include_all_metadata === true || args.include_all_metadata === 'true';
  return {
    messages: visible
      .slice(-limit)
      .reverse()
      .map((message) => messageObject(workspace, message, withMetadata)),
    has_more: visible.length > limit,
  };
}
