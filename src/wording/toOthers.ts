/** Messages to people other than the requester, and to the approvals channel. */

import type { EventPayloads } from '../domain/events.ts';
import type { Principal } from '../domain/policy.ts';
import type { Instant } from '../domain/terms.ts';
import { counted, cut } from '../domain/text.ts';
import { capital, code, here, joined, people, type Sentence, say, time } from './pieces.ts';
import { ALARMS } from './reasons/alarms.ts';
import type { Words } from './toRequester.ts';

/** Limit in a message of the text that says why people could not be looked up, in characters. */
const MOST_OF_A_PROBLEM = 300;

/** Who is asked in addition, who is not and why, and whether the bot tries again. */
export function escalationSentence({ to, passedOver, unseen, page }: EventPayloads['request.escalated']): Sentence {
  const skipped = joined(
    passedOver.map(({ name, why }) => say`${name} (${why})`),
    ', ',
  );
  const paged = page === null ? '' : ' Somebody was paged in PagerDuty.';
  const why = unseen === undefined ? null : cut(unseen, MOST_OF_A_PROBLEM);
  const unknown = why === null ? '' : ` I could not find out who else to ask: ${why}. I’ll try again.`;
  if (to.length > 0)
    return say`:arrow_up: Nobody has decided yet, so I also asked ${people(to.map(({ slackId }) => slackId))}.${unknown}${paged}`;
  const notAsked = passedOver.length > 0 ? say` Not asked: ${skipped}.` : '';
  if (why !== null) return say`:warning: Nobody has decided yet.${unknown}${notAsked}${paged}`;
  return say`:warning: Nobody has decided yet, and there is nobody else to ask.${notAsked}${paged}`;
}

const RESET_AFTER = say`Roles that need a code take none until somebody sets them up again, with ${code('/jit second-factor')}. *If you did not ask for this, tell another administrator now*: whoever sets them up next can confirm in your name.`;

const called = (admins: readonly Principal[]): Sentence => (admins.length === 0 ? [] : say` ${people(admins)}`);

export const TO_OTHERS = {
  /** In the card's thread. */
  escalated: (payload: EventPayloads['request.escalated']): Words => ({
    text: say`More people are asked`,
    says: escalationSentence(payload),
  }),
  /** To each person who is asked in addition. */
  pleaseReview: (name: string, role: string): Words => ({
    text: say`${name} waits for approval`,
    says: say`:hourglass: *${name} asks for ${role}*, and nobody has decided yet. You can approve or deny it.`,
  }),
  offered: ({ from, escalationPolicy }: EventPayloads['access.offered'], role: string): Words => ({
    text: say`${role}, for your shift`,
    says: say`:wave: *You are on call for ${escalationPolicy} now.* ${from.name} had ${role} in the shift before, and it ends with that shift. Do you need it too?`,
  }),
  breakGlass: ({ person, reviewBy }: EventPayloads['break_glass.invoked'], role: string): Words => ({
    text: say`Break-glass by ${person.name}: please review`,
    says: say`:rotating_light: *${person.name} used break-glass for ${role}.* Please review it before ${time(reviewBy)}: was it justified?`,
  }),
  stillToReview: ({ person, reviewBy }: EventPayloads['break_glass.reminded'], role: string): Words => ({
    text: say`Still to review: break-glass by ${person.name}`,
    says: say`:hourglass: *${person.name}’s break-glass for ${role} still needs your review*, before ${time(reviewBy)}.`,
  }),
  unreviewed: ({ person, reviewer }: EventPayloads['break_glass.unreviewed'], admins: readonly Principal[]): Words => ({
    text: say`Nobody has reviewed this`,
    says: say`:rotating_light: *The deadline has passed, and nobody has reviewed this.* ${people([reviewer.slackId, ...admins])}: please do. Until then ${person.name} cannot use break-glass again.`,
  }),
  reviewOverdue: ({ person }: EventPayloads['break_glass.unreviewed'], role: string): Words => ({
    text: say`Overdue: break-glass by ${person.name}`,
    says: say`:rotating_light: *Your review of ${person.name}’s break-glass for ${role} is overdue.* Administrators know.`,
  }),
  /** Followed by the reviewer's words. */
  useReviewed: (who: Sentence, role: string, isJustified: boolean): Words => ({
    text: say`Your break-glass for ${role} was reviewed`,
    says: isJustified
      ? say`:white_check_mark: *${who} reviewed your break-glass for ${role}: justified.*`
      : say`:warning: *${who} reviewed your break-glass for ${role}: not justified.* If the access is still active, it ends now.`,
  }),
  standIn: (who: Sentence, until: Instant): Words => ({
    text: say`You review for somebody else`,
    says: say`:handshake: *${who} is away and asks you to review for them until ${time(until)}.* You can decide their requests in the approvals channel.`,
  }),
  codesOn: {
    text: say`One-time codes are on`,
    says: say`:lock: *One-time codes are on for you.* Roles that need one ask for the code in your app. Wasn’t this you? Tell an administrator now.`,
  },
  codesLocked: (until: Instant): Words => ({
    text: say`Too many wrong codes`,
    says: say`:warning: *Too many wrong one-time codes were entered in your name.* I take none until ${time(until)}. Wasn’t this you? Tell an administrator now.`,
  }),
  codesReset: (who: Sentence): Words => ({
    text: say`Your one-time codes were reset`,
    says: say`:warning: *${who} reset your one-time codes.* ${RESET_AFTER}`,
  }),
  /** To another account of the same person. */
  otherCodesReset: (who: Sentence, slackId: string): Words => ({
    text: say`Your one-time codes were reset`,
    says: say`:warning: *${who} reset the one-time codes of your account ${people([slackId])}.* ${RESET_AFTER}`,
  }),
  /** Followed by the reason. */
  frozen: (who: Sentence, active: number): Words => ({
    text: say`All access is frozen`,
    says: say`:rotating_light: ${here} *${who} froze all access.* ${active === 0 ? 'Nothing was active.' : `${counted(active, 'active grant is', 'active grants are')} ending now.`} Nothing new is granted until an administrator lifts the freeze.`,
    small: say`Administrators lift it with ${code('/jit admin')}.`,
  }),
  unfrozen: (who: Sentence): Words => ({
    text: say`Access is no longer frozen`,
    says: say`:white_check_mark: *${who} lifted the freeze.* You can ask for access again with ${code('/jit')}.`,
  }),
  /** @param admins mentioned if nobody else could be told */
  alarm: (
    { alarm, problem }: Pick<EventPayloads['alarm.raised'], 'alarm' | 'problem'>,
    admins: readonly Principal[],
  ): Words => ({
    text: say`The bot needs you`,
    says: say`:rotating_light: *${capital(say`${ALARMS[alarm]}`)}*: ${cut(problem, MOST_OF_A_PROBLEM)}.${called(admins)}`,
  }),
  alarmOver: ({ alarm, since }: EventPayloads['alarm.ended'], admins: readonly Principal[]): Words => ({
    text: say`An alarm is over`,
    says: say`:white_check_mark: *Over*: ${ALARMS[alarm]}, since ${time(since)}.${called(admins)}`,
  }),
  ledgerDamaged: ({ problem, needsLook }: EventPayloads['ledger.damaged'], admins: readonly Principal[]): Words => ({
    text: say`The ledger cannot be trusted`,
    says: say`:rotating_light: ${people(admins)} *The ledger cannot be trusted*: ${problem}.\nNothing new is granted until somebody has looked. Active access still ends on time.${needsLook ? say` When you have looked, as an administrator, type ${code('/jit audit looked WHY')}.` : ''}`,
  }),
  reconciled: ({ problem }: EventPayloads['ledger.reconciled'], admins: readonly Principal[]): Words => ({
    text: say`The ledger was put back from a copy`,
    says: say`:rotating_light: ${people(admins)} *Targets were compared with the ledger.* ${capital(say`${problem}`)}.\nNothing new is granted until an administrator has looked and types ${code('/jit audit looked WHY')}.`,
  }),
  accessReviewReminder: ({ unanswered, dueAt }: EventPayloads['access_review.reminded']): Words => ({
    text: say`An access review waits for its owners`,
    says: say`:hourglass: *${counted(unanswered, 'rule of the access review still needs', 'rules of the access review still need')} an answer*, before ${time(dueAt)}. Owners, please look for the messages above that name you.`,
  }),
  accessReviewClosed: ({ kept, removed, unanswered }: EventPayloads['access_review.closed']): Words => ({
    text: say`The access review is closed`,
    says: say`:clipboard: *The access review is closed*: ${counted(kept, 'rule')} kept, ${removed} removed.${unanswered > 0 ? say` :warning: *${unanswered} never answered*: they stay in force.` : ''}`,
  }),
} as const;
