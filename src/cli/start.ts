import { MISUSE } from '../wording/terminal/misuse.ts';
import { UsageError } from './usageError.ts';

/** Only for `jitbot start` with arguments: without, src/cli/jitbot.js starts the bot before it loads anything else. */
export function start(): never {
  throw new UsageError(MISUSE.start);
}
