import { z } from 'zod';
import { messageBlocks, pointers, type View, viewSchema } from './blockKit.ts';
import type { Message, OpenView, User, Workspace } from './workspace.ts';

/** The Web API methods that the bot uses, with Slack's own error codes. https://docs.slack.dev/reference/methods */

export class SlackRefusal extends Error {
  override readonly name = 'SlackRefusal';
  readonly code: string;
  readonly details: Readonly<Record<string, unknown>>;
  constructor(code: string, details: Readonly<Record<string, unknown>> = {}) {
    super(code);
    this.code = code;
    this.details = details;
  }
}

/** How long a trigger opens a modal. */
const TRIGGER_LIFE_MS = 3_000;
const MAX_TEXT = 40_000;
/** Views that lie on each other at most. */
const MAX_VIEWS = 3;
const MAX_METADATA_BYTES = 16_000;

export interface Triggers {
  issue(user: string): string;
  use(trigger: string): string;
}

export function createTriggers(workspace: Workspace): Triggers {
  const live = new Map<string, { user: string; until: number }>();
  return {
    issue: (user) => {
      const id = `${workspace.newId('T')}.${workspace.team.id}`;
      live.set(id, { user, until: workspace.now() + TRIGGER_LIFE_MS });
      return id;
    },
    use: (trigger) => {
      const found = live.get(trigger);
      live.delete(trigger);
      if (!found) throw new SlackRefusal('invalid_trigger_id');
      if (found.until < workspace.now()) throw new SlackRefusal('expired_trigger_id');
      return found.user;
    },
  };
}

type Args = Readonly<Record<string, unknown>>;
interface Method {
  /** Any one of these scopes will do; empty: none needed. */
  readonly scopes: readonly string[];
  /** Calls a minute. https://docs.slack.dev/apis/web-api/rate-limits */
  readonly perMinute: number;
  readonly call: (args: Args) => Record<string, unknown>;
}

const TIER_2 = 20;
const TIER_3 = 50;
const TIER_4 = 100;
/** Special: one a second per channel, see rate limits in server.ts. */
const POSTING = 600;

export function createWebApi(
  workspace: Workspace,
  triggers: Triggers,
  socketUrl: () => string,
  baseUrl: () => string,
): ReadonlyMap<string, Method> {
  const text = (args: Args, name: string): string => {
    const value = args[name];
    if (typeof value !== 'string' || value === '')
      throw new SlackRefusal('invalid_arguments', {
        response_metadata: { messages: [`[ERROR] missing required field: ${name}`] },
      });
    return value;
  };

  function channelOf(args: Args) {
    const id = text(args, 'channel');
    if (/^[UW]/.test(id)) return workspace.directChannel(userOf(id).id);
    const channel = workspace.channels.get(id);
    if (!channel) throw new SlackRefusal('channel_not_found');
    if (channel.isArchived) throw new SlackRefusal('is_archived');
    if (!channel.members.has(workspace.app.botUserId)) throw new SlackRefusal('not_in_channel');
    return channel;
  }

  function userOf(id: string): User {
    const user = workspace.users.get(id);
    if (!user) throw new SlackRefusal('user_not_found');
    return user;
  }

  function content(args: Args): Pick<Message, 'text' | 'blocks'> {
    const parsed = messageBlocks.safeParse(structured(args.blocks) ?? []);
    if (!parsed.success)
      throw new SlackRefusal('invalid_blocks', { response_metadata: { messages: pointers(parsed.error) } });
    for (const block of parsed.data) {
      if (block.type !== 'image') continue;
      const isThere = block.slack_file ? workspace.files.get(block.slack_file.id)?.isComplete : block.image_url;
      if (!isThere)
        throw new SlackRefusal('invalid_blocks', { response_metadata: { messages: ['[ERROR] invalid slack file'] } });
    }
    const message = typeof args.text === 'string' ? args.text : '';
    if (message === '' && parsed.data.length === 0) throw new SlackRefusal('no_text');
    if (message.length > MAX_TEXT) throw new SlackRefusal('msg_too_long');
    return {
      text: message,
      blocks: parsed.data.map((block) => (block.block_id ? block : { ...block, block_id: workspace.newId('b') })),
    };
  }

  function metadata(args: Args): Message['metadata'] {
    if (args.metadata === undefined) return null;
    const parsed = z
      .strictObject({ event_type: z.string().min(1), event_payload: z.record(z.string(), z.unknown()) })
      .safeParse(structured(args.metadata));
    if (!parsed.success) throw new SlackRefusal('invalid_metadata_format');
    if (JSON.stringify(parsed.data).length > MAX_METADATA_BYTES) throw new SlackRefusal('metadata_too_large');
    return parsed.data;
  }

  const view = (args: Args): View => checkedView(workspace, structured(args.view));

  const uploading = z.array(z.object({ id: z.string(), title: z.string().optional() })).min(1);

  const methods: Record<string, Method> = {
    'files.getUploadURLExternal': {
      scopes: ['files:write'],
      perMinute: TIER_4,
      call: (args) => {
        const id = workspace.newId('F');
        const length = Number(args.length);
        if (!(length > 0)) throw new SlackRefusal('invalid_arguments');
        workspace.files.set(id, { name: text(args, 'filename'), length, bytes: null, isComplete: false });
        return { upload_url: `${baseUrl()}/upload/${id}`, file_id: id };
      },
    },
    'files.completeUploadExternal': {
      scopes: ['files:write'],
      perMinute: TIER_4,
      call: (args) => {
        const given = uploading.safeParse(structured(args.files));
        if (!given.success) throw new SlackRefusal('invalid_arguments');
        const files = given.data.map(({ id, title }) => {
          const file = workspace.files.get(id);
          if (file?.bytes?.length !== file?.length || !file) throw new SlackRefusal('file_not_found');
          file.isComplete = true;
          return { id, title: title ?? file.name, name: file.name };
        });
        return { files };
      },
    },
    'auth.test': {
      scopes: [],
      perMinute: POSTING,
      call: () => ({
        url: `https://${workspace.team.domain}.slack.com/`,
        team: workspace.team.name,
        team_id: workspace.team.id,
        user: workspace.app.name,
        user_id: workspace.app.botUserId,
        bot_id: workspace.app.botId,
      }),
    },
    'apps.connections.open': { scopes: ['connections:write'], perMinute: TIER_2, call: () => ({ url: socketUrl() }) },
    'users.info': {
      scopes: ['users:read'],
      perMinute: TIER_4,
      call: (args) => ({ user: userObject(workspace, userOf(text(args, 'user'))) }),
    },
    'users.lookupByEmail': {
      scopes: ['users:read.email'],
      perMinute: TIER_3,
      call: (args) => {
        const email = text(args, 'email').toLowerCase();
        const user = [...workspace.users.values()].find((one) => one.email.toLowerCase() === email && email !== '');
        if (!user || user.kind === 'deactivated') throw new SlackRefusal('users_not_found');
        return { user: userObject(workspace, user) };
      },
    },
    'dnd.info': {
      scopes: ['dnd:read'],
      perMinute: TIER_3,
      call: (args) => {
        const user = userOf(text(args, 'user'));
        const until = Math.floor((user.quietUntil ?? 0) / 1000);
        const isQuiet = until * 1000 > workspace.now();
        return {
          dnd_enabled: false,
          next_dnd_start_ts: 1,
          next_dnd_end_ts: 1,
          snooze_enabled: isQuiet,
          ...(isQuiet && { snooze_endtime: until }),
        };
      },
    },
    'chat.getPermalink': {
      scopes: [],
      perMinute: POSTING,
      call: (args) => {
        const channel = channelOf(args);
        const ts = text(args, 'message_ts');
        if (!workspace.messages.some((message) => message.channel === channel.id && message.ts === ts))
          throw new SlackRefusal('message_not_found');
        const permalink = `https://${workspace.team.domain}.slack.com/archives/${channel.id}/p${ts.replace('.', '')}`;
        return { channel: channel.id, permalink };
      },
    },
    'usergroups.list': {
      scopes: ['usergroups:read'],
      perMinute: TIER_2,
      call: () => ({
        usergroups: [...workspace.groups.values()].map(({ id, handle }) => ({
          id,
          handle,
          name: handle,
          is_usergroup: true,
        })),
      }),
    },
    'usergroups.users.list': {
      scopes: ['usergroups:read'],
      perMinute: TIER_2,
      call: (args) => {
        const group = workspace.groups.get(text(args, 'usergroup'));
        if (!group) throw new SlackRefusal('no_such_subteam');
        return { users: group.members.filter((member) => workspace.users.get(member)?.kind !== 'deactivated') };
      },
    },
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
        return page(thread, args);
      },
    },
    'chat.postMessage': {
      scopes: ['chat:write'],
      perMinute: POSTING,
      call: (args) => {
        const channel = channelOf(args);
        const threadTs = typeof args.thread_ts === 'string' ? args.thread_ts : null;
        const message = workspace.post({
          channel: channel.id,
          user: workspace.app.botUserId,
          ...content(args),
          metadata: metadata(args),
          threadTs,
          ephemeralTo: null,
        });
        return { channel: channel.id, ts: message.ts, message: messageObject(workspace, message, true) };
      },
    },
    'chat.update': {
      scopes: ['chat:write'],
      perMinute: TIER_3,
      call: (args) => {
        const channel = channelOf(args);
        const message = workspace.messages.find(
          (one) => one.channel === channel.id && one.ts === text(args, 'ts') && one.ephemeralTo === null,
        );
        if (!message) throw new SlackRefusal('message_not_found');
        if (message.user !== workspace.app.botUserId) throw new SlackRefusal('cant_update_message');
        Object.assign(message, content(args), { isEdited: true });
        workspace.changed();
        return { channel: channel.id, ts: message.ts, text: message.text };
      },
    },
    'chat.postEphemeral': {
      scopes: ['chat:write'],
      perMinute: TIER_4,
      call: (args) => {
        const channel = channelOf(args);
        const user = userOf(text(args, 'user'));
        if (!channel.members.has(user.id)) throw new SlackRefusal('user_not_in_channel');
        const threadTs = typeof args.thread_ts === 'string' ? args.thread_ts : null;
        const message = workspace.post({
          channel: channel.id,
          user: workspace.app.botUserId,
          ...content(args),
          metadata: null,
          threadTs,
          ephemeralTo: user.id,
        });
        return { message_ts: message.ts };
      },
    },
    'views.open': {
      scopes: [],
      perMinute: TIER_4,
      call: (args) => {
        const shown = view(args);
        if (shown.type !== 'modal') throw new SlackRefusal('invalid_arguments');
        const user = triggers.use(text(args, 'trigger_id'));
        return { view: viewObject(workspace, workspace.openView(user, shown, null)) };
      },
    },
    'views.push': {
      scopes: [],
      perMinute: TIER_4,
      call: (args) => {
        const shown = view(args);
        if (shown.type !== 'modal') throw new SlackRefusal('invalid_arguments');
        const user = triggers.use(text(args, 'trigger_id'));
        const below = [...workspace.views.values()].filter((open) => open.user === user);
        if (below.length >= MAX_VIEWS) throw new SlackRefusal('push_limit_reached');
        return { view: viewObject(workspace, workspace.openView(user, shown, below.at(-1)?.id ?? null)) };
      },
    },
    'views.update': {
      scopes: [],
      perMinute: TIER_4,
      call: (args) => {
        const shown = view(args);
        const open = workspace.views.get(text(args, 'view_id'));
        if (!open) throw new SlackRefusal('not_found');
        if (typeof args.hash === 'string' && args.hash !== open.hash) throw new SlackRefusal('hash_conflict');
        workspace.showView(open, shown);
        return { view: viewObject(workspace, open) };
      },
    },
    'views.publish': {
      scopes: [],
      perMinute: TIER_4,
      call: (args) => {
        const shown = view(args);
        if (shown.type !== 'home') throw new SlackRefusal('invalid_arguments');
        return { view: viewObject(workspace, workspace.publishHome(userOf(text(args, 'user_id')).id, shown)) };
      },
    },
  };
  return new Map(Object.entries(methods));

  function page(messages: Message[], args: Args) {
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
}

/** A view as Slack takes it, with an id on every block. */
export function checkedView(workspace: Workspace, given: unknown): View {
  const parsed = viewSchema.safeParse(given);
  if (!parsed.success)
    throw new SlackRefusal('invalid_arguments', { response_metadata: { messages: pointers(parsed.error) } });
  const blocks = parsed.data.blocks.map((block) =>
    block.block_id ? block : { ...block, block_id: workspace.newId('b') },
  );
  return { ...parsed.data, blocks };
}

/** Arguments come as JSON bodies or as forms whose fields hold JSON. */
function structured(value: unknown): unknown {
  if (typeof value !== 'string') return value;
  try {
    return JSON.parse(value);
  } catch {
    throw new SlackRefusal('invalid_arguments', {
      response_metadata: { messages: ['[ERROR] an argument is not valid JSON'] },
    });
  }
}

export function userObject(workspace: Workspace, user: User) {
  const foreign = user.kind === 'external';
  return {
    id: user.id,
    team_id: foreign ? 'T0ELSEWHERE' : workspace.team.id,
    name: user.name,
    real_name: user.realName,
    deleted: user.kind === 'deactivated',
    is_bot: user.kind === 'bot',
    is_restricted: user.kind === 'guest',
    is_ultra_restricted: false,
    ...(foreign && { is_stranger: true }),
    tz: user.timeZone,
    profile: {
      real_name: user.realName,
      display_name: user.realName,
      ...(user.kind !== 'bot' && { email: user.email }),
    },
  };
}

export function messageObject(workspace: Workspace, message: Message, withMetadata: boolean) {
  return {
    type: 'message',
    user: message.user,
    ts: message.ts,
    text: message.text,
    blocks: message.blocks,
    team: workspace.team.id,
    ...(message.user === workspace.app.botUserId && { bot_id: workspace.app.botId, app_id: workspace.app.id }),
    ...(message.threadTs && { thread_ts: message.threadTs }),
    ...(message.isEdited && { edited: { user: message.user, ts: message.ts } }),
    ...(withMetadata && message.metadata && { metadata: message.metadata }),
  };
}

export function viewObject(workspace: Workspace, open: OpenView) {
  return {
    id: open.id,
    team_id: workspace.team.id,
    app_id: workspace.app.id,
    bot_id: workspace.app.botId,
    private_metadata: '',
    callback_id: '',
    external_id: '',
    ...open.view,
    state: { values: open.values },
    hash: open.hash,
    previous_view_id: open.previousId,
    root_view_id: open.previousId ?? open.id,
    app_installed_team_id: workspace.team.id,
  };
}
