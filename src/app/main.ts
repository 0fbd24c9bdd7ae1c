/** `npm start`: runs the bot that the environment describes, until it is told to stop. */

import { catchSignals } from './signals.ts';

// Loading the program takes longer than a supervisor may wait before it sends a signal.
const signals = catchSignals(process);
const { run } = await import('./run.ts');
await run(signals);
