import type { Logger } from '@slack/bolt';
import type { Log } from '../../ports/host.ts';

/** Slack's libraries log through ours. Their debug output holds whole payloads, so it is left out. */
export function createSlackLogger(log: Log): Logger {
  const text = (parts: unknown[]) =>
    parts
      .map((part) => (part instanceof Error ? part.message : typeof part === 'string' ? part : JSON.stringify(part)))
      .join(' ');
  return {
    debug: () => undefined,
    info: () => undefined,
    warn: (...parts) => log.warn({ from: 'slack' }, text(parts)),
    error: (...parts) => log.error({ from: 'slack' }, text(parts)),
    setLevel: () => undefined,
    getLevel: () => 'info' as ReturnType<Logger['getLevel']>,
    setName: () => undefined,
  };
}
