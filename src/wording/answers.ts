/** What somebody reads right after a click, a form or a command. */

import type { Request } from '../domain/request.ts';
import type { Instant } from '../domain/terms.ts';
import { counted } from '../domain/text.ts';
import { approvalsSentence, denialSentence, previewSentence, unknownSentence } from './decisions.ts';
import { code, people, type Sentence, say, time } from './pieces.ts';
import { outcomeOf } from './toRequester.ts';

/** For somebody who acts on an earlier confirmation as administrator, because Slack does not confirm it now. */
export const standingSentence = (seenAt: Instant | null): Sentence =>
  seenAt === null
    ? []
    : say`Slack can’t confirm right now that you are an administrator. You were one ${time(seenAt)}, which is enough to end and freeze access; the ledger notes it.`;

/** The same for ending access of one role, which its reviewers may do too. */
const standingToEnd = (seenAt: Instant | null): Sentence =>
  seenAt === null
    ? []
    : say`Slack can’t confirm right now that you may end it. You were an administrator or one of its reviewers ${time(seenAt)}, which is enough to end access; the ledger notes it.`;

const then = (sentence: Sentence): Sentence => (sentence.length === 0 ? [] : say` ${sentence}`);

/** Titles of the window that answers a request. */
export const TITLES = {
  approved: 'Approved',
  active: 'You have access',
  scheduled: 'Approved for later',
  pending: 'Waiting for approval',
  denied: 'Denied',
  several: 'Requested',
  none: 'Not requested',
} as const;

export function requestAnswer(request: Request): Sentence {
  switch (request.state) {
    case 'approved':
      if (request.useReview)
        return say`:rotating_light: *Break-glass: I’m setting up your access now.* The approvals channel was told, and your use will be reviewed.`;
      return request.extends === null
        ? say`:white_check_mark: *Approved.* I’m setting up your access, and will message you when it is ready.`
        : say`:white_check_mark: *Approved.* I’ll message you when the new end is set.`;
    case 'scheduled':
      return say`:calendar: *Approved for later.* It starts ${time(request.startsAt, request.requester.timeZone)}, if the policy still allows it then.`;
    case 'pending':
      return say`${previewSentence(request.decision)}\nI asked them. You’ll hear from me when they decide. The request expires ${time(request.expiresAt, request.requester.timeZone)}.`;
    case 'denied':
      return say`:no_entry: *Denied.* ${denialSentence(request.decision)}`;
    default:
      return say`This request ${outcomeOf(request.state)}.`;
  }
}

export const ANSWERS = {
  /** Before one of several answers. */
  about: (role: string, answer: Sentence): Sentence => say`*${role}*: ${answer}`,
  ending: (seenAt: Instant | null): Sentence => say`:lock: Ending this access now.${then(standingToEnd(seenAt))}`,
  endingOf: (role: string, seenAt: Instant | null): Sentence =>
    say`:lock: Ending your access to *${role}* now.${then(standingToEnd(seenAt))}`,
  endingAsAdmin: (seenAt: Instant | null): Sentence =>
    say`:lock: Ending this access now.${then(standingSentence(seenAt))}`,
  endingAll: (count: number, seenAt: Instant | null): Sentence =>
    say`:lock: Ending ${counted(count, 'grant')} now.${then(standingSentence(seenAt))}`,
  cancelled: say`Cancelled. Nothing was granted.`,
  approvalRecorded: say`:white_check_mark: Your approval is recorded.`,
  alreadyDecided: say`This request is already decided. Nothing was changed.`,
  denied: say`:no_entry: Denied. The requester reads what you wrote.`,
  useReviewed: say`:white_check_mark: Recorded, with your name.`,
  keptAll: (kept: number, own: number): Sentence =>
    say`:white_check_mark: Kept ${counted(kept, 'rule')}, with your name.${own === 0 ? '' : ` ${counted(own, 'rule names', 'rules name')} you: another owner or an administrator has to say whether that stays.`}`,
  ruleRemoved: say`:no_entry: Removed. Nobody gets access by this rule from now on.`,
  roleGone: say`This role is no longer in the policy.`,
  frozen: (live: number, seenAt: Instant | null): Sentence =>
    say`:rotating_light: *Frozen.* ${live === 0 ? 'Nothing was active' : `${counted(live, 'active grant is', 'active grants are')} ending now`}, and the approvals channel was told.${then(standingSentence(seenAt))}`,
  unfrozen: say`:white_check_mark: The freeze is lifted.`,
  codesReset: (who: string): Sentence => say`:white_check_mark: The one-time codes of ${people([who])} are reset.`,
  codesOn: say`:white_check_mark: *One-time codes are on.* Roles that need one will ask for it.`,
  codesOnInForm: say`:white_check_mark: *One-time codes are on.* Close this window, wait for the next code in your app, and enter that one: each code works once.`,
  declaredGone: say`:warning: *Recorded as gone, on your word.* The bot did not see it, and has stopped trying. If it turns out to be there, remove it at the target.`,
  looked: say`:white_check_mark: The ledger now says that you looked. Access can be granted again.`,
  standInNamed: (who: string, until: Instant): Sentence =>
    say`:handshake: ${people([who])} reviews for you until ${time(until)}, and knows. ${code('/jit back')} ends it sooner.`,
  welcomeBack: (name: string): Sentence => say`Welcome back. ${name} no longer reviews for you.`,
  oneMoment: say`:hourglass_flowing_sand: One moment: many people are asking right now. You are in line, and the answer comes here.`,
} as const;

/** In one line, what a request for a role would lead to. */
export const OUTLOOK = {
  yours: (role: string, until: Instant): Sentence => say`:key: *${role}*: yours until ${time(until)}`,
  waiting: (role: string): Sentence => say`:hourglass: *${role}*: waiting for approval`,
  automatic: (role: string): Sentence => say`:white_check_mark: *${role}*: automatic`,
  ask: (role: string, decision: Parameters<typeof unknownSentence>[0] & { effect: 'ask' }): Sentence =>
    say`:hourglass: *${role}*: needs ${approvalsSentence(decision.stages)}${unknownSentence(decision)}`,
  other: (role: string): Sentence => say`*${role}*`,
} as const;
