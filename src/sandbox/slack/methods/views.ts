import type { Args } from './arguments.ts';
import { type Methods, TIER_4 } from './method.ts';
import { viewObject } from './objects.ts';
import { SlackRefusal } from './refusal.ts';

/** Views that lie on each other at most. */
const MAX_VIEWS = 3;

/** Modals and the home tab. */
export const viewsMethods: Methods = ({ workspace, triggers, read }) => {
  const { text, userOf, view } = read;
  /** A modal, and who it is shown to. */
  const modal = (args: Args) => {
    const shown = view(args);
    if (shown.type !== 'modal') throw new SlackRefusal('invalid_arguments');
    return { shown, user: triggers.use(text(args, 'trigger_id')) };
  };
  return {
    'views.open': {
      scopes: [],
      perMinute: TIER_4,
      call: (args) => {
        const { shown, user } = modal(args);
        return { view: viewObject(workspace, workspace.openView(user, shown, null)) };
      },
    },
    'views.push': {
      scopes: [],
      perMinute: TIER_4,
      call: (args) => {
        const { shown, user } = modal(args);
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
};
