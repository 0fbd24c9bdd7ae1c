/** What people read when something is refused: why, and what to do about it. */

import type { Refusal } from '../domain/refusal.ts';

import { counted } from '../domain/text.ts';
import { REQUEST_FORM } from './forms.ts';
import { code, lasting, people, type Sentence, say, time } from './pieces.ts';
import { outcomeOf } from './toRequester.ts';

type Code = Refusal['code'];
type Refused<C extends Code = Code> = { [K in C]: Extract<Refusal, { readonly code: K }> }[C];

const SENTENCES: { readonly [C in Code]: (refusal: Refused<C>) => Sentence } = {
  unknown_role: (refusal) =>
    refusal.role ? say`There is no role ${code(refusal.role)}. Pick one from the list.` : say`Pick what you need.`,
  duration_too_long: (refusal) =>
    say`At most ${lasting(refusal.max)} for this role; you asked for ${lasting(refusal.asked)}.`,
  too_many_roles: (refusal) => say`You can ask for at most ${refusal.max} roles together.`,
  duration_not_positive: () => say`Pick how long you need it.`,
  total_too_long: (refusal) =>
    refusal.left > 0
      ? say`At most ${lasting(refusal.left)} more: you can keep this role for ${lasting(refusal.total)} in all.`
      : say`You can keep this role for ${lasting(refusal.total)} in all, and that is used up. Ask again with ${code('/jit')} after it has ended.`,
  start_not_ahead: () => say`That start is in the past. Pick a later one, or leave it empty to start now.`,
  start_too_far: (refusal) =>
    say`At most ${Math.round(refusal.max / 86_400_000)} days ahead: nobody knows yet who is on call then.`,
  reason_too_short: (refusal) =>
    say`Say why, in at least ${refusal.minLength} characters. Reviewers and auditors read it.`,
  reason_too_long: (refusal) => say`At most ${refusal.maxLength} characters, please.`,
  ticket_missing: (refusal) => say`${REQUEST_FORM.ticketHint(refusal.example, refusal.pattern)}`,
  person_refused: (refusal) => say`I can’t continue: ${refusal.problem}.`,
  no_account: (refusal) => say`You can’t get ${code(refusal.role)} yet: ${refusal.problem}.`,
  already_holds: (refusal) =>
    say`This access is already active, until ${time(refusal.until)}. Extend it with ${code('/jit extend')}, or ask again after it has ended.`,
  already_pending: () =>
    say`This was requested already, and waits for approval. To change it, cancel that request first: ${code('/jit cancel')}.`,
  unknown_request: () => say`This request no longer exists. Nothing was changed.`,
  not_pending: (refusal) => say`Too late: this request ${outcomeOf(refusal.state)}. Nothing was changed.`,
  not_narrower: (refusal) =>
    say`${code(refusal.role)} does not give less than what was asked for. Nothing was changed.`,
  change_is_wider: () => say`You can give less than was asked for, never more. Nothing was changed.`,
  nothing_less: () =>
    say`Nothing was changed: this is all that was asked for. Choose less, or go back and use Approve.`,
  extension_as_asked: () => say`More time is approved as asked, or not at all. Nothing was changed.`,
  own_request: () => say`You cannot review your own request. Somebody else has to.`,
  not_a_reviewer: () => say`You are not a reviewer of this role. Nothing was changed.`,
  eligibility_unknown: (refusal) =>
    say`I could not check whether you may do this: ${refusal.problem}. Nothing was changed; try again in a moment.`,
  already_reviewed: () => say`You have already approved this. It needs somebody else as well.`,
  authority_used: (refusal) =>
    say`${people([refusal.by])} has already approved this, and one of you stands in for the other, so it counts once. It needs somebody else as well.`,
  policy_now_denies: (refusal) =>
    say`The policy now denies this request: ${refusal.reasons.join('; ')}. Nothing was changed.`,
  comment_missing: () => say`Say why: others read it and know what to do.`,
  unknown_grant: () => say`This access no longer exists. Nothing was changed.`,
  not_active: () => say`This access is no longer active. Nothing was changed.`,
  not_yours: () => say`Only its holder, the reviewers of the role and administrators can change this.`,
  not_overdue: () =>
    say`Only access that I could not end can be declared gone. This one is not overdue. Nothing was changed.`,
  own_access: () =>
    say`This is your own access, so another administrator has to check the target and say that it is gone. Nothing was changed.`,
  no_credential: () => say`This access needs no credentials of its own.`,
  incident_over: (refusal) =>
    say`The incident that this access was given for is resolved. It ends ${time(refusal.until)}, and more time cannot change that. If you still need it then, ask again with ${code('/jit')}.`,
  already_extending: () => say`It is being extended already. Wait for the message about it.`,
  frozen: (refusal) =>
    say`${refusal.by} froze all access: “${refusal.reason}”. Nothing new is granted until an administrator lifts the freeze.`,
  draining: (refusal) =>
    say`Nothing new is granted ${Number.isFinite(refusal.until) ? say`until ${time(refusal.until)}` : 'for now'}: ${refusal.why}. What you have goes on until its end. Ask again then, with ${code('/jit')}.`,
  ledger_damaged: (refusal) =>
    say`Nothing can be granted now, because the ledger cannot be trusted: ${refusal.problem}. Administrators know.`,
  not_frozen: () => say`Access is not frozen. Nothing was changed.`,
  nothing_to_look_at: () =>
    say`Nothing waits for you to look. What was found in the database itself stays until the bot restarts: see docs/ledger.md.`,
  not_an_admin: () => say`Only administrators can do this. The policy file names them.`,
  not_an_auditor: () => say`Only auditors and administrators can search the ledger. The policy file names them.`,
  own_entitlement: () =>
    say`This rule names you, so another owner or an administrator has to say whether it stays. You can remove it.`,
  not_an_owner: () => say`Only the owners of this resource can answer. The policy file names them.`,
  unknown_review: () => say`There is no such access review.`,
  review_closed: () => say`This access review is closed. Change the policy file, or start another access review.`,
  review_open: (refusal) => say`Access review ${code(refusal.id)} is still open, until ${time(refusal.dueAt)}.`,
  review_period: (refusal) => say`An access review takes from ${lasting(refusal.min)} to ${lasting(refusal.max)}.`,
  no_break_glass: (refusal) =>
    say`You cannot use break-glass for ${code(refusal.role)}: the policy does not name you. Ask for it with ${code('/jit')} instead.`,
  break_glass_unreviewed: (refusal) =>
    say`Your last use of break-glass (${code(refusal.requestId)}) was not reviewed in time. ${people([refusal.reviewer])} has to review it first; call them.`,
  nobody_to_review: () =>
    say`Nobody could review this afterwards, so I can’t give it to you. Ask for it with ${code('/jit')} instead.`,
  already_looked_at: () => say`Somebody has already reviewed this. Nothing was changed.`,
  no_delegate: (refusal) => say`They cannot stand in for you: ${refusal.problem}.`,
  nothing_delegated: () => say`Nobody stands in for you. Nothing was changed.`,
  second_factor_needed: () => say`This needs a one-time code from your authenticator app.`,
  second_factor_missing: () =>
    say`You have not set up one-time codes yet. Type ${code('/jit second-factor')}, then try again.`,
  second_factor_wrong: (refusal) =>
    say`That code is not right. ${counted(refusal.left, 'more try', 'more tries')} before a pause.`,
  second_factor_used: () => say`That code was used already. Wait for the next one, within 30 seconds.`,
  second_factor_locked: (refusal) => say`Too many wrong codes. Try again ${time(refusal.until)}.`,
  second_factor_unreadable: () =>
    say`Your one-time codes were set up with a key that I do not have any more. Ask an administrator to reset them, then set them up again.`,
  second_factor_enrolled: () =>
    say`You have already set up one-time codes. If you lost your phone, an administrator can reset them.`,
  own_second_factor: () =>
    say`You cannot reset your own one-time codes, under any of your accounts. Ask another administrator.`,
};

export function refusalSentence<C extends Code>(refusal: Refused<C>): Sentence {
  const sentence: { readonly [K in C]: (refusal: Refused<K>) => Sentence } = SENTENCES;
  return sentence[refusal.code](refusal);
}
