/** Titles, labels, hints and placeholders of forms. Strings are plain text: Slack formats none of it. */

import type { Instant, Millis } from '../domain/terms.ts';
import { code, joined, lasting, people, type Sentence, say, time } from './pieces.ts';

/** @param example a ticket that matches the pattern; null if none is known */
const ticketHint = (example: string | null, pattern: string): string =>
  example === null ? `Include a ticket that matches ${pattern}.` : `Include a ticket, e.g. ${example}.`;

export const REQUEST_FORM = {
  title: 'Request access',
  submit: 'Request',
  what: 'What do you need?',
  search: 'Search, e.g. payments read',
  options: 'More options',
  more: 'Anything else with it?',
  moreHint: 'Each is decided on its own, and gets the same time up to its own maximum.',
  nothingElse: 'Nothing else',
  howLong: 'For how long?',
  why: 'Why?',
  atLeast: (length: number): string => `At least ${length} characters.`,
  ticketHint,
  incident: 'For which incident?',
  noIncident: 'None',
  start: 'Start later?',
  startHint: 'Leave empty to start as soon as it is approved.',
  opening: say`:hourglass_flowing_sand: Asking PagerDuty about you…`,
  checking: say`:hourglass_flowing_sand: Checking the policy…`,
  working: say`:hourglass_flowing_sand: Checking PagerDuty and the policy…`,
  youWrote: say`You wrote:`,
  refused: (problem: string): Sentence => say`:no_entry: You can’t request access here: ${problem}.`,
  onCallUnknown: (problem: string): Sentence => say`:warning: ${problem}. You can still ask; it may need approval.`,
  notOnCall: say`You are not on call in PagerDuty.`,
  onCall: (shifts: readonly { level: number; name: string; until: Instant | null }[]): Sentence =>
    say`You are on call: ${joined(
      shifts.map(
        ({ level, name, until }) => say`level ${level} for ${name}${until === null ? '' : say` until ${time(until)}`}`,
      ),
      ', ',
    )}.`,
  /** What a request for one of several roles would lead to. */
  oneOf: (role: string, length: Millis, outlook: Sentence): Sentence => say`*${role}*, ${lasting(length)}: ${outlook}`,
  noIncidentFound: say`I found no PagerDuty incident in that message; pick one below if there is one.`,
} as const;

export const BREAK_GLASS_FORM = {
  title: 'Break-glass',
  submit: 'Get access now',
  warning: say`:rotating_light: *Only for emergencies.* You get access now, the approvals channel is told, and your use is reviewed afterwards.`,
} as const;

export const EXTEND_FORM = {
  title: 'More time',
  submit: 'Ask for it',
  about: (role: string, endsAt: Instant, timeZone: string, left: Millis): Sentence =>
    say`*${role}* ends ${time(endsAt, timeZone)}. You keep it while this is decided. At most ${lasting(left)} more.`,
  howLong: 'How much longer?',
} as const;

export const REVIEW_FORM = {
  approve: 'Approve',
  approveAbout: (role: string, who: string, length: Millis): Sentence =>
    say`*${role}* for ${people([who])}, ${lasting(length)}.`,
  deny: 'Deny this request',
  denySubmit: 'Deny',
  whyNot: 'Why not?',
  theyRead: 'The requester reads this, with your name.',
  less: 'Approve less',
  lessAbout: (who: string): Sentence => say`${people([who])} gets what you choose here, and no more.`,
  lessWhat: 'What',
  lessLong: 'For how long',
  asAsked: (label: string): string => `${label} (as asked)`,
  comment: 'Anything to tell them?',
  justified: 'It was justified',
  notJustified: 'It was not justified',
  record: 'Record',
  endsNow: say`*If the access is still active, it ends now.* They read what you wrote.`,
  found: 'What did you find?',
  foundHint: 'They read it, and the ledger keeps it with your name.',
} as const;

export const CODE_FORM = {
  label: 'One-time code',
  hint: 'From your authenticator app.',
  notYet: say`You need a one-time code for this, and have not set up codes yet. What you wrote here stays.`,
  title: 'One-time codes',
  turnOn: 'Turn on',
  first: say`*1.* In your authenticator app, add an account by hand with this key. It is shown only here, and only now.`,
  onThisPhone: say`On this phone, the app may take this address:`,
  second: say`*2.* Enter the code that the app shows.`,
  invite: say`:lock: *One-time codes* prove that it is you, and not just your Slack account. You need an authenticator app on your phone. The key is shown once, in a window that Slack does not keep.`,
  inviteText: say`Set up one-time codes`,
  sent: say`I sent you a private message. Set them up there.`,
  notPossible: say`One-time codes are not available: the people who run the bot have to set ${code('JIT_SECRET_KEY')} first.`,
} as const;

export const AWAY_FORM = {
  title: 'While you are away',
  submit: 'Name them',
  about: say`They decide what you are asked to review. Both your names stand on it.`,
  who: 'Who reviews for you?',
  pick: 'Pick a person',
  until: 'Until when?',
} as const;

export const WAIT = say`:hourglass_flowing_sand: One moment…`;
export const NO_REASON = '(no reason given)';
