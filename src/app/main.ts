/** `npm start`: the bot against whatever the environment names, until it is told to stop. */

import { catchSignals } from './signals.ts';

// Loading the program takes longer than a supervisor may wait before it sends a signal.
const signals = catchSignals(process);
const { run } = await import('./run.ts');
await run(signals);
