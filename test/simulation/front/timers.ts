import type { Clock } from '../../../src/ports/host.ts';

/** What Slack's listeners wait for by the system's timers, waited for on the clock of the simulation. */
export function onSimulatedTime(clock: Clock): () => void {
  const { setTimeout: realTimeout, clearTimeout: realClear, fetch: realFetch } = globalThis;
  const cancels = new Map<object, () => void>();
  const simulated = {
    setTimeout: (callback: (...args: unknown[]) => void, ms = 0, ...args: unknown[]) => {
      const timer = { ref: () => timer, unref: () => timer, hasRef: () => false };
      cancels.set(
        timer,
        clock.wakeAt(clock.now() + ms, () => callback(...args)),
      );
      return timer;
    },
    clearTimeout: (timer: object) => cancels.get(timer)?.(),
  };
  Object.assign(globalThis, simulated);
  return () => void Object.assign(globalThis, { setTimeout: realTimeout, clearTimeout: realClear, fetch: realFetch });
}
