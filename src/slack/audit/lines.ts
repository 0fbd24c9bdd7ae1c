import type { EventPayloads, LedgerEvent } from '../../domain/events.ts';
import { SIGNAL_NAMES } from '../../domain/signals.ts';
import { assertNever, durationText, type Instant, isInstant } from '../../domain/terms.ts';
import { counted, cut } from '../../domain/text.ts';
import { code, context, type Message, plain, section, time } from '../blocks.ts';
import { endSentence, leftSentence, openSentence } from '../sentences.ts';
import { ICONS } from './icons.ts';

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

/** One event, as an auditor reads it. Names, not mentions: nobody is paged by the record. */
export function auditLine(event: LedgerEvent): string {
  const icon = ICONS[event.type] ?? ':small_blue_diamond:';
  const ids = [event.requestId, event.grantId]
    .filter((id) => id !== null)
    .map(code)
    .join(' ');
  return `${icon} *#${event.seq}* ${moment(event.at)} ${code(event.type)} ${described(event)}${ids && ` ${ids}`}`;
}

const UNREADABLE = 'cannot be read: somebody changed it in the database';

/** An event that was bent in the database keeps none of the others from being shown. */
function described(event: LedgerEvent): string {
  try {
    return describe(event);
  } catch (error) {
    if (error instanceof TypeError || error instanceof RangeError) return UNREADABLE;
    throw error;
  }
}

const moment = (at: Instant): string => (isInstant(at) ? time(at) : String(at));

function describe(event: LedgerEvent): string {
  const { payload } = event;
  const who = event.actor.kind === 'person' ? plain(event.actor.name) : 'the bot';
  switch (event.type) {
    case 'request.submitted': {
      const { role, duration, startsAt, extends: extended, reason, decision } = event.payload;
      const decided = decision.rule === null ? 'not by a rule' : `rule ${decision.rule}`;
      const howLong = `${durationText(duration)}${extended === null ? '' : ' more'}${startsAt === null ? '' : ` from ${time(startsAt)}`}`;
      return `${who} asked for ${code(role)} for ${howLong}: “${plain(cut(reason, 200))}”. Policy: *${decision.effect}* (${decided}: ${plain(decision.reasons.join('; '))})`;
    }
    case 'signals.raised': {
      const { role, requester, signals } = event.payload;
      const seen = signals.map(({ kind, facts }) => `*${SIGNAL_NAMES[kind]}* (${plain(facts)})`).join('; ');
      return `${code(role)} for ${plain(requester.name)}: ${seen}`;
    }
    case 'review.recorded':
      return `${who}${event.payload.onBehalfOf === null ? '' : ` (standing in for ${code(event.payload.onBehalfOf)})`}: *${event.payload.verdict}* ${code(event.payload.role)}${event.payload.requester ? ` for ${plain(event.payload.requester.name)}` : ''}${event.payload.comment && ` “${plain(cut(event.payload.comment, 200))}”`}`;
    case 'request.changed': {
      const { from, to, requester } = event.payload;
      return `${who} gives ${plain(requester.name)} less than was asked for: ${code(from.role)} for ${durationText(from.duration)} → ${code(to.role)} for ${durationText(to.duration)}`;
    }
    case 'request.approved': {
      const by = {
        policy: 'the policy',
        break_glass: 'nobody: break-glass',
        reviewers: plain(event.payload.approvers.map(({ name }) => name).join(', ')),
      };
      const when = event.payload.startsAt === null ? '' : `, from ${time(event.payload.startsAt)}`;
      return `${code(event.payload.role)} for ${plain(event.payload.requester.name)}, by ${by[event.payload.by]}${when}`;
    }
    case 'request.escalated': {
      const { role, requester, to, passedOver, page } = event.payload;
      const skipped = passedOver.map(({ name, why }) => `${plain(name)} (${plain(why)})`).join(', ');
      return `${code(role)} for ${plain(requester.name)}: also asked ${plain(to.map(({ name }) => name).join(', ')) || 'nobody'}${skipped && `; passed over ${skipped}`}${page === null ? '' : `; paged on ${code(page)}`}`;
    }
    case 'request.denied':
      return `${code(event.payload.role)} for ${plain(event.payload.requester.name)}, by ${event.payload.by === 'policy' ? 'the policy' : who}: ${plain(cut(event.payload.reasons.join('; '), 200))}`;
    case 'request.cancelled':
    case 'request.expired':
      return `${code(event.payload.role)} for ${plain(event.payload.requester.name)}`;
    case 'grant.provisioning':
      return `${code(event.payload.role)} for ${plain(event.payload.person.name)}, ${durationText(event.payload.duration)}`;
    case 'grant.activated':
      return `${plain(event.payload.person.name)} has ${code(event.payload.role)} as ${code(event.payload.account)} until ${time(event.payload.endsAt)}`;
    case 'grant.extended':
      return `${plain(event.payload.person.name)} keeps ${code(event.payload.role)} until ${time(event.payload.endsAt)}`;
    case 'grant.not_extended':
      return `${code(event.payload.role)} of ${plain(event.payload.person.name)} still ends ${time(event.payload.endsAt)}: ${plain(event.payload.problem)}`;
    case 'grant.shortened':
      return `${code(event.payload.role)} of ${plain(event.payload.person.name)} ends ${time(event.payload.endsAt)}: ${endSentence(event.payload.why)}`;
    case 'access.offered':
      return `${code(event.payload.role)}, which ${plain(event.payload.from.name)} had, to ${plain(event.payload.to.map(({ name }) => name).join(', '))}, now on call for ${plain(event.payload.escalationPolicy)}`;
    case 'break_glass.invoked': {
      const { role, duration, reason, reviewer, reviewBy } = event.payload;
      return `*${who} broke the glass for ${code(role)}* for ${durationText(duration)}: “${plain(cut(reason, 200))}”. ${plain(reviewer.name)} reviews it by ${time(reviewBy)}`;
    }
    case 'break_glass.reminded':
      return `${plain(event.payload.reviewer.name)} is to review ${plain(event.payload.person.name)}’s use of ${code(event.payload.role)} by ${time(event.payload.reviewBy)}`;
    case 'break_glass.unreviewed':
      return `*nobody has reviewed ${plain(event.payload.person.name)}’s use of ${code(event.payload.role)}*; it was for ${plain(event.payload.reviewer.name)} to do`;
    case 'break_glass.reviewed':
      return `${who}: ${plain(event.payload.person.name)}’s use of ${code(event.payload.role)} was ${event.payload.justified ? 'justified' : '*not justified*'}. “${plain(cut(event.payload.comment, 200))}”`;
    case 'delegation.set':
      return `${plain(event.payload.to.name)} reviews for ${plain(event.payload.from.name)} until ${time(event.payload.until)}`;
    case 'delegation.ended':
      return `${plain(event.payload.to.name)} no longer reviews for ${plain(event.payload.from.name)}`;
    case 'second_factor.enrolled':
      return `${plain(event.payload.person.name)} set up one-time codes`;
    case 'second_factor.locked':
      return `*too many wrong codes from ${plain(event.payload.person.name)}*: none is taken until ${time(event.payload.until)}`;
    case 'second_factor.reset':
      return `${who} reset the one-time codes of ${plain(event.payload.person.name)}`;
    case 'access.frozen':
      return `*${who} froze all access*: “${plain(cut(event.payload.reason, 200))}”. ${counted(event.payload.live, 'live grant ends', 'live grants end')}, nothing new is granted${seenText(event.payload)}`;
    case 'access.unfrozen':
      return `${who} lifted the freeze`;
    case 'grant.revoking':
      return `${code(event.payload.role)} of ${plain(event.payload.person.name)}, by ${who}: ${endSentence(event.payload.why)}${event.payload.problem ? ` (${plain(event.payload.problem)})` : ''}${seenText(event.payload)}`;
    case 'grant.ended':
      return `${plain(event.payload.person.name)} no longer has ${code(event.payload.role)}: ${endSentence(event.payload.why)}${stillOpen(event)}${leftBehind(event)}`;
    case 'grant.failed':
      return `${code(event.payload.role)} for ${plain(event.payload.person.name)}: ${plain(event.payload.problem)}; nothing left at the target`;
    case 'grant.overdue':
      return `*${code(event.payload.role)} of ${plain(event.payload.person.name)} cannot be taken back* after ${counted(event.payload.failures, 'try', 'tries')}: ${plain(event.payload.problem)}. The bot keeps trying; look at the target`;
    case 'grant.stranded':
      return `*${code(event.payload.role)} of ${plain(event.payload.person.name)} cannot be taken back*: it was given at ${code(event.payload.place)}, which the policy file does not reach any more. Put that target under \`retired_targets\`, with its secrets, and start the bot again`;
    case 'credential.issued':
      return `${plain(event.payload.person.name)} got new credentials for ${code(event.payload.account)}`;
    case 'access_review.started':
      return `${who} started access review ${code(event.payload.review)} of ${counted(event.payload.items, 'rule')}, until ${time(event.payload.dueAt)}`;
    case 'access_review.answered': {
      const { review, role, entitlement, verdict, comment } = event.payload;
      return `${who}: *${verdict}* ${code(role)} “${plain(cut(entitlement, 200))}” in access review ${code(review)}${comment && `: “${plain(cut(comment, 200))}”`}`;
    }
    case 'access_review.reminded':
      return `access review ${code(event.payload.review)}: ${counted(event.payload.unanswered, 'rule waits', 'rules wait')} for an answer until ${time(event.payload.dueAt)}`;
    case 'access_review.closed':
      return `access review ${code(event.payload.review)}: ${event.payload.kept} kept, ${event.payload.removed} removed, ${event.payload.unanswered} unanswered`;
    case 'drift.found':
      return `*${driftText(event.payload)}*`;
    case 'drift.removed':
      return `removed: ${driftText(event.payload)}`;
    case 'drift.gone':
      return `no longer so: ${driftText(event.payload)}`;
    case 'ledger.anchored':
      return `event #${event.payload.seq} is signed by key ${code(event.payload.key.slice(0, 16))} and kept at ${code(event.payload.place)}`;
    case 'ledger.archived': {
      const { from, to, file, sha256 } = event.payload;
      return `events #${from} to #${to} are in ${code(file)} (SHA-256 ${code(sha256.slice(0, 16))}) and no longer in the database`;
    }
    case 'names.erased':
      return `the name and address of ${code(event.payload.slackId)} were erased from the record`;
    case 'ledger.damaged':
      return `*the ledger cannot be trusted*: ${plain(event.payload.problem)}. Nothing new is granted until somebody has looked${event.payload.needsLook ? ' and said so' : ''}`;
    case 'ledger.looked':
      return `${who} has looked, and access may be granted again: “${plain(cut(event.payload.reason, 200))}”. What was found: ${plain(cut(event.payload.problem, 300))}`;
    case 'bot.identified': {
      const { identity, earlier } = event.payload;
      const before = earlier.map(({ user }) => code(user)).join(', ');
      return `the bot is ${code(identity.user)} (${code(identity.bot)}) at Slack from now on; what it posted as ${before} is still its own`;
    }
    case 'channel.forged': {
      const { channel, user, bot, count, newest } = event.payload;
      const through = bot === null ? '' : ` through ${code(bot)}`;
      return `*not the bot’s*: ${counted(count, 'message')} in ${code(channel)} by ${code(user)}${through}, the newest ${code(newest)}, with the bot’s marks. Nothing in them was believed`;
    }
    case 'forwarding.shortened': {
      const { place, seq, problem } = event.payload;
      return `*an event did not go to ${code(place)} whole*: event ${seq} went there without its payload, which only the ledger has now. ${plain(cut(problem, 300))}`;
    }
    case 'policy.loaded': {
      const { roles, resources, hash, changes } = event.payload;
      const by = event.actor.kind === 'person' ? ` by ${who}` : '';
      const list = changes.length > 0 ? `: ${plain(cut(changes.join('; '), 400))}` : '';
      return `${counted(roles, 'role')} on ${counted(resources, 'resource')}, ${code(hash.slice(0, 16))}${by}${list}`;
    }
    case 'bot.started':
      return `version ${event.payload.version}`;
    case 'event.unreadable':
      return UNREADABLE;
    case 'bot.stopped':
      return `on ${event.payload.signal}`;
    default:
      return assertNever(payload as never);
  }
}

function driftText({ kind, role, account, grantId, resource }: EventPayloads['drift.found']): string {
  const what = `${code(role ?? resource)} on ${code(account)}`;
  switch (kind) {
    case 'leftover':
      return `${what} is still there, and its grant has ended`;
    case 'standing':
      return grantId === null
        ? `${what} is standing access: nobody granted it here`
        : `${what} was made for a grant that this ledger does not know`;
    case 'missing':
      return `${what} is not there, and its grant is live: somebody took it away at the target`;
    default:
      return assertNever(kind);
  }
}

const leftBehind = ({ payload: { left } }: LedgerEvent & { type: 'grant.ended' }): string =>
  left && left.length > 0 ? `. ${leftSentence(left)}` : '';

/** Said only where sessions outlive the access. */
const stillOpen = ({ at, payload }: LedgerEvent & { type: 'grant.ended' }): string =>
  payload.openUntil === undefined || (payload.openUntil !== null && payload.openUntil <= at)
    ? ''
    : `. ${openSentence(payload.openUntil, at)}`;

/** Where an administrator acted while Slack did not say that they are one. */
const seenText = ({ standingSeenAt }: { readonly standingSeenAt?: Instant }): string =>
  standingSeenAt === undefined
    ? ''
    : `. Slack did not say whether they are an administrator; they were seen to be one ${time(standingSeenAt)}`;
