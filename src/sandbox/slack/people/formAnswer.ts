import { checkedView } from '../methods/arguments.ts';
import type { OpenView, Workspace } from '../workspace.ts';

/** What the app's answer to a sent form does to the screen. */
export function applyResponse(workspace: Workspace, open: OpenView, response: unknown): void {
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
