import { pino } from 'pino';
import { createStriker } from '../domain/secrets.ts';
import type { Log } from '../ports/host.ts';

/** Bytes of unwritten lines to keep. Lines beyond that are dropped. */
const MOST_UNWRITTEN_BYTES = 4_000_000;

/**
 * Writes JSON lines to standard output, with every known secret redacted.
 * @param secrets may grow: a reloaded policy adds its own
 */
export function createLog(level: string, secrets: readonly string[]): Log & { flush(): void } {
  const output = pino.destination({ fd: 1, sync: true, maxLength: MOST_UNWRITTEN_BYTES });
  // If nothing can be written (a full disk, a closed pipe), access still has to end on time.
  output.on('error', () => undefined);
  return pino(
    {
      level,
      base: null,
      formatters: { level: (label) => ({ level: label }) },
      timestamp: pino.stdTimeFunctions.isoTime,
      hooks: { streamWrite: createStriker(secrets) },
    },
    output,
  );
}
