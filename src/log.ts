import { pino } from 'pino';
import type { Log } from './ports.ts';

/** One JSON line an event on standard output, with every known secret struck out wherever it appears. */
export function createLog(level: string, secrets: readonly string[]): Log & { flush(): void } {
  const known = secrets.filter((secret) => secret.length > 0);
  return pino({
    level,
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
    hooks: { streamWrite: (line) => known.reduce((text, secret) => text.replaceAll(secret, '[secret]'), line) },
  });
}
