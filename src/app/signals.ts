/** Receives signals from the first moment, before the rest of the program is loaded. */

const CAUGHT = ['SIGTERM', 'SIGINT', 'SIGHUP'] as const;
type Signal = (typeof CAUGHT)[number];
type Take = (signal: Signal) => void;
/** Passes on the pending signal, and from then on every signal. */
export type Signals = (take: Take) => void;

/** SIGHUP waits until there is a receiver. The others end the process, which has not begun anything yet. */
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
