import type { Log } from '../../src/ports/host.ts';

/** Keeps what the bot logs, for tests that ask what an operator would read. */
export interface RecordedLog extends Log {
  readonly lines: { level: string; message: string; facts: object }[];
}

export function recordedLog(): RecordedLog {
  const lines: RecordedLog['lines'] = [];
  const at = (level: string) => (facts: object, message: string) => void lines.push({ level, message, facts });
  return { lines, info: at('info'), warn: at('warn'), error: at('error') };
}

/** What the bot puts up with, it logs: faults of others, in words of ours. These are faults of the program. */
export const OWN_FAULT = /^(Type|Reference|Range|Syntax|Sqlite)Error$/;
/** Slack's client throws what it likes at a broken frame. */
export const BROKEN_FRAME = 'dropped an envelope that is not whole';
