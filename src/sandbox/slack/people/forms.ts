import { z } from 'zod';
import { viewObject } from '../methods/objects.ts';
import { applyResponse } from './formAnswer.ts';
import { findInput, optionOf, requiredAndEmpty, stateOf } from './inputs.ts';
import type { People } from './people.ts';
import { common, type World } from './world.ts';

const suggestionsSchema = z.object({
  options: z
    .array(
      z.object({ text: z.object({ type: z.string(), text: z.string().min(1).max(75) }), value: z.string().max(150) }),
    )
    .max(100),
});

/** Forms, from what is typed into them to the bot's answer. */
export function formsOf(
  world: World,
  act: People['act'],
): Pick<People, 'suggestions' | 'enter' | 'submit' | 'close' | 'topView'> {
  const { workspace, triggers, link } = world;
  return {
    suggestions: async (user, open, actionId, typed) => {
      const { blockId } = findInput(open, actionId);
      const answer = await link.deliver('interactive', {
        ...common(world, user),
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
      await act(user, { view: open }, blockId, { ...state, action_id: actionId });
    },
    submit: async (user, open) => {
      const missing = requiredAndEmpty(open);
      if (missing.length > 0) {
        open.errors = Object.fromEntries(missing.map((block) => [block, 'Please complete this required field.']));
        workspace.changed();
        return;
      }
      const answer = await link.deliver('interactive', {
        ...common(world, user),
        type: 'view_submission',
        trigger_id: triggers.issue(user),
        view: viewObject(workspace, open),
        response_urls: [],
      });
      applyResponse(workspace, open, answer);
    },
    close: (open) => {
      workspace.views.delete(open.id);
      workspace.changed();
    },
    topView: (user) => [...workspace.views.values()].filter((view) => view.user === user).at(-1),
  };
}
