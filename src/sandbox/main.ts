import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { createBotProcess } from './botProcess.ts';
import { createSandboxClock } from './clock/sandboxClock.ts';
import { startSandbox } from './sandbox.ts';
import { tour } from './tour.ts';

/** `npm run sandbox`: the bot and everything it talks to, on this machine. */
if (process.argv.includes('--tour')) {
  await tour().catch((error: unknown) => {
    process.stderr.write(`\nThe tour stopped: ${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = 1;
  });
} else {
  await tour();
}
void [mkdirSync, join, createBotProcess, createSandboxClock, startSandbox];
