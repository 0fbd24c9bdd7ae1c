import type { Decision, Proof, RuleOutcome } from '../domain/evaluate.ts';
import type { Evidence } from '../domain/evidence.ts';
import type { EndReason, Residue } from '../domain/grant.ts';
import { isGroup, type Principal, type Risk, type Stage } from '../domain/policy.ts';
import type { Refusal } from '../domain/refusal.ts';
import { assertNever, durationText, type Instant } from '../domain/terms.ts';
import { counted, cut } from '../domain/text.ts';
import { code, plain, time } from './blocks.ts';

/** Refusals, decisions and ends as sentences: the one place where the bot's "no" gets its words. */

/** Where somebody acts on having been seen as an administrator, and not on Slack's word now. */
export const standingSentence = (seenAt: Instant | null): string =>
  seenAt === null
    ? ''
    : ` Slack does not say now whether you are an administrator. You were one ${time(seenAt)}, which is enough to end and to freeze; the record says so.`;

export function refusalSentence(refusal: Refusal): string {
  switch (refusal.code) {
    case 'unknown_role':
      return refusal.role ? `There is no role ${code(refusal.role)}. Pick one from the list.` : 'Pick what you need.';
    case 'duration_too_long':
      return `At most ${durationText(refusal.max)} for this role; you asked for ${durationText(refusal.asked)}.`;
    case 'too_many_roles':
      return `At most ${refusal.max} roles can be asked for at once.`;
    case 'duration_not_positive':
      return 'Pick how long you need it.';
    case 'total_too_long':
      return refusal.left > 0
        ? `At most ${durationText(refusal.left)} more: this role may be held for ${durationText(refusal.total)} in all.`
        : `This role may be held for ${durationText(refusal.total)} in all, and that is used up. When it has ended, ask again with \`/jit\`.`;
    case 'start_not_ahead':
      return 'That start is over already. Pick a later one, or leave it empty to start at once.';
    case 'start_too_far':
      return `At most ${Math.round(refusal.max / 86_400_000)} days ahead: nobody can say yet who is on call then.`;
    case 'reason_too_short':
      return `Say why, in at least ${refusal.minLength} characters: reviewers and auditors read it.`;
    case 'reason_too_long':
      return `At most ${refusal.maxLength} characters, please.`;
    case 'ticket_missing':
      return `Name the ticket: one word has to match ${refusal.pattern}.`;
    case 'person_refused':
      return `This cannot go on: ${plain(refusal.problem)}.`;
    case 'no_account':
      return `${code(refusal.role)} cannot be given to you yet: ${plain(refusal.problem)}.`;
    case 'already_holds':
      return `This access is already held, until ${time(refusal.until)}. It can be extended with \`/jit extend\`, or asked for again when it has ended.`;
    case 'already_pending':
      return 'You have asked for this already, and reviewers are looking at it. Cancel that request first to change it: `/jit cancel`.';
    case 'unknown_request':
      return 'There is no such request any more. Nothing was changed.';
    case 'not_pending':
      return `Too late: this request is already ${refusal.state}. Nothing was changed.`;
    case 'not_narrower':
      return `${code(refusal.role)} does not give less than what was asked for. Nothing was changed.`;
    case 'change_is_wider':
      return 'A reviewer can give less than was asked for, never more. Nothing was changed.';
    case 'extension_as_asked':
      return 'More time on what is held is given as it was asked for, or not at all. Nothing was changed.';
    case 'own_request':
      return 'You cannot review your own request. Somebody else has to.';
    case 'not_a_reviewer':
      return 'You are not one of the reviewers of this role. Nothing was changed.';
    case 'eligibility_unknown':
      return `Whether you may do this could not be checked: ${plain(refusal.problem)}. Nothing was changed; try again in a moment.`;
    case 'already_reviewed':
      return 'You have approved this already. It needs somebody else as well.';
    case 'authority_used':
      return `<@${refusal.by}> has approved this already, and one of you stands in for the other: that is one approval. It needs somebody else as well.`;
    case 'policy_now_denies':
      return `By now the policy denies this request: ${plain(refusal.reasons.join('; '))}. Nothing was changed.`;
    case 'comment_missing':
      return 'Say why: others read it and know what to do.';
    case 'unknown_grant':
      return 'There is no such access any more. Nothing was changed.';
    case 'not_active':
      return 'This access is not active any more. Nothing was changed.';
    case 'not_yours':
      return 'This is not yours to change. Its holder, the reviewers of the role and administrators can.';
    case 'no_credential':
      return 'This access needs no credentials of its own.';
    case 'incident_over':
      return `The incident that this access was given for is resolved: it ends ${time(refusal.until)}, and more time cannot change that. Still needed then? Ask anew with \`/jit\`.`;
    case 'already_extending':
      return 'It is being extended already. Wait a moment for the message about it.';
    case 'frozen':
      return `All access is frozen by ${plain(refusal.by)}: “${plain(refusal.reason)}”. Nothing new is granted until an administrator lifts it.`;
    case 'ledger_damaged':
      return `Nothing can be granted now, because the record of what happened cannot be relied on: ${plain(refusal.problem)}. Administrators have been told.`;
    case 'not_frozen':
      return 'Access is not frozen. Nothing was changed.';
    case 'nothing_to_look_at':
      return 'Nothing waits for somebody to look. What was found in the database itself stays until the bot is started again: see docs/ledger.md.';
    case 'not_an_admin':
      return 'Only administrators can do this. The policy file names them.';
    case 'not_an_auditor':
      return 'Only auditors and administrators can ask about the record. The policy file names them.';
    case 'own_entitlement':
      return 'This rule names you, so somebody else says whether it is right: another owner or an administrator. You can take it out.';
    case 'not_an_owner':
      return 'Only the owners of this resource can answer. The policy file names them.';
    case 'unknown_review':
      return 'There is no such access review.';
    case 'review_closed':
      return 'This access review is closed. Change the policy file, or start another review.';
    case 'review_open':
      return `Access review ${code(refusal.id)} is still open, until ${time(refusal.dueAt)}.`;
    case 'review_period':
      return `A review takes from ${durationText(refusal.min)} to ${durationText(refusal.max)}.`;
    case 'no_break_glass':
      return `You cannot break the glass for ${code(refusal.role)}: its policy does not name you. Ask for it with \`/jit\` instead.`;
    case 'break_glass_unreviewed':
      return `Your last use of break-glass (${code(refusal.requestId)}) has not been reviewed, and its deadline is over. <@${refusal.reviewer}> has to look at it first; call them.`;
    case 'nobody_to_review':
      return 'There is nobody who could review this afterwards, so it cannot be given. Ask for it with `/jit` instead.';
    case 'already_looked_at':
      return 'Somebody has reviewed this already. Nothing was changed.';
    case 'no_delegate':
      return `They cannot stand in for you: ${plain(refusal.problem)}.`;
    case 'nothing_delegated':
      return 'Nobody stands in for you. Nothing was changed.';
    case 'second_factor_needed':
      return 'This needs a one-time code from your authenticator app.';
    case 'second_factor_missing':
      return 'You have not set up one-time codes yet. Type `/jit second-factor`, then try again.';
    case 'second_factor_wrong':
      return `That code is not right. ${counted(refusal.left, 'more try', 'more tries')} before a pause.`;
    case 'second_factor_used':
      return 'That code was used already. Wait for the next one; it comes within 30 seconds.';
    case 'second_factor_locked':
      return `Too many wrong codes. Try again ${time(refusal.until)}.`;
    case 'second_factor_enrolled':
      return 'You have set up one-time codes already. If you lost your phone, an administrator can reset them.';
    case 'own_second_factor':
      return 'Nobody resets their own one-time codes, nor those of another account of theirs. Ask another administrator.';
    default:
      return assertNever(refusal);
  }
}

/** The proof behind a decision: `on call, level 1 for Payments, until 18:00`. */
export function proofSentence({ onCall, incident }: Proof): string | null {
  const parts: string[] = [];
  if (onCall) {
    const until = onCall.end === null ? 'with no end of shift' : `until ${time(onCall.end)}`;
    parts.push(`on call at level ${onCall.level} for ${plain(onCall.escalationPolicy.name)}, ${until}`);
  }
  if (incident) parts.push(`incident #${incident.number} on ${plain(incident.service.name)} is ${incident.status}`);
  return parts.length > 0 ? parts.join('; ') : null;
}

const SHIFTS_SHOWN = 3;

/** What PagerDuty said of somebody's shifts; undefined: it was not kept. */
export function onCallSentence(seen: Evidence['onCall'] | undefined): string {
  if (seen === undefined) return 'no, or not known';
  if (seen === null) return 'not asked: no rule turns on it';
  if (!seen.known) return `:grey_question: not known: ${plain(seen.problem)}`;
  if (seen.value.length === 0) return 'no';
  const shifts = seen.value.slice(0, SHIFTS_SHOWN).map((onCall) => proofSentence({ onCall, incident: null }));
  const more = seen.value.length - shifts.length;
  return `${shifts.join('; ')}${more > 0 ? `; and ${counted(more, 'more shift')}` : ''}`;
}

/** Why nobody let it through: each rule that could have, and what it missed. */
export function missedRules(decision: Decision): string[] {
  return decision.outcomes
    .filter((outcome) => outcome.effect !== 'deny' && outcome.outcome !== 'met')
    .map((outcome) => `rule ${outcome.rule} (${outcome.effect}): ${withNames(outcome)}`);
}

/** What kept something from being approved at once that could not be looked up; empty: nothing did. */
export function unknownText(decision: Decision): string {
  const unknown = decision.outcomes.find(({ effect, outcome }) => effect === 'allow' && outcome === 'unknown');
  return unknown ? ` (not at once, because ${withNames(unknown)})` : '';
}

/** Why something is not approved at once, as a sentence; empty: no rule could have. */
export function notAtOnceSentence(decision: Decision): string {
  const missed = missedRules(decision)[0];
  return missed ? `Not at once, because ${missed.replace(/^rule \d+ \(\w+\): /, '')}.` : '';
}

/** The reasons of a rule, with the names of the people and groups that it names itself in place of their ids. */
export const withNames = ({ reasons, principals }: RuleOutcome): string =>
  principals.reduce((text, id) => text.replaceAll(id, mentions([id])), plain(reasons.join('; ')));

/** `2 of @dba`, `1 of @leads and 1 of @security`. */
export const stagesText = (stages: readonly Stage[]): string =>
  stages
    .map(({ reviewers, needed }) =>
      stages.length === 1 && needed === 1 ? mentions(reviewers) : `${needed} of ${mentions(reviewers)}`,
    )
    .join(' and ');

const approvalsNeeded = (stages: readonly Stage[]): number => stages.reduce((sum, { needed }) => sum + needed, 0);

/** `An approval from @leads`, `2 approvals: 1 of @leads and 1 of @security`. */
export function approvalsText(stages: readonly Stage[]): string {
  const needed = approvalsNeeded(stages);
  return needed === 1 ? `one approval from ${stagesText(stages)}` : `${needed} approvals: ${stagesText(stages)}`;
}

/** What the decision would be, before it is asked for. */
export function previewSentence(decision: Decision): string {
  switch (decision.effect) {
    case 'allow':
      return `:white_check_mark: *Approved at once*: you are ${proofSentence(decision.proof) ?? plain(decision.reasons.join('; '))}.`;
    case 'ask': {
      const why = notAtOnceSentence(decision);
      return `:hourglass: *Needs ${approvalsText(decision.stages)}.*${why && `\n${why}`}`;
    }
    case 'deny':
      return `:no_entry: *Would be denied*: ${denialSentence(decision)}`;
    case 'break_glass':
      return ':rotating_light: *Break-glass*: at once, announced, and reviewed afterwards.';
    default:
      return assertNever(decision);
  }
}

export function denialSentence(decision: Decision): string {
  const decided = decision.outcomes.find((outcome) => outcome.rule === decision.rule);
  if (decided) return `rule ${decided.rule} of the policy says no: ${withNames(decided)}.`;
  if (decision.outcomes.length === 0)
    return `${plain(decision.reasons.join('; ')) || 'the policy does not allow it now'}.`;
  const missed = missedRules(decision).map((line) => `\n• ${line}`);
  return `no rule of the policy lets it through.${missed.join('')}`;
}

/** Mentions people and groups of the policy; ids come from the policy file, never from a message. */
export const mentions = (principals: readonly Principal[]): string =>
  principals.map((id) => (isGroup(id) ? `<!subteam^${id}>` : `<@${id}>`)).join(', ') || 'nobody';

export function endSentence(why: EndReason): string {
  switch (why) {
    case 'expired':
      return 'its time was up';
    case 'shift_ended':
      return 'the shift it was given for is over';
    case 'incident_resolved':
      return 'the incident it was given for is resolved';
    case 'revoked':
      return 'it was ended early';
    case 'person_left':
      return 'the account was deactivated';
    case 'frozen':
      return 'an administrator froze all access';
    case 'provision_failed':
      return 'it could not be given';
    default:
      return assertNever(why);
  }
}

/** What became of sessions that were opened with access that has ended at a time; empty: there are none. */
export function openSentence(openUntil: Instant | null | undefined, endedAt: Instant): string {
  if (openUntil === undefined) return '';
  if (openUntil === null) return 'Sessions opened before live until they are closed.';
  return openUntil <= endedAt
    ? 'Sessions that were open have been closed.'
    : `Sessions opened before may live until ${time(openUntil)}.`;
}

/** So many things that are left are named in a message; the event has them all. */
const LEFT_SHOWN = 8;
const LEFT_TEXT = 200;

/** What the holder made with the access and that is still there; empty: nothing is known to be. */
export function leftSentence(left: readonly Residue[] | undefined): string {
  if (!left || left.length === 0) return '';
  const named = left
    .slice(0, LEFT_SHOWN)
    .map(({ what, done }) => `${code(cut(what, LEFT_TEXT))} (${plain(cut(done, LEFT_TEXT))})`);
  const more = left.length - named.length;
  return `Left behind: ${named.join('; ')}${more > 0 ? `; and ${counted(more, 'more thing', 'more things')}` : ''}.`;
}

const RISK_TEXT: Readonly<Record<Risk, string>> = {
  low: ':large_green_circle: low',
  medium: ':large_yellow_circle: medium',
  high: ':red_circle: high',
};

export const riskText = (risk: Risk): string => RISK_TEXT[risk];
