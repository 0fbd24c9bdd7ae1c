import { type Methods, POSTING, TIER_3, TIER_4 } from './method.ts';
import { messageObject } from './objects.ts';
import { SlackRefusal } from './refusal.ts';

/** What apps post: as whom, their token says. */
export const chatMethods: Methods = ({ workspace, read }) => {
  const { text, channelOf, userOf, content, metadata } = read;
  return {
    'chat.postMessage': {
      scopes: ['chat:write'],
      perMinute: POSTING,
      call: (args, caller) => {
        const channel = channelOf(args, caller);
        const threadTs = typeof args.thread_ts === 'string' ? args.thread_ts : null;
        const message = workspace.post({
          channel: channel.id,
          user: caller.user,
          app: caller.app,
          ...content(args),
          metadata: metadata(args),
          threadTs,
          ephemeralTo: null,
        });
        return { channel: channel.id, ts: message.ts, message: messageObject(workspace, message, true) };
      },
    },
    'chat.postEphemeral': {
      scopes: ['chat:write'],
      perMinute: TIER_4,
      call: (args, caller) => {
        const channel = channelOf(args, caller);
        const user = userOf(text(args, 'user'));
        if (!channel.members.has(user.id)) throw new SlackRefusal('user_not_in_channel');
        const threadTs = typeof args.thread_ts === 'string' ? args.thread_ts : null;
        const message = workspace.post({
          channel: channel.id,
          user: caller.user,
          app: caller.app,
          ...content(args),
          metadata: null,
          threadTs,
          ephemeralTo: user.id,
        });
        return { message_ts: message.ts };
      },
    },
  };
};

/** What becomes of a message that was posted. */
export const postedMethods: Methods = ({ workspace, read }) => {
  const { text, channelOf, content, metadata } = read;
  return {
    'chat.getPermalink': {
      scopes: [],
      perMinute: POSTING,
      call: (args, caller) => {
        const channel = channelOf(args, caller);
        const ts = text(args, 'message_ts');
        if (!workspace.messages.some((message) => message.channel === channel.id && message.ts === ts))
          throw new SlackRefusal('message_not_found');
        const permalink = `https://${workspace.team.domain}.slack.com/archives/${channel.id}/p${ts.replace('.', '')}`;
        return { channel: channel.id, permalink };
      },
    },
    'chat.update': {
      scopes: ['chat:write'],
      perMinute: TIER_3,
      call: (args, caller) => {
        const channel = channelOf(args, caller);
        const message = workspace.messages.find(
          (one) => one.channel === channel.id && one.ts === text(args, 'ts') && one.ephemeralTo === null,
        );
        if (!message) throw new SlackRefusal('message_not_found');
        if (message.user !== caller.user || message.app?.botId !== caller.app.botId)
          throw new SlackRefusal('cant_update_message');
        Object.assign(message, content(args), { isEdited: true });
        if (args.metadata !== undefined) message.metadata = metadata(args);
        workspace.changed();
        return { channel: channel.id, ts: message.ts, text: message.text };
      },
    },
  };
};
