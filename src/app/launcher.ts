import { type Millis, SECOND } from '../domain/terms.ts';

/** How often it is looked whether npm is still there: nothing tells when it is gone. */
const LOOK_EVERY: Millis = 2 * SECOND;

/**
 * Calls back once when whoever started this process is gone without having passed a signal on: `src/app/launch.js` on an older
 * Node, or npm (which passes on SIGTERM and SIGINT, but dies of SIGHUP by itself). A bot that went on alone would keep
 * the next one from starting. Started in any other way, a bot may well outlive its parent: a shell, or a terminal.
 */
export function whenLauncherIsGone(env: NodeJS.ProcessEnv, callback: () => void): void {
  if (process.channel) {
    // It waits for the end of this process, and keeps nothing here from ending.
    process.channel.unref();
    process.once('disconnect', callback);
    return;
  }
  if (env.npm_lifecycle_event === undefined) return;
  // With `exec` in the script, the parent is npm itself and no shell that waits.
  const parent = process.ppid;
  const looking = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(looking);
    callback();
  }, LOOK_EVERY);
  looking.unref();
}
