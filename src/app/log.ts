import { pino } from 'pino';
import { createStriker } from '../domain/secrets.ts';
import type { Log } from '../ports/host.ts';

/** Lines that could not be written are kept up to here, and then dropped. */
const MOST_UNWRITTEN_BYTES = 4_000_000;

/**
 * One JSON line an event on standard output, with every known secret struck out wherever it appears.
 * @param secrets may grow: a reloaded policy brings its own
 */
export function createLog(level: string, secrets: readonly string[]): Log & { flush(): void } {
  const output = pino.destination({ fd: 1, sync: true, maxLength: MOST_UNWRITTEN_BYTES });
  // Where nothing can be written, for a disk that is full or a reader that is gone, access still has to end on time.
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
