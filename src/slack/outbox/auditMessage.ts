import type { LedgerEvent } from '../../domain/events.ts';
import { AUDIT } from '../../wording/audit.ts';
import { eventSentence } from '../../wording/eventSentences.ts';
import type { Names } from '../../wording/names.ts';
import { type Message, section } from '../kit/blocks.ts';
import { drawn, smallPrint } from '../kit/drawn.ts';
import { cutMarkup } from '../link/markup.ts';
import { ICONS } from './icons.ts';

const NO_NAMES: Names = new Map();

/**
 * Metadata of an audit message: the events that it shows, and the hash of the last, which anchors the ledger outside
 * the database.
 */
export const AUDIT_METADATA = 'jitbot_audit';

/** Maximum text of one message, in characters. Slack allows more, but it would be hard to read. */
const MESSAGE_TEXT = 9_000;
const SECTION_TEXT = 2_800;
const LINE_TEXT = 600;

/** The first events that fit in one message, at least one. */
export function auditMessage(
  events: readonly LedgerEvent[],
  names: Names = NO_NAMES,
): { message: Message; last: LedgerEvent } {
  const sections: string[] = [];
  let length = 0;
  let last: LedgerEvent | undefined;
  for (const event of events) {
    const line = cutMarkup(auditLine(event, names), LINE_TEXT);
    if (last && length + line.length > MESSAGE_TEXT) break;
    const current = sections.at(-1);
    if (current === undefined || current.length + line.length + 1 > SECTION_TEXT) sections.push(line);
    else sections[sections.length - 1] = `${current}\n${line}`;
    length += line.length;
    last = event;
  }
  const first = events[0];
  if (!first || !last) throw new Error('an audit message needs an event');
  const range = AUDIT.range(first.seq, last.seq);
  return {
    last,
    message: {
      text: first.seq === last.seq ? `${range} ${first.type}` : range,
      blocks: [...sections.map((text) => section(text)), smallPrint(AUDIT.footer(range, last.hash.slice(0, 16)))],
    },
  };
}

/** One event, as an auditor reads it in Slack. */
export const auditLine = (event: LedgerEvent, names: Names = NO_NAMES): string =>
  `${ICONS[event.type] ?? ':small_blue_diamond:'} ${drawn(eventSentence(event, names))}`;
