import type { Log } from '../../src/ports.ts';

/** Keeps what the bot logs, for tests that ask what an operator would read. */
export interface RecordedLog extends Log {
  readonly lines: { level: string; message: string; facts: object }[];
}

export function recordedLog(): RecordedLog {
  const lines: RecordedLog['lines'] = [];
  const at = (level: string) => (facts: object, message: string) => void lines.push({ level, message, facts });
  return { lines, info: at('info'), warn: at('warn'), error: at('error') };
}
