import type { Workspace } from '../workspace.ts';
import { SlackRefusal } from './refusal.ts';

/** How long a trigger opens a modal. */
const TRIGGER_LIFE_MS = 3_000;

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
