/** Signals from the first moment on, before the rest of the program is loaded. */

const CAUGHT = ['SIGTERM', 'SIGINT', 'SIGHUP'] as const;
type Signal = (typeof CAUGHT)[number];
type Take = (signal: Signal) => void;
/** Hands over what waits, and from then on what arrives. */
export type Signals = (take: Take) => void;

/** SIGHUP waits until somebody takes signals. The others end a process that has not begun anything. */
export function catchSignals(process: Pick<NodeJS.Process, 'on' | 'exit'>): Signals {
  const waiting: Signal[] = [];
  let takeOne: Take = (signal) => {
    if (signal !== 'SIGHUP') process.exit(0);
    waiting.push(signal);
  };
  for (const signal of CAUGHT) process.on(signal, () => takeOne(signal));
  return (take) => {
    takeOne = take;
    for (const signal of waiting.splice(0)) take(signal);
  };
}
