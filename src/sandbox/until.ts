import type { Workspace } from './slack/workspace.ts';

const PATIENCE_MS = 10_000;

/** Waits until the workspace shows something, looking whenever it changes. @throws after 10 s, saying what was waited for */
export function until<T>(workspace: Workspace, what: string, look: () => T | undefined | null | false): Promise<T> {
  return new Promise((resolve, reject) => {
    const check = () => {
      const seen = look();
      if (seen === undefined || seen === null || seen === false) return;
      done();
      resolve(seen);
    };
    const late = setTimeout(() => {
      done();
      reject(new Error(`did not see: ${what}`));
    }, PATIENCE_MS);
    const done = () => {
      clearTimeout(late);
      workspace.off('change', check);
    };
    workspace.on('change', check);
    check();
  });
}
