import { z } from 'zod';
import { messageBlocks, pointers, type View, viewSchema } from '../blockKit.ts';
import type { Caller, Channel, Message, User, Workspace } from '../workspace.ts';
import { SlackRefusal } from './refusal.ts';

const MAX_TEXT = 40_000;
const MAX_METADATA_BYTES = 16_000;

export type Args = Readonly<Record<string, unknown>>;

/** What a method reads out of its arguments; each refuses as Slack does. */
export interface Reader {
  text(args: Args, name: string): string;
  /** Where a person is named, their direct channel. The caller has to be in it. */
  channelOf(args: Args, caller: Caller): Channel;
  userOf(id: string): User;
  content(args: Args): Pick<Message, 'text' | 'blocks'>;
  metadata(args: Args): Message['metadata'];
  view(args: Args): View;
}

export function createReader(workspace: Workspace): Reader {
  const text = (args: Args, name: string): string => {
    const value = args[name];
    if (typeof value !== 'string' || value === '')
      throw new SlackRefusal('invalid_arguments', {
        response_metadata: { messages: [`[ERROR] missing required field: ${name}`] },
      });
    return value;
  };

  function channelOf(args: Args, caller: Caller) {
    const id = text(args, 'channel');
    if (/^[UW]/.test(id)) return workspace.directChannel(userOf(id).id);
    const channel = workspace.channels.get(id);
    if (!channel) throw new SlackRefusal('channel_not_found');
    if (channel.isArchived) throw new SlackRefusal('is_archived');
    if (!channel.members.has(caller.user)) throw new SlackRefusal('not_in_channel');
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

  return { text, channelOf, userOf, content, metadata, view };
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
export function structured(value: unknown): unknown {
  if (typeof value !== 'string') return value;
  try {
    return JSON.parse(value);
  } catch {
    throw new SlackRefusal('invalid_arguments', {
      response_metadata: { messages: ['[ERROR] an argument is not valid JSON'] },
    });
  }
}
