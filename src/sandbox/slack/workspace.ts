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

/** An app that is installed in the workspace, and the bot user that it acts as. */
export interface InstalledApp {
  readonly id: string;
  readonly name: string;
  readonly botUserId: string;
  readonly botId: string;
}

/** Who a token acts as: an app's bot, or a person through an app. Slack puts both on what is posted. */
export interface Caller {
  readonly user: string;
  readonly app: Pick<InstalledApp, 'id' | 'botId'>;
}

export interface Message {
  readonly ts: string;
  readonly channel: string;
  readonly user: string;
  /** The app through which it was posted; null: a person typed it. */
  readonly app: Caller['app'] | null;
  text: string;
  blocks: readonly Block[];
  metadata: { event_type: string; event_payload: Record<string, unknown> } | null;
  readonly threadTs: string | null;
  /** Only this person sees it. */
  readonly ephemeralTo: string | null;
  isEdited: boolean;
  /** Who edited it last, where it was not its author. Slack lets nobody edit what a bot posted. */
  editedBy?: string;
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
  readonly app: InstalledApp;
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
  #app: InstalledApp;
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
    this.#app = data.app;
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

  /** The bot under test. */
  get app(): InstalledApp {
    return this.#app;
  }

  /** The app is removed and installed again: it comes back as another bot, in the channels that the old one was in. */
  reinstall(app: InstalledApp): void {
    const before = this.#app.botUserId;
    this.#app = app;
    this.addBot(app);
    for (const { members } of this.channels.values()) {
      if (!members.delete(before)) continue;
      members.add(app.botUserId);
    }
    this.changed();
  }

  /** A bot user of an app, in no channel yet. */
  addBot({ name, botUserId }: InstalledApp): void {
    this.users.set(botUserId, { id: botUserId, name, realName: name, email: '', timeZone: 'UTC', kind: 'bot' });
  }

  /** Who the bot under test posts as. */
  get bot(): Caller {
    return { user: this.#app.botUserId, app: this.#app };
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

  /** By default what the bot's user posts comes through its app, and what a person posts was typed. */
  post(message: Omit<Message, 'ts' | 'isEdited' | 'app'> & { app?: Message['app'] }): Message {
    const app = message.app ?? (message.user === this.#app.botUserId ? this.#app : null);
    const posted: Message = { ...message, app, ts: this.newTs(), isEdited: false };
    this.messages.push(posted);
    this.changed();
    return posted;
  }

  /** Somebody deletes it. What is in its thread stays. */
  remove(message: Message): void {
    const index = this.messages.indexOf(message);
    if (index < 0) return;
    this.messages.splice(index, 1);
    this.changed();
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
