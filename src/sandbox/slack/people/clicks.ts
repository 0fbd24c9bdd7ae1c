import type { Block } from '../blockKit.ts';
import { messageObject, viewObject } from '../methods/objects.ts';
import { type Message, type OpenView, statefulElements } from '../workspace.ts';
import type { People } from './people.ts';
import { common, type World } from './world.ts';

/** Buttons, menus and shortcuts. */
export function clicksOf(world: World): Pick<People, 'click' | 'clickIn' | 'act' | 'shortcut'> {
  const act = actIn(world);
  return {
    click: async (user, message, actionId, value) => {
      const { blockId, action } = pressed(message.blocks, actionId, value, 'message');
      await act(user, { message }, blockId, action);
    },
    clickIn: async (user, view, actionId, value) => {
      const { blockId, action } = pressed(view.view.blocks, actionId, value, 'view');
      await act(user, { view }, blockId, action);
    },
    act,
    shortcut: shortcutIn(world),
  };
}

function actIn(world: World): People['act'] {
  const { workspace, triggers, link } = world;
  return async (user, { message, view }, blockId, action) => {
    const chosen = view && statefulElements(view.view).find(({ element }) => element.action_id === action.action_id);
    if (view && chosen) {
      const { action_id: actionId, ...state } = action;
      const entered = { [String(actionId)]: { ...state, type: chosen.element.type } };
      view.values[blockId] = { ...view.values[blockId], ...entered };
      workspace.changed();
    }
    const where = view
      ? { container: { type: 'view', view_id: view.id }, view: viewObject(workspace, view) }
      : whereIn(world, user, message);
    await link.deliver('interactive', {
      ...common(world, user),
      type: 'block_actions',
      trigger_id: triggers.issue(user),
      ...where,
      actions: [{ ...action, block_id: blockId, action_ts: workspace.newTs() }],
    });
  };
}

const whereIn = ({ workspace, responses }: World, user: string, message: Message) => ({
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
});

function shortcutIn(world: World): People['shortcut'] {
  const { workspace, triggers, responses, link } = world;
  return async (user, callbackId, message) => {
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
      ...common(world, user),
      ...about,
      callback_id: callbackId,
      trigger_id: triggers.issue(user),
    });
  };
}

/** A button of a message or a view, and what Slack says of a press on it. */
function pressed(
  blocks: Parameters<typeof elementsOf>[0],
  actionId: string,
  value: string | undefined,
  where: 'message' | 'view',
) {
  const found = buttonIn(blocks, actionId, value);
  if (found?.element.type !== 'button') throw new Error(`this ${where} has no button ${actionId}`);
  const { element, blockId } = found;
  return { blockId, action: { type: 'button', action_id: actionId, text: element.text, value: element.value } };
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
