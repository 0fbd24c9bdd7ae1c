/** The sandbox's clock: the real one plus an offset that only grows. Its servers and the bot's process share it. */
export interface SandboxClock {
  now(): number;
  /** Milliseconds ahead of real time. */
  offset(): number;
  /** Moves on by so many milliseconds. */
  jump(ms: number): void;
  onJump(listener: (offset: number) => void): void;
}

export function createSandboxClock(): SandboxClock {
  let offset = 0;
  const listeners: ((offset: number) => void)[] = [];
  return {
    now: () => Date.now() + offset,
    offset: () => offset,
    jump: (ms) => {
      offset += Math.max(0, ms);
      for (const listener of listeners) listener(offset);
    },
    onJump: (listener) => void listeners.push(listener),
  };
}
