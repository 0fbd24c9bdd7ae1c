import type { EventPayloads, EventType, LedgerEvent } from '../domain/events.ts';
import { SIGNAL_NAMES } from '../domain/signals.ts';
import { assertNever, type Instant, isInstant } from '../domain/terms.ts';
import { counted, cut } from '../domain/text.ts';
import { endSentence, leftSentence, openSentence } from './ends.ts';
import { type Names, withNames } from './names.ts';
import { code, joined, lasting, type Piece, type Sentence, say, strong, time } from './pieces.ts';
import { ALARMS } from './reasons/alarms.ts';

const NO_NAMES: Names = new Map();

/** One event, as an auditor reads it. People are named, not mentioned, so that the record notifies nobody. */
export function eventSentence(event: LedgerEvent, names: Names = NO_NAMES): Sentence {
  const ids = [event.requestId, event.grantId].filter((id) => id !== null).map((id) => say` ${code(id)}`);
  return say`${strong`#${event.seq}`} ${moment(event.at)} ${code(event.type)} ${withNames(event, described(event), names)}${joined(ids, '')}`;
}

const DECIDED: Readonly<Record<EventPayloads['request.submitted']['decision']['effect'], string>> = {
  allow: 'automatic',
  ask: 'needs approval',
  deny: 'denied',
  break_glass: 'break-glass',
  canary: 'canary',
};
const VERDICTS = { approve: 'approved', deny: 'denied' } as const;

const UNREADABLE = 'cannot be read: somebody changed it in the database';

/** An event that somebody changed in the database gets a line of its own, so that the others are still shown. */
function described(event: LedgerEvent): Sentence {
  try {
    return describe(event);
  } catch (error) {
    if (error instanceof TypeError || error instanceof RangeError) return say`${UNREADABLE}`;
    throw error;
  }
}

const moment = (at: Instant): Piece | string => (isInstant(at) ? time(at) : String(at));

type Line<T extends EventType> = (event: LedgerEvent<T>, who: string) => Sentence;

/** The sentence for each type of event. `who` is the name of the person who caused it. */
const LINES: { readonly [T in EventType]: Line<T> } = {
  'request.submitted': (event, who) => {
    const { role, duration, startsAt, extends: extended, reason, decision } = event.payload;
    const decided = decision.rule === null ? 'no rule' : `rule ${decision.rule}`;
    const howLong = say`${lasting(duration)}${extended === null ? '' : ' more'}${startsAt === null ? '' : say` from ${time(startsAt)}`}`;
    return say`${who} asked for ${code(role)} for ${howLong}: “${cut(reason, 200)}”. Policy: ${strong`${DECIDED[decision.effect]}`} (${decided}: ${decision.reasons.join('; ')})`;
  },
  'signals.raised': (event) => {
    const { role, requester, signals } = event.payload;
    const seen = joined(
      signals.map(({ kind, facts }) => say`${strong`${SIGNAL_NAMES[kind]}`} (${facts})`),
      '; ',
    );
    return say`${requester.name}’s request for ${code(role)} is unusual: ${seen}`;
  },
  'review.recorded': (event, who) => {
    const { role, requester, verdict, comment, onBehalfOf, inPlaceOf } = event.payload;
    const absent = inPlaceOf ? inPlaceOf.name : onBehalfOf === null ? null : code(onBehalfOf);
    const standsIn = absent === null ? '' : say` (standing in for ${absent})`;
    return say`${who}${standsIn} ${strong`${VERDICTS[verdict]}`} ${code(role)}${requester ? say` for ${requester.name}` : ''}${comment && say` “${cut(comment, 200)}”`}`;
  },
  'request.changed': (event, who) => {
    const { from, to, requester } = event.payload;
    return say`${who} approved less than ${requester.name} asked for: ${code(from.role)} for ${lasting(from.duration)} → ${code(to.role)} for ${lasting(to.duration)}`;
  },
  'request.approved': (event) => {
    const by = {
      policy: 'was approved automatically',
      break_glass: 'is break-glass: no approval needed',
      canary: 'was approved: the policy names this role for it',
      reviewers: `was approved by ${event.payload.approvers.map(({ name }) => name).join(', ')}`,
    };
    const when = event.payload.startsAt === null ? '' : say`, from ${time(event.payload.startsAt)}`;
    return say`${event.payload.requester.name}’s request for ${code(event.payload.role)} ${by[event.payload.by]}${when}`;
  },
  'request.escalated': (event) => {
    const { role, requester, to, passedOver, page, pageName, unseen } = event.payload;
    const skipped = passedOver.map(({ name, why }) => `${name} (${why})`).join(', ');
    return say`${requester.name}’s request for ${code(role)}: also asked ${to.map(({ name }) => name).join(', ') || 'nobody'}${skipped && say`; not asked: ${skipped}`}${unseen === undefined ? '' : say`; not known who else to ask, so it is tried again: ${cut(unseen, 200)}`}${page === null ? '' : say`; paged on ${pageName === undefined ? '' : `${cut(pageName, 100)} `}${code(page)}`}`;
  },
  'request.denied': (event, who) =>
    say`${event.payload.requester.name}’s request for ${code(event.payload.role)} was denied by ${event.payload.by === 'policy' ? 'the policy' : who}: ${cut(event.payload.reasons.join('; '), 200)}`,
  'request.cancelled': (event) =>
    say`${event.payload.requester.name}’s request for ${code(event.payload.role)} was cancelled`,
  'request.expired': (event) =>
    say`nobody decided in time on ${event.payload.requester.name}’s request for ${code(event.payload.role)}`,
  'grant.provisioning': (event) =>
    say`setting up ${code(event.payload.role)} for ${event.payload.person.name}, for ${lasting(event.payload.duration)}`,
  'grant.activated': (event) =>
    say`${event.payload.person.name} has ${code(event.payload.role)} as ${code(event.payload.account)} until ${time(event.payload.endsAt)}`,
  'grant.extended': (event) =>
    say`${event.payload.person.name} keeps ${code(event.payload.role)} until ${time(event.payload.endsAt)}`,
  'grant.not_extended': (event) =>
    say`${code(event.payload.role)} of ${event.payload.person.name} still ends ${time(event.payload.endsAt)}: ${event.payload.problem}`,
  'grant.shortened': (event) =>
    say`${code(event.payload.role)} of ${event.payload.person.name} ends ${time(event.payload.endsAt)}: ${endSentence(event.payload.why)}`,
  'access.offered': (event) =>
    say`offered ${code(event.payload.role)}, which ${event.payload.from.name} had, to ${event.payload.to.map(({ name }) => name).join(', ')}, now on call for ${event.payload.escalationPolicy}`,
  'break_glass.invoked': (event, who) => {
    const { role, duration, reason, reviewer, reviewBy } = event.payload;
    return say`${strong`${who} used break-glass for ${code(role)}`} for ${lasting(duration)}: “${cut(reason, 200)}”. ${reviewer.name} has to review it before ${time(reviewBy)}`;
  },
  'break_glass.reminded': (event) =>
    say`${event.payload.reviewer.name} still has to review ${event.payload.person.name}’s break-glass for ${code(event.payload.role)}, before ${time(event.payload.reviewBy)}`,
  'break_glass.unreviewed': (event) =>
    say`${strong`nobody reviewed ${event.payload.person.name}’s break-glass for ${code(event.payload.role)} in time`}; ${event.payload.reviewer.name} was asked to`,
  'break_glass.reviewed': (event, who) =>
    say`${who}: ${event.payload.person.name}’s break-glass for ${code(event.payload.role)} was ${event.payload.justified ? 'justified' : strong`not justified`}. “${cut(event.payload.comment, 200)}”`,
  'delegation.set': (event) =>
    say`${event.payload.to.name} reviews for ${event.payload.from.name} until ${time(event.payload.until)}`,
  'delegation.ended': (event) => say`${event.payload.to.name} no longer reviews for ${event.payload.from.name}`,
  'second_factor.enrolled': (event) => say`${event.payload.person.name} set up one-time codes`,
  'second_factor.locked': (event) =>
    say`${strong`too many wrong codes from ${event.payload.person.name}`}: no code is accepted until ${time(event.payload.until)}`,
  'second_factor.reset': (event, who) => say`${who} reset the one-time codes of ${event.payload.person.name}`,
  'access.frozen': (event, who) =>
    say`${strong`${who} froze all access`}: “${cut(event.payload.reason, 200)}”. ${counted(event.payload.live, 'active grant ends', 'active grants end')}, nothing new is granted${seenText(event.payload)}`,
  'access.unfrozen': (_event, who) => say`${who} lifted the freeze`,
  'grant.revoking': (event, who) =>
    say`ending ${code(event.payload.role)} of ${event.payload.person.name}, by ${who}: ${endSentence(event.payload.why)}${event.payload.problem ? say` (${event.payload.problem})` : ''}${seenText(event.payload)}`,
  'grant.ended': (event) =>
    say`${event.payload.person.name} no longer has ${code(event.payload.role)}: ${endSentence(event.payload.why)}${stillOpen(event)}${leftBehind(event)}`,
  'grant.failed': (event) =>
    say`${code(event.payload.role)} could not be set up for ${event.payload.person.name}: ${event.payload.problem}. Nothing is left at the target`,
  'grant.overdue': (event) =>
    say`${strong`${code(event.payload.role)} of ${event.payload.person.name} could not be ended`} in ${counted(event.payload.failures, 'try', 'tries')}: ${event.payload.problem}. The bot keeps trying; look at the target`,
  'grant.declared_gone': (event, who) =>
    say`${strong`${who} declared ${code(event.payload.role)} of ${event.payload.person.name} gone`}: “${cut(event.payload.reason, 300)}”. The bot could not end it, did not see that it is gone, and has stopped trying`,
  'grant.stranded': (event) =>
    say`${strong`${code(event.payload.role)} of ${event.payload.person.name} cannot be ended`}: it was given at ${code(event.payload.place)}, which the policy file no longer reaches. Put that target under ${code('retired_targets')}, with its secrets, and start the bot again`,
  'credential.issued': (event) =>
    say`${event.payload.person.name} got new credentials for ${code(event.payload.account)}`,
  'access_review.started': (event, who) =>
    say`${who} started access review ${code(event.payload.review)} of ${counted(event.payload.items, 'rule')}, until ${time(event.payload.dueAt)}`,
  'access_review.answered': (event, who) => {
    const { review, role, entitlement, verdict, comment } = event.payload;
    return say`${who} ${strong`${verdict === 'keep' ? 'kept' : 'removed'}`} ${code(role)} “${cut(entitlement, 200)}” in access review ${code(review)}${comment && say`: “${cut(comment, 200)}”`}`;
  },
  'access_review.reminded': (event) =>
    say`access review ${code(event.payload.review)}: ${counted(event.payload.unanswered, 'rule needs', 'rules need')} an answer before ${time(event.payload.dueAt)}`,
  'access_review.closed': (event) =>
    say`access review ${code(event.payload.review)}: ${event.payload.kept} kept, ${event.payload.removed} removed, ${event.payload.unanswered} unanswered`,
  'drift.found': (event) => say`${strong`${driftText(event.payload)}`}`,
  'drift.removed': (event) => say`removed: ${driftText(event.payload)}`,
  'drift.gone': (event) => say`gone: ${driftText(event.payload)}`,
  'ledger.anchored': (event) =>
    say`event #${event.payload.seq} is signed by key ${code(event.payload.key.slice(0, 16))} and kept at ${code(event.payload.place)}`,
  'ledger.archived': (event) => {
    const { from, to, file, sha256 } = event.payload;
    return say`events #${from} to #${to} are in ${code(file)} (SHA-256 ${code(sha256.slice(0, 16))}) and no longer in the database`;
  },
  'names.erased': (event) => say`the name and address of ${code(event.payload.slackId)} were erased from the ledger`,
  'ledger.damaged': (event) =>
    say`${strong`the ledger cannot be trusted`}: ${event.payload.problem}. Nothing new is granted until somebody has looked${event.payload.needsLook ? ' and said so' : ''}`,
  'alarm.raised': ({ payload: { alarm, problem, to, page } }) => {
    const told =
      to.length === 0
        ? 'No administrator was found to be told'
        : say`Told: ${joined(
            to.map(({ name }) => name),
            ', ',
          )}`;
    return say`${strong`${ALARMS[alarm]}`}: ${cut(problem, 300)}. ${told}${page === null ? '' : say`; somebody was paged on ${code(page)}`}`;
  },
  'canary.passed': ({ payload: { role, took } }) =>
    say`the canary was given ${code(role)}, seen there, and ended, in ${lasting(took)}`,
  'canary.failed': ({ payload: { role, problem } }) =>
    say`${strong`the canary failed`} on ${code(role)}: ${cut(problem, 300)}`,
  'alarm.ended': ({ payload: { alarm, problem, since } }) =>
    say`over: ${ALARMS[alarm]}, since ${time(since)} (${cut(problem, 300)})`,
  'ledger.restored': ({ payload: { from, known } }) => {
    const gap =
      known === null
        ? 'Nothing else knew a later event'
        : `What it replaces had reached event ${known.seq}, as ${known.where} knows: numbers from ${from.seq + 1} on stand for other events than those shown before`;
    return say`${strong`the ledger was put back from a copy`} that ends with event ${from.seq}. ${gap}. All access ends, and nothing new is granted until targets were compared with it and an administrator has looked`;
  },
  'ledger.reconciled': ({ payload }) =>
    say`targets were compared with the ledger that was put back: ${cut(payload.problem, 600)}`,
  'ledger.looked': (event, who) =>
    say`${who} has looked, and access may be granted again: “${cut(event.payload.reason, 200)}”. What was found: ${cut(event.payload.problem, 300)}`,
  'bot.identified': (event) => {
    const { identity, earlier } = event.payload;
    const before = joined(
      earlier.map(({ user }) => code(user)),
      ', ',
    );
    return say`the bot is ${code(identity.user)} (${code(identity.bot)}) at Slack from now on; what it posted as ${before} is still its own`;
  },
  'channel.forged': (event) => {
    const { channel, user, bot, count, newest } = event.payload;
    const through = bot === null ? '' : say` through ${code(bot)}`;
    return say`${strong`not the bot’s`}: ${counted(count, 'message')} in ${code(channel)} by ${user}${through}, the newest ${code(newest)}, with the bot’s marks. Nothing in them was believed`;
  },
  'forwarding.shortened': (event) => {
    const { place, seq, problem } = event.payload;
    return say`${strong`an event did not go to ${code(place)} whole`}: event ${seq} went there without its payload, which only the ledger has now. ${cut(problem, 300)}`;
  },
  'policy.loaded': (event, who) => {
    const { roles, resources, hash, changes } = event.payload;
    const by = event.actor.kind === 'person' ? say` by ${who}` : '';
    const list = changes.length > 0 ? say`: ${cut(changes.join('; '), 400)}` : '';
    return say`policy ${code(hash.slice(0, 16))} is in force${by}, with ${counted(roles, 'role')} on ${counted(resources, 'resource')}${list}`;
  },
  'bot.started': (event) => say`the bot started, version ${event.payload.version}`,
  'event.unreadable': () => say`${UNREADABLE}`,
  'bot.stopped': (event) => say`the bot stopped (${event.payload.signal})`,
};

function describe<T extends EventType>(event: LedgerEvent<T>): Sentence {
  // The owner of the database file can write any type there.
  if (!Object.hasOwn(LINES, event.type)) return say`${UNREADABLE}`;
  const who = event.actor.kind === 'person' ? event.actor.name : 'the bot';
  return LINES[event.type](event, who);
}

function driftText({ kind, role, account, grantId, resource }: EventPayloads['drift.found']): Sentence {
  const what = say`${code(role ?? resource)} on ${code(account)}`;
  switch (kind) {
    case 'leftover':
      return say`${what} is still there, and its grant has ended`;
    case 'standing':
      return grantId === null
        ? say`${what} is standing access: it was not granted here`
        : say`${what} was made for a grant that this ledger does not know`;
    case 'missing':
      return say`${what} is gone, and its grant is active: somebody removed it at the target`;
    default:
      return assertNever(kind);
  }
}

const leftBehind = ({ payload: { left } }: LedgerEvent & { type: 'grant.ended' }): Sentence =>
  left && left.length > 0 ? say`. ${leftSentence(left)}` : [];

/** Only for sessions that outlive the access. */
const stillOpen = ({ at, payload }: LedgerEvent & { type: 'grant.ended' }): Sentence =>
  payload.openUntil === undefined || (payload.openUntil !== null && payload.openUntil <= at)
    ? []
    : say`. ${openSentence(payload.openUntil, at)}`;

/** For somebody who ended access while Slack could not confirm that they may. */
const seenText = ({ standingSeenAt }: { readonly standingSeenAt?: Instant }): Sentence =>
  standingSeenAt === undefined ? [] : say`. Slack could not confirm that they may; it did ${time(standingSeenAt)}`;
