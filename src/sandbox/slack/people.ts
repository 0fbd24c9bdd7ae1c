import { z } from 'zod';
import type { Block } from './blockKit.ts';
import type { AppLink } from './delivery.ts';
import { checkedView } from './methods/arguments.ts';
import { messageObject, userObject, viewObject } from './methods/objects.ts';
import type { Triggers } from './methods/triggers.ts';
import type { Responses } from './responses.ts';
import { type InputState, type Message, type OpenView, statefulElements, type Workspace } from './workspace.ts';

/** What a person can do in Slack's own apps. Each call resolves when the bot has acknowledged. */
export interface People {
  /** Types a slash command into a channel. */
  command(user: string, command: string, text: string, channel: string): Promise<void>;
  /** Clicks a button on a message. */
  click(user: string, message: Message, actionId: string, value?: string): Promise<void>;
  /** Clicks a button on a form or on Home, the first of its kind or the one with this value. */
  clickIn(user: string, view: OpenView, actionId: string, value?: string): Promise<void>;
  /** Uses any element of a message or view: a button, a menu, a picker. */
  act(
    user: string,
    where: { message: Message; view?: never } | { view: OpenView; message?: never },
    blockId: string,
    action: Readonly<Record<string, unknown>>,
  ): Promise<void>;
  /** Runs a shortcut, on a message or from the menu. */
  shortcut(user: string, callbackId: string, message: Message | null): Promise<void>;
  /** Types into an external select: the options that the bot offers. */
  suggestions(user: string, open: OpenView, actionId: string, typed: string): Promise<readonly Option[]>;
  /** Chooses an option or enters text; tells the bot where the input says so. */
  enter(user: string, open: OpenView, actionId: string, value: Entered): Promise<void>;
  submit(user: string, open: OpenView): Promise<void>;
  close(open: OpenView): void;
  openHome(user: string): Promise<void>;
  /** An administrator of the workspace deactivates somebody's account; the app is told. */
  deactivate(user: string): Promise<void>;
  /** The view on top of a person's screen. */
  topView(user: string): OpenView | undefined;
}

/** What a person puts into an input: text, an id or a date; an option; several options. */
export type Entered = string | Option | readonly Option[] | null;

export interface Option {
  readonly text: { readonly type: string; readonly text: string };
  readonly value: string;
}

const suggestionsSchema = z.object({
  options: z
    .array(
      z.object({ text: z.object({ type: z.string(), text: z.string().min(1).max(75) }), value: z.string().max(150) }),
    )
    .max(100),
});

export function createPeople(workspace: Workspace, triggers: Triggers, responses: Responses, link: AppLink): People {
  const common = (user: string) => ({
    team: { id: workspace.team.id, domain: workspace.team.domain },
    user: {
      id: user,
      username: workspace.users.get(user)?.name,
      name: workspace.users.get(user)?.name,
      team_id: workspace.team.id,
    },
    api_app_id: workspace.app.id,
    token: 'sandbox',
    enterprise: null,
    is_enterprise_install: false,
  });

  function findInput(open: OpenView, actionId: string) {
    const found = statefulElements(open.view).find(({ element }) => element.action_id === actionId);
    if (!found) throw new Error(`this form has no input ${actionId}`);
    return found;
  }

  function stateOf(type: string, value: Entered): InputState {
    if (type === 'plain_text_input') return { type, value };
    if (Array.isArray(value)) return { type, selected_options: value };
    if (type === 'datetimepicker') return { type, selected_date_time: Number(value) };
    if (typeof value !== 'string') return { type, selected_option: value };
    const field = {
      users_select: 'selected_user',
      channels_select: 'selected_channel',
      conversations_select: 'selected_conversation',
      datepicker: 'selected_date',
      timepicker: 'selected_time',
    }[type];
    if (!field) throw new Error(`an input of type ${type} takes an option`);
    return { type, [field]: value };
  }

  function optionOf(element: { type: string } & Record<string, unknown>, value: Entered): Entered {
    if (typeof value !== 'string' || !('options' in element) || !Array.isArray(element.options)) return value;
    const found = (element.options as Option[]).find((option) => option.value === value || option.text.text === value);
    if (!found) throw new Error(`there is no option "${value}" to choose`);
    return found;
  }

  function applyResponse(open: OpenView, response: unknown): void {
    const answer = (response ?? {}) as { response_action?: string; errors?: Record<string, string>; view?: unknown };
    switch (answer.response_action) {
      case 'errors': {
        const known = new Set(open.view.blocks.map((block) => block.block_id));
        const stray = Object.keys(answer.errors ?? {}).filter((block) => !known.has(block));
        if (stray.length > 0 || !answer.errors)
          throw new Error(`the app put errors on blocks that this form does not have: ${stray.join(', ')}`);
        open.errors = answer.errors;
        workspace.changed();
        return;
      }
      case 'update':
        workspace.showView(open, checkedView(workspace, answer.view));
        return;
      case 'push':
        workspace.openView(open.user, checkedView(workspace, answer.view), open.id);
        return;
      case 'clear':
        for (const view of workspace.views.values()) if (view.user === open.user) workspace.views.delete(view.id);
        workspace.changed();
        return;
      default:
        workspace.views.delete(open.id);
        workspace.changed();
    }
  }

  const tell = (event: Readonly<Record<string, unknown>>) =>
    link.deliver('events_api', {
      token: 'sandbox',
      team_id: workspace.team.id,
      api_app_id: workspace.app.id,
      type: 'event_callback',
      event_id: workspace.newId('Ev'),
      event_time: Math.floor(workspace.now() / 1000),
      event: { ...event, event_ts: workspace.newTs() },
    });

  const people: People = {
    command: async (user, command, text, channel) => {
      const payload = {
        command,
        text,
        token: 'sandbox',
        team_id: workspace.team.id,
        team_domain: workspace.team.domain,
        channel_id: channel,
        channel_name: workspace.channels.get(channel)?.name ?? 'directmessage',
        user_id: user,
        user_name: workspace.users.get(user)?.name ?? user,
        api_app_id: workspace.app.id,
        is_enterprise_install: 'false',
        response_url: responses.issue(user, channel),
        trigger_id: triggers.issue(user),
      };
      const answer = (await link.deliver('slash_commands', payload)) as
        | { text?: string; response_type?: string }
        | undefined;
      if (answer?.text) {
        const ephemeralTo = answer.response_type === 'in_channel' ? null : user;
        workspace.post({
          channel,
          user: workspace.app.botUserId,
          text: answer.text,
          blocks: [],
          metadata: null,
          threadTs: null,
          ephemeralTo,
        });
      }
    },
    click: async (user, message, actionId, value) => {
      const found = buttonIn(message.blocks, actionId, value);
      if (found?.element.type !== 'button') throw new Error(`this message has no button ${actionId}`);
      const { element, blockId } = found;
      await people.act(user, { message }, blockId, {
        type: 'button',
        action_id: actionId,
        text: element.text,
        value: element.value,
      });
    },
    clickIn: async (user, view, actionId, value) => {
      const found = buttonIn(view.view.blocks, actionId, value);
      if (found?.element.type !== 'button') throw new Error(`this view has no button ${actionId}`);
      const { element, blockId } = found;
      await people.act(user, { view }, blockId, {
        type: 'button',
        action_id: actionId,
        text: element.text,
        value: element.value,
      });
    },
    act: async (user, { message, view }, blockId, action) => {
      const chosen = view && statefulElements(view.view).find(({ element }) => element.action_id === action.action_id);
      if (view && chosen) {
        const { action_id: actionId, ...state } = action;
        const entered = { [String(actionId)]: { ...state, type: chosen.element.type } };
        view.values[blockId] = { ...view.values[blockId], ...entered };
        workspace.changed();
      }
      const where = view
        ? { container: { type: 'view', view_id: view.id }, view: viewObject(workspace, view) }
        : {
            container: {
              type: 'message',
              message_ts: message.ts,
              channel_id: message.channel,
              is_ephemeral: message.ephemeralTo !== null,
              ...(message.threadTs && { thread_ts: message.threadTs }),
            },
            channel: { id: message.channel, name: workspace.channels.get(message.channel)?.name ?? '' },
            message: messageObject(workspace, message, false),
            state: { values: {} },
            response_url: responses.issue(user, message.channel),
          };
      await link.deliver('interactive', {
        ...common(user),
        type: 'block_actions',
        trigger_id: triggers.issue(user),
        ...where,
        actions: [{ ...action, block_id: blockId, action_ts: workspace.newTs() }],
      });
    },
    suggestions: async (user, open, actionId, typed) => {
      const { blockId } = findInput(open, actionId);
      const answer = await link.deliver('interactive', {
        ...common(user),
        type: 'block_suggestion',
        action_id: actionId,
        block_id: blockId,
        value: typed,
        container: { type: 'view', view_id: open.id },
        view: viewObject(workspace, open),
      });
      const offered = suggestionsSchema.parse(answer);
      return offered.options;
    },
    enter: async (user, open, actionId, value) => {
      const { blockId, element, tellsApp } = findInput(open, actionId);
      const state = stateOf(element.type, optionOf(element, value));
      open.values[blockId] = { ...open.values[blockId], [actionId]: state };
      workspace.changed();
      if (!tellsApp) return;
      await people.act(user, { view: open }, blockId, { ...state, action_id: actionId });
    },
    submit: async (user, open) => {
      const missing = requiredAndEmpty(open);
      if (missing.length > 0) {
        open.errors = Object.fromEntries(missing.map((block) => [block, 'Please complete this required field.']));
        workspace.changed();
        return;
      }
      const answer = await link.deliver('interactive', {
        ...common(user),
        type: 'view_submission',
        trigger_id: triggers.issue(user),
        view: viewObject(workspace, open),
        response_urls: [],
      });
      applyResponse(open, answer);
    },
    close: (open) => {
      workspace.views.delete(open.id);
      workspace.changed();
    },
    openHome: async (user) => {
      await tell({ type: 'app_home_opened', user, channel: workspace.directChannel(user).id, tab: 'home' });
    },
    deactivate: async (user) => {
      const gone = workspace.users.get(user);
      if (!gone) throw new Error(`there is nobody ${user}`);
      gone.kind = 'deactivated';
      for (const group of workspace.groups.values()) group.members = group.members.filter((member) => member !== user);
      workspace.changed();
      await tell({ type: 'user_change', user: userObject(workspace, gone) });
    },
    topView: (user) => [...workspace.views.values()].filter((view) => view.user === user).at(-1),
    shortcut: async (user, callbackId, message) => {
      const about = message
        ? {
            type: 'message_action',
            message_ts: message.ts,
            channel: { id: message.channel, name: workspace.channels.get(message.channel)?.name ?? '' },
            message: messageObject(workspace, message, false),
            response_url: responses.issue(user, message.channel),
          }
        : { type: 'shortcut', action_ts: workspace.newTs() };
      await link.deliver('interactive', {
        ...common(user),
        ...about,
        callback_id: callbackId,
        trigger_id: triggers.issue(user),
      });
    },
  };
  return people;
}

/** The first button with this action; where several share it, the one with this value. */
const buttonIn = (blocks: Parameters<typeof elementsOf>[0], actionId: string, value: string | undefined) =>
  elementsOf(blocks).find(
    ({ element }) =>
      element.action_id === actionId && (value === undefined || (element.type === 'button' && element.value === value)),
  );

/** Everything that can be clicked in a message, with the block it stands in. */
function elementsOf(blocks: readonly (Block | OpenView['view']['blocks'][number])[]) {
  return blocks.flatMap((block) => {
    const elements =
      block.type === 'actions'
        ? block.elements
        : block.type === 'section' && block.accessory && block.accessory.type !== 'image'
          ? [block.accessory]
          : [];
    return elements.map((element) => ({ element, blockId: block.block_id ?? '' }));
  });
}

/** Slack itself keeps a form with an empty required field from being sent. */
function requiredAndEmpty(open: OpenView): string[] {
  return open.view.blocks.flatMap((block) => {
    if (block.type !== 'input' || block.optional || !block.block_id) return [];
    const state = open.values[block.block_id]?.[block.element.action_id ?? ''] ?? { type: '' };
    const { type: _type, ...rest } = state;
    const isEmpty = Object.values(rest).every(
      (value) => value === null || value === '' || (Array.isArray(value) && value.length === 0),
    );
    return isEmpty ? [block.block_id] : [];
  });
}
