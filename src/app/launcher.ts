import { type Millis, SECOND } from '../domain/terms.ts';

/** How often to check whether npm still runs: there is no event for its end. */
const LOOK_EVERY: Millis = 2 * SECOND;

/**
 * Calls back once if the launcher of this process has ended without passing a signal on: `src/app/launch.js` on an
 * older Node, or npm (which passes on SIGTERM and SIGINT, but SIGHUP kills it). A bot that kept running would prevent
 * the next one from starting. With any other parent, such as a shell, the bot may outlive it.
 */
export function whenLauncherIsGone(env: NodeJS.ProcessEnv, callback: () => void): void {
  if (process.channel) {
    // The launcher waits for this process; the channel must not keep the process alive.
    process.channel.unref();
    process.once('disconnect', callback);
    return;
  }
  if (env.npm_lifecycle_event === undefined) return;
  // Because of `exec` in the script, the parent is npm itself and not a shell.
  const parent = process.ppid;
  const looking = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(looking);
    callback();
  }, LOOK_EVERY);
  looking.unref();
}
