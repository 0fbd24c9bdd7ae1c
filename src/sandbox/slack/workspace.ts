import { EventEmitter } from 'node:events';
import type { Block, View } from './blockKit.ts';

export type PersonKind = 'member' | 'guest' | 'bot' | 'deactivated' | 'external';

export interface User {
  readonly id: string;
  readonly name: string;
  readonly realName: string;
  readonly email: string;
  readonly timeZone: string;
  kind: PersonKind;
  /** Notifications are paused until then, in milliseconds. */
  quietUntil?: number;
}

export interface UserGroup {
  readonly id: string;
  readonly handle: string;
  members: string[];
}

export interface Channel {
  readonly id: string;
  readonly name: string;
  readonly isPrivate: boolean;
  isArchived: boolean;
  /** For a direct message with the bot: the person. */
  readonly directWith: string | null;
  readonly members: Set<string>;
}

export interface Message {
  readonly ts: string;
  readonly channel: string;
  readonly user: string;
  text: string;
  blocks: readonly Block[];
  readonly metadata: { event_type: string; event_payload: Record<string, unknown> } | null;
  readonly threadTs: string | null;
  /** Only this person sees it. */
  readonly ephemeralTo: string | null;
  isEdited: boolean;
}

/** The value of one input, as Slack puts it into `view.state.values`. */
export type InputState = { readonly type: string; readonly [field: string]: unknown };

export interface OpenView {
  readonly id: string;
  readonly user: string;
  hash: string;
  view: View;
  values: Record<string, Record<string, InputState>>;
  /** Errors that the app put on fields, by block. */
  errors: Readonly<Record<string, string>>;
  readonly previousId: string | null;
}

export interface WorkspaceData {
  readonly team: { readonly id: string; readonly name: string; readonly domain: string };
  readonly app: { readonly id: string; readonly name: string; readonly botUserId: string; readonly botId: string };
  readonly users: readonly User[];
  readonly groups: readonly UserGroup[];
  readonly channels: readonly { id: string; name: string; isPrivate: boolean; members: readonly string[] }[];
}

interface WorkspaceEvents {
  /** Anything at all has changed. */
  change: [];
}

/** Everything a Slack workspace holds, in memory. */
/** A file in the three steps of an upload: an address for it, its bytes, and the word that it is complete. */
export interface UploadedFile {
  readonly name: string;
  readonly length: number;
  bytes: Buffer | null;
  isComplete: boolean;
}

export class Workspace extends EventEmitter<WorkspaceEvents> {
  readonly team: WorkspaceData['team'];
  readonly app: WorkspaceData['app'];
  readonly users: Map<string, User>;
  readonly groups: Map<string, UserGroup>;
  readonly channels: Map<string, Channel>;
  readonly messages: Message[] = [];
  readonly views = new Map<string, OpenView>();
  /** What the app uploaded. */
  readonly files = new Map<string, UploadedFile>();
  /** What the app published as each person's Home. */
  readonly homes = new Map<string, OpenView>();
  readonly now: () => number;
  #serial = 0;
  #lastTs = 0;

  constructor(data: WorkspaceData, now: () => number) {
    super();
    this.now = now;
    this.team = data.team;
    this.app = data.app;
    this.users = new Map(data.users.map((user) => [user.id, { ...user }]));
    this.groups = new Map(data.groups.map((group) => [group.id, { ...group, members: [...group.members] }]));
    this.channels = new Map(
      data.channels.map((channel) => [
        channel.id,
        { ...channel, isArchived: false, directWith: null, members: new Set(channel.members) },
      ]),
    );
    for (const user of data.users) if (user.kind !== 'bot') this.directChannel(user.id);
  }

  changed(): void {
    this.emit('change');
  }

  newId(prefix: string): string {
    this.#serial += 1;
    return `${prefix}${this.#serial.toString(36).toUpperCase().padStart(8, '0')}`;
  }

  /** A message timestamp, unique within the workspace. */
  newTs(): string {
    this.#lastTs = Math.max(this.#lastTs + 1, this.now() * 1000);
    return `${Math.floor(this.#lastTs / 1_000_000)}.${String(this.#lastTs % 1_000_000).padStart(6, '0')}`;
  }

  post(message: Omit<Message, 'ts' | 'isEdited'>): Message {
    const posted: Message = { ...message, ts: this.newTs(), isEdited: false };
    this.messages.push(posted);
    this.changed();
    return posted;
  }

  /** The direct-message channel between the bot and a person. */
  directChannel(userId: string): Channel {
    const id = `D0${userId.slice(2)}`;
    const found = this.channels.get(id);
    if (found) return found;
    const made: Channel = {
      id,
      name: 'directmessage',
      isPrivate: true,
      isArchived: false,
      directWith: userId,
      members: new Set([userId, this.app.botUserId]),
    };
    this.channels.set(id, made);
    return made;
  }

  /** Messages that a person sees in a channel, oldest first. */
  visible(channel: string, viewer: string): Message[] {
    return this.messages.filter(
      (message) => message.channel === channel && (message.ephemeralTo === null || message.ephemeralTo === viewer),
    );
  }

  openView(user: string, view: View, previousId: string | null): OpenView {
    const opened = this.#newView(user, view, previousId);
    this.views.set(opened.id, opened);
    this.showView(opened, view);
    return opened;
  }

  publishHome(user: string, view: View): OpenView {
    const home = this.homes.get(user) ?? this.#newView(user, view, null);
    this.homes.set(user, home);
    this.showView(home, view);
    return home;
  }

  #newView(user: string, view: View, previousId: string | null): OpenView {
    return { id: this.newId('V'), user, hash: '', view, values: {}, errors: {}, previousId };
  }

  /** Puts another view in its place. Inputs with the same block and action keep what was entered. */
  showView(open: OpenView, view: View): void {
    const before = open.values;
    open.view = view;
    open.errors = {};
    open.hash = `${Math.floor(this.now() / 1000)}.${this.newId('h')}`;
    open.values = {};
    for (const { blockId, element } of statefulElements(view)) {
      const action = element.action_id ?? '';
      const kept = before[blockId]?.[action];
      open.values[blockId] = {
        ...open.values[blockId],
        [action]: kept?.type === element.type ? kept : initialState(element),
      };
    }
    this.changed();
  }
}

type Element = Extract<View['blocks'][number], { type: 'input' }>['element'];

/** Everything in a view that holds a value: inputs, and menus and pickers beside them. */
export function statefulElements(view: View): { blockId: string; element: Element; tellsApp: boolean }[] {
  return view.blocks.flatMap((block) => {
    const blockId = block.block_id ?? '';
    if (block.type === 'input') return [{ blockId, element: block.element, tellsApp: block.dispatch_action === true }];
    const elements =
      block.type === 'actions'
        ? block.elements
        : block.type === 'section' && block.accessory && block.accessory.type !== 'image'
          ? [block.accessory]
          : [];
    return elements.flatMap((element) =>
      element.type === 'button' || element.type === 'overflow' ? [] : [{ blockId, element, tellsApp: true }],
    );
  });
}

/** What an input holds before anybody touched it. */
function initialState(element: { type: string } & Record<string, unknown>): InputState {
  const { type } = element;
  switch (type) {
    case 'plain_text_input':
      return { type, value: element.initial_value ?? null };
    case 'static_select':
    case 'external_select':
    case 'radio_buttons':
      return { type, selected_option: element.initial_option ?? null };
    case 'users_select':
      return { type, selected_user: element.initial_user ?? null };
    case 'channels_select':
      return { type, selected_channel: element.initial_channel ?? null };
    case 'conversations_select':
      return { type, selected_conversation: element.initial_conversation ?? null };
    case 'datepicker':
      return { type, selected_date: element.initial_date ?? null };
    case 'timepicker':
      return { type, selected_time: element.initial_time ?? null };
    case 'datetimepicker':
      return { type, selected_date_time: element.initial_date_time ?? null };
    default:
      return { type, selected_options: element.initial_options ?? [] };
  }
}
