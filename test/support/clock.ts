import type { Clock } from '../../src/ports/host.ts';

/** A clock in the test's hands: stands still until it is moved. */
export interface ManualClock extends Clock {
  advance(ms: number): void;
}

export function manualClock(start = Date.UTC(2026, 0, 15, 12)): ManualClock {
  let now = start;
  const waiting = new Set<{ at: number; callback: () => void }>();
  return {
    now: () => now,
    wakeAt: (at, callback) => {
      const entry = { at, callback };
      waiting.add(entry);
      return () => waiting.delete(entry);
    },
    advance: (ms) => {
      now += ms;
      for (const entry of [...waiting].filter(({ at }) => at <= now)) {
        waiting.delete(entry);
        entry.callback();
      }
    },
  };
}

/** Runs with real time and can be jumped ahead: for tests on the wire, where real messages take real milliseconds. */
export interface JumpClock extends Clock {
  jump(ms: number): void;
}

export function jumpClock(): JumpClock {
  let offset = 0;
  const now = () => Date.now() + offset;
  const waiting = new Set<() => void>();
  return {
    now,
    wakeAt: (at, callback) => {
      let timer: NodeJS.Timeout;
      const look = () => {
        clearTimeout(timer);
        if (now() < at) {
          timer = setTimeout(look, at - now());
          return;
        }
        waiting.delete(look);
        callback();
      };
      timer = setTimeout(look, Math.max(0, at - now()));
      waiting.add(look);
      return () => {
        clearTimeout(timer);
        waiting.delete(look);
      };
    },
    jump: (ms) => {
      offset += ms;
      for (const look of [...waiting]) look();
    },
  };
}
