import type { Told as ToldEvent } from '../model/book.ts';
import type { Words } from './letters.ts';

/** What the audit channel shows: each event in a line of its own, by its number, without a gap and never twice. */
export interface AuditLines {
  hear(event: ToldEvent): void;
  /** @returns what is wrong with a message; null if nothing is */
  read(words: Words): string | null;
  /** @returns the newest event that is shown */
  newest(): number;
}

const LINE = /^:[a-z_]+: \*#(\d+)\* /;

export function createAuditLines(): AuditLines {
  const events = new Map<number, ToldEvent>();
  let shown = 0;
  return {
    hear: (event) => void events.set(event.seq, event),
    newest: () => shown,
    read: ({ text }) => {
      for (const line of text.split('\n')) {
        const seq = Number(LINE.exec(line)?.[1] ?? 0);
        if (seq === 0) continue;
        if (seq !== shown + 1) return `the audit channel shows event ${seq} where ${shown + 1} belongs`;
        shown = seq;
        const event = events.get(seq);
        if (!event) return `the audit channel shows event ${seq}, which nobody has heard of`;
        events.delete(seq);
        const missing = expected(event).find((part) => !line.includes(part) && !line.endsWith('…'));
        if (missing !== undefined) return `the audit channel does not say ${missing} of event ${seq}: ${line}`;
      }
      return null;
    },
  };
}

/** What it is, about which request and grant, and of what role. */
const expected = ({ type, requestId, grantId, said }: ToldEvent): string[] => {
  const isAboutAccess = type.startsWith('request.') || type.startsWith('grant.');
  const role = isAboutAccess && typeof said.role === 'string' ? [said.role] : [];
  return [type, ...role, ...[requestId, grantId].filter((id) => id !== null)];
};
