import type { Decision, Proof, RuleOutcome } from '../domain/evaluate.ts';
import type { EndReason } from '../domain/grant.ts';
import { isGroup, type Principal } from '../domain/policy.ts';
import type { Refusal } from '../domain/refusal.ts';
import { assertNever, durationText } from '../domain/terms.ts';
import { code, plain, time } from './blocks.ts';

/** Refusals, decisions and ends as sentences: the one place where the bot's "no" gets its words. */

export function refusalSentence(refusal: Refusal): string {
  switch (refusal.code) {
    case 'unknown_role':
      return `There is no role ${code(refusal.role)}. Pick one from the list.`;
    case 'duration_too_long':
      return `At most ${durationText(refusal.max)} for this role; you asked for ${durationText(refusal.asked)}.`;
    case 'duration_not_positive':
      return 'Pick how long you need it.';
    case 'reason_too_short':
      return `Say why, in at least ${refusal.minLength} characters: reviewers and auditors read it.`;
    case 'reason_too_long':
      return `At most ${refusal.maxLength} characters, please.`;
    case 'ticket_missing':
      return `Name the ticket: one word has to match ${refusal.pattern}.`;
    case 'person_refused':
      return `This cannot go on: ${plain(refusal.problem)}.`;
    case 'already_holds':
      return `This access is already held, until ${time(refusal.until)}. When it has ended it can be asked for again.`;
    case 'already_pending':
      return 'You have asked for this already, and reviewers are looking at it. Cancel that request first to change it.';
    case 'unknown_request':
      return 'There is no such request any more. Nothing was changed.';
    case 'not_pending':
      return `Too late: this request is already ${refusal.state}. Nothing was changed.`;
    case 'own_request':
      return 'You cannot review your own request. Somebody else has to.';
    case 'not_a_reviewer':
      return 'You are not one of the reviewers of this role. Nothing was changed.';
    case 'eligibility_unknown':
      return `Whether you may do this could not be checked: ${plain(refusal.problem)}. Nothing was changed; try again in a moment.`;
    case 'already_reviewed':
      return 'You have approved this already. It needs somebody else as well.';
    case 'policy_now_denies':
      return `By now the policy denies this request: ${plain(refusal.reasons.join('; '))}. Nothing was changed.`;
    case 'comment_missing':
      return 'Say why not: the requester sees it and knows what to do.';
    case 'unknown_grant':
      return 'There is no such access any more. Nothing was changed.';
    case 'not_active':
      return 'This access is not active any more. Nothing was changed.';
    case 'not_yours':
      return 'This is not yours to change. Its holder, the reviewers of the role and administrators can.';
    case 'no_credential':
      return 'This access needs no credentials of its own.';
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

/** Why nobody let it through: each rule that could have, and what it missed. */
export function missedRules(decision: Decision): string[] {
  return decision.outcomes
    .filter((outcome) => outcome.effect !== 'deny' && outcome.outcome !== 'met')
    .map((outcome) => `rule ${outcome.rule} (${outcome.effect}): ${withNames(outcome)}`);
}

/** The reasons of a rule, with the names of the people and groups that it names itself in place of their ids. */
const withNames = ({ reasons, principals }: RuleOutcome): string =>
  principals.reduce((text, id) => text.replaceAll(id, mentions([id])), plain(reasons.join('; ')));

/** What the decision would be, before it is asked for. */
export function previewSentence(decision: Decision): string {
  switch (decision.effect) {
    case 'allow':
      return `:white_check_mark: *Approved at once*: you are ${proofSentence(decision.proof) ?? plain(decision.reasons.join('; '))}.`;
    case 'ask': {
      const missed = missedRules(decision)[0];
      return `:hourglass: *Needs ${decision.needed === 1 ? 'an approval' : `${decision.needed} approvals`}* from ${mentions(decision.reviewers)}.${missed ? `\nNot at once, because ${missed.replace(/^rule \d+ \(\w+\): /, '')}.` : ''}`;
    }
    case 'deny':
      return `:no_entry: *Would be denied*: ${denialSentence(decision)}`;
    default:
      return assertNever(decision);
  }
}

export function denialSentence(decision: Decision): string {
  const decided = decision.outcomes.find((outcome) => outcome.rule === decision.rule);
  if (decided) return `rule ${decided.rule} of the policy says no: ${withNames(decided)}.`;
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
    case 'revoked':
      return 'it was ended early';
    case 'provision_failed':
      return 'it could not be given';
    default:
      return assertNever(why);
  }
}
