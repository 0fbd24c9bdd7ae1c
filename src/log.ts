import { pino } from 'pino';
import { striker } from './domain/secrets.ts';
import type { Log } from './ports.ts';

/**
 * One JSON line an event on standard output, with every known secret struck out wherever it appears.
 * @param secrets may grow: a reloaded policy brings its own
 */
export function createLog(level: string, secrets: readonly string[]): Log & { flush(): void } {
  return pino({
    level,
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
    hooks: { streamWrite: striker(secrets) },
  });
}
