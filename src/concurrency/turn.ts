/** Lets whoever waits for the event loop have their turn. */
export const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
