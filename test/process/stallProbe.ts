/**
 * Loaded into the bot's process before it: writes down, four times a second, for how long the event loop was held up at most.
 * A line is the process's age and the stall, both in milliseconds.
 */

import { appendFileSync } from 'node:fs';
import { monitorEventLoopDelay } from 'node:perf_hooks';

const EVERY_MS = 250;
const RESOLUTION_MS = 5;

const file = process.env.STALL_FILE;
if (file !== undefined) {
  const delay = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  delay.enable();
  setInterval(() => {
    appendFileSync(file, `${Math.round(process.uptime() * 1_000)} ${Math.round(delay.max / 1e6)}\n`);
    delay.reset();
  }, EVERY_MS).unref();
}
