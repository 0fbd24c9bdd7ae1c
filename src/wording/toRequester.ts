/** Private messages to the person who asked. `text` is the notification, the rest stands in the message. */

import type { Grant } from '../domain/grant.ts';
import type { Request } from '../domain/request.ts';
import type { Instant } from '../domain/terms.ts';
import { approvalsSentence, approvedAutomatically, becauseSentence, denialSentence } from './decisions.ts';
import { endSentence, leftSentence, openSentence } from './ends.ts';
import { code, joined, lasting, people, type Sentence, say, time } from './pieces.ts';

export interface Words {
  readonly text: Sentence;
  readonly says: Sentence;
  /** In small print below. */
  readonly small?: Sentence;
}

const spaced = (...sentences: readonly Sentence[]): Sentence =>
  joined(
    sentences.filter((sentence) => sentence.length > 0),
    ' ',
  );

/** The outcome of a request that is no longer waiting. */
const OUTCOMES: Readonly<Record<Exclude<Request['state'], 'pending'>, string>> = {
  approved: 'was approved',
  scheduled: 'was approved for later',
  denied: 'was denied',
  cancelled: 'was cancelled',
  expired: 'expired before anybody decided',
};

/** The outcome in a word, after what was requested. */
const LABELS: Readonly<Record<Request['state'], string>> = {
  pending: 'waiting',
  approved: 'approved',
  scheduled: 'approved for later',
  denied: 'denied',
  cancelled: 'cancelled',
  expired: 'expired',
};

export const stateLabel = (state: Request['state']): string => LABELS[state];

export const outcomeOf = (state: Request['state']): string => (state === 'pending' ? 'is waiting' : OUTCOMES[state]);

/** Who or what approved the request. */
function why(request: Request): Sentence {
  if (request.decision.effect === 'break_glass')
    return say`:rotating_light: Break-glass: the approvals channel was told, and your use will be reviewed.`;
  if ((request.state !== 'approved' && request.state !== 'scheduled') || request.reviews.length === 0)
    return approvedAutomatically(request.decision);
  const by = joined(
    request.reviews.map((review) => people([review.by.slackId])),
    ' and ',
  );
  const less = request.askedFor
    ? say`, for less than you asked for (${code(request.askedFor.role)}, ${lasting(request.askedFor.duration)})`
    : '';
  return say`Approved by ${by}${less}.`;
}

const endedBy = (grant: Grant | null): Sentence =>
  grant?.state === 'ended' && grant.why === 'revoked' && grant.by.kind === 'person'
    ? say` by ${people([grant.by.id])}`
    : [];

const logIn = (account: string, hasCredential: boolean): Sentence =>
  say`${hasCredential ? 'Log in as' : 'On your account'} ${code(account)}. Access ends on its own.`;

export const TO_REQUESTER = {
  waiting: (role: string, request: Request & { state: 'pending' }): Words => ({
    text: say`Waiting for approval: ${role}`,
    says: say`:hourglass: *${role}: waiting for ${approvalsSentence(request.decision.stages)}.*\nI asked them. You’ll hear from me when they decide. The request expires ${time(request.expiresAt, request.requester.timeZone)}.`,
  }),
  noLongerWaiting: (role: string, state: Request['state']): Words => ({
    text: say`Your request for ${role} ${outcomeOf(state)}`,
    says: say`Your request for ${role} ${outcomeOf(state)}.`,
  }),
  deniedByPolicy: (role: string, request: Request): Words => ({
    text: say`Denied: ${role}`,
    says: say`:no_entry: *${role} was denied.* ${denialSentence(request.decision)}`,
  }),
  /** Followed by the reviewer's words. */
  deniedByReviewer: (role: string, by: { readonly slackId: string; readonly name: string }): Words => ({
    text: say`${by.name} denied ${role}`,
    says: say`:no_entry: *${people([by.slackId])} denied ${role}:*`,
    small: say`You can ask again with ${code('/jit')}.`,
  }),
  expired: (role: string): Words => ({
    text: say`Nobody decided on ${role} in time`,
    says: say`:zzz: *Nobody decided on ${role} in time*, so you don’t have it. Ask again with ${code('/jit')}, or call a reviewer.`,
  }),
  /** For the window that answered the request. */
  activeNow: (
    role: string,
    request: Request,
    { grant, hasCredential }: { readonly grant: Grant & { state: 'active' }; readonly hasCredential: boolean },
  ): Omit<Words, 'text'> => {
    const until = time(grant.endsAt, grant.person.timeZone);
    const { decision } = request;
    const isAutomatic = decision.effect === 'allow' && 'reviews' in request && request.reviews.length === 0;
    return {
      says: isAutomatic
        ? say`:white_check_mark: *Approved. You have ${role} until ${until}.*\nAutomatic: ${becauseSentence(decision)}.`
        : say`:white_check_mark: *You have ${role} until ${until}.*\n${why(request)}`,
      small: logIn(grant.activation.account, hasCredential),
    };
  },
  active: (
    role: string,
    request: Request,
    access: {
      readonly until: Instant;
      readonly timeZone: string;
      readonly clock: string;
      readonly account: string;
      readonly hasCredential: boolean;
    },
  ): Words => ({
    text: say`You have ${role} until ${access.clock}`,
    says: say`:white_check_mark: *You have ${role} until ${time(access.until, access.timeZone)}*\n${why(request)}`,
    small: logIn(access.account, access.hasCredential),
  }),
  /** Replaces a message about access that is no longer active. */
  noLongerActive: (role: string, state: Grant['state'] | undefined): Words => {
    const now = state === 'revoking' ? 'is ending' : state === 'overdue' ? 'could not be ended yet' : 'has ended';
    return { text: say`Your access to ${role} ${now}`, says: say`Your access to ${role} ${now}.` };
  },
  scheduled: (role: string, request: Request & { state: 'scheduled' }): Words => ({
    text: say`${role} is approved for later`,
    says: say`:calendar: *${role} starts ${time(request.startsAt, request.requester.timeZone)}*, for ${lasting(request.duration)}. ${why(request)}\nI check the policy again at the start, and send you a message then.`,
  }),
  extended: (role: string, request: Request, until: Instant): Words => ({
    text: say`${role} is extended`,
    says: say`:white_check_mark: *You keep ${role} until ${time(until, request.requester.timeZone)}.* ${why(request)}`,
  }),
  notExtended: (role: string, request: Request, { problem, endsAt }: { problem: string; endsAt: Instant }): Words => ({
    text: say`${role} could not be extended`,
    says: say`:warning: *${role} could not be extended*: ${problem}. It still ends ${time(endsAt, request.requester.timeZone)}. Try again with ${code('/jit extend')}.`,
  }),
  endsSooner: (
    role: string,
    request: Request,
    { why: because, endsAt }: { why: Parameters<typeof endSentence>[0]; endsAt: Instant },
  ): Words => ({
    text: say`${role} ends soon`,
    says: say`:hourglass: *${role} ends ${time(endsAt, request.requester.timeZone)}*, because ${endSentence(because)}. Still need it? Ask for more time.`,
  }),
  reminder: (role: string, grant: Grant & { state: 'active' }): Words => ({
    text: say`${role} ends soon`,
    says: say`:hourglass: *${role} ends ${time(grant.endsAt, grant.person.timeZone)}*${grant.endsBecause === 'expired' ? '' : `, because ${endSentence(grant.endsBecause)}`}. Save your work: open sessions may be closed then.`,
  }),
  ended: (
    role: string,
    grant: Grant | null,
    end: {
      readonly at: Instant;
      readonly why: Parameters<typeof endSentence>[0];
      readonly openUntil?: Instant | null | undefined;
      readonly left?: Parameters<typeof leftSentence>[0];
    },
  ): Words => ({
    text: say`Your access to ${role} has ended`,
    says: spaced(
      say`:lock: *Your access to ${role} has ended*: ${endSentence(end.why)}${endedBy(grant)}.`,
      openSentence(end.openUntil, end.at),
      leftSentence(end.left),
      say`Need it again? ${code('/jit')}`,
    ),
  }),
  failed: (role: string, problem: string): Words => ({
    text: say`${role} could not be set up`,
    says: say`:warning: *${role} could not be set up*, and nothing was left behind.\n${problem}\nAsk again with ${code('/jit')}. If it fails again, tell the people who run the bot.`,
  }),
  overdue: (role: string): Words => ({
    text: say`Your access to ${role} could not be ended yet`,
    says: say`:rotating_light: *Your time for ${role} is up, and I could not end your access yet.* I keep trying, and administrators know. Please stop using it.`,
  }),
  declaredGone: (role: string, by: string): Words => ({
    text: say`Your access to ${role} has ended`,
    says: say`:lock: *Your access to ${role} has ended.* I could not end it myself; ${people([by])} looked and says it is gone. If you still have it, tell them, and don’t use it.`,
  }),
} as const;

/** The window with a secret. */
export const CREDENTIALS = {
  title: 'Your credentials',
  once: say`Shown once, only to you, and stored nowhere. Open this again to get new ones.`,
  login: (account: string) => say`Login ${code(account)}`,
  making: say`:hourglass_flowing_sand: Making your credentials…`,
  noAnswer: say`:warning: The target did not answer, so there are no new credentials. Close this and try again.`,
} as const;
