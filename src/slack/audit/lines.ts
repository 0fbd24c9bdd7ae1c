import type { LedgerEvent } from '../../domain/events.ts';
import { assertNever, durationText } from '../../domain/terms.ts';
import { code, context, cut, type Message, plain, section, time } from '../blocks.ts';
import { endSentence } from '../sentences.ts';

/** Metadata of an audit message: which events it shows, and the hash of the last, an anchor outside the database. */
export const AUDIT_METADATA = 'jitbot_audit';

/** Characters of text in one message: Slack refuses far more; past this it is hard to read. */
const MESSAGE_TEXT = 9_000;
const SECTION_TEXT = 2_800;
const LINE_TEXT = 600;

/** As many of the events as one message holds, in order, at least one. */
export function auditMessage(events: readonly LedgerEvent[]): { message: Message; last: LedgerEvent } {
  const sections: string[] = [];
  let length = 0;
  let last: LedgerEvent | undefined;
  for (const event of events) {
    const line = cut(auditLine(event), LINE_TEXT);
    if (last && length + line.length > MESSAGE_TEXT) break;
    const current = sections.at(-1);
    if (current === undefined || current.length + line.length + 1 > SECTION_TEXT) sections.push(line);
    else sections[sections.length - 1] = `${current}\n${line}`;
    length += line.length;
    last = event;
  }
  const first = events[0];
  if (!first || !last) throw new Error('an audit message needs an event');
  const range = first.seq === last.seq ? `#${first.seq}` : `#${first.seq} to #${last.seq}`;
  return {
    last,
    message: {
      text: first.seq === last.seq ? `${range} ${first.type}` : `${range}`,
      blocks: [...sections.map((text) => section(text)), context(`Ledger ${range} · ${code(last.hash.slice(0, 16))}`)],
    },
  };
}

const ICONS: Partial<Record<LedgerEvent['type'], string>> = {
  'request.submitted': ':memo:',
  'request.approved': ':white_check_mark:',
  'request.denied': ':no_entry:',
  'grant.activated': ':key:',
  'grant.ended': ':lock:',
  'grant.failed': ':warning:',
  'grant.overdue': ':rotating_light:',
};

/** One event, as an auditor reads it. Names, not mentions: nobody is paged by the record. */
export function auditLine(event: LedgerEvent): string {
  const icon = ICONS[event.type] ?? ':small_blue_diamond:';
  const ids = [event.requestId, event.grantId]
    .filter((id) => id !== null)
    .map(code)
    .join(' ');
  return `${icon} *#${event.seq}* ${time(event.at)} ${code(event.type)} ${describe(event)}${ids && ` ${ids}`}`;
}

function describe(event: LedgerEvent): string {
  const { payload } = event;
  const who = event.actor.kind === 'person' ? plain(event.actor.name) : 'the bot';
  switch (event.type) {
    case 'request.submitted': {
      const { role, duration, reason, decision } = event.payload;
      const decided = decision.rule === null ? 'no rule matched' : `rule ${decision.rule}`;
      return `${who} asked for ${code(role)} for ${durationText(duration)}: “${plain(cut(reason, 200))}”. Policy: *${decision.effect}* (${decided}: ${plain(decision.reasons.join('; '))})`;
    }
    case 'review.recorded':
      return `${who}: *${event.payload.verdict}* ${code(event.payload.role)}${event.payload.comment && ` “${plain(cut(event.payload.comment, 200))}”`}`;
    case 'request.approved':
      return `${code(event.payload.role)} for ${plain(event.payload.requester)}, by ${event.payload.by === 'policy' ? 'the policy' : plain(event.payload.approvers.join(', '))}`;
    case 'request.denied':
      return `${code(event.payload.role)} for ${plain(event.payload.requester)}, by ${event.payload.by === 'policy' ? 'the policy' : who}: ${plain(cut(event.payload.reasons.join('; '), 200))}`;
    case 'request.cancelled':
    case 'request.expired':
      return `${code(event.payload.role)} for ${plain(event.payload.requester)}`;
    case 'grant.provisioning':
      return `${code(event.payload.role)} for ${plain(event.payload.person)}, ${durationText(event.payload.duration)}`;
    case 'grant.activated':
      return `${plain(event.payload.person)} has ${code(event.payload.role)} as ${code(event.payload.account)} until ${time(event.payload.endsAt)}`;
    case 'grant.revoking':
      return `${code(event.payload.role)} of ${plain(event.payload.person)}, by ${who}: ${endSentence(event.payload.why)}${event.payload.problem ? ` (${plain(event.payload.problem)})` : ''}`;
    case 'grant.ended':
      return `${plain(event.payload.person)} no longer has ${code(event.payload.role)}: ${endSentence(event.payload.why)}`;
    case 'grant.failed':
      return `${code(event.payload.role)} for ${plain(event.payload.person)}: ${plain(event.payload.problem)}; nothing left at the target`;
    case 'grant.overdue':
      return `*${code(event.payload.role)} of ${plain(event.payload.person)} cannot be taken back* after ${event.payload.failures} tries: ${plain(event.payload.problem)}. The bot keeps trying; look at the target`;
    case 'credential.issued':
      return `${plain(event.payload.person)} got a new password for ${code(event.payload.account)}`;
    case 'policy.loaded':
      return `${event.payload.roles} roles on ${event.payload.resources} resources, ${code(event.payload.hash.slice(0, 16))}`;
    case 'bot.started':
      return `version ${event.payload.version}`;
    case 'bot.stopped':
      return `on ${event.payload.signal}`;
    default:
      return assertNever(payload as never);
  }
}
