/** What was decided, on which evidence, and what was missing. */

import type { Decision, Proof, RuleOutcome } from '../domain/decision.ts';
import type { Evidence } from '../domain/evidence.ts';
import type { Risk, Rule, Stage } from '../domain/policy.ts';
import { counted } from '../domain/text.ts';
import { capital, joined, mapTexts, people, points, type Sentence, say, time } from './pieces.ts';

export const EFFECTS: Readonly<Record<Rule['effect'], string>> = {
  allow: 'automatic',
  ask: 'needs approval',
  deny: 'denies',
};

const RISKS: Readonly<Record<Risk, Sentence>> = {
  low: say`:large_green_circle: low`,
  medium: say`:large_yellow_circle: medium`,
  high: say`:red_circle: high`,
};

export const riskSentence = (risk: Risk): Sentence => RISKS[risk];

/** The proof behind a decision: `on call at level 1 for Payments until 18:00`. @returns null if there is none */
export function proofSentence({ onCall, incident }: Proof): Sentence | null {
  const parts: Sentence[] = [];
  if (onCall) {
    const until = onCall.end === null ? ' (no end of shift)' : say` until ${time(onCall.end)}`;
    parts.push(say`on call at level ${onCall.level} for ${onCall.escalationPolicy.name}${until}`);
  }
  if (incident) parts.push(say`incident #${incident.number} on ${incident.service.name} is ${incident.status}`);
  return parts.length > 0 ? joined(parts, '; ') : null;
}

const SHIFTS_SHOWN = 3;

/** What PagerDuty said about somebody's shifts. @returns empty if no rule depended on it, or it was not stored */
export function onCallSentence(seen: Evidence['onCall'] | undefined): Sentence {
  if (!seen) return [];
  if (!seen.known) return say`:grey_question: not known: ${seen.problem}`;
  if (seen.value.length === 0) return say`no`;
  const shifts = seen.value
    .slice(0, SHIFTS_SHOWN)
    .map((onCall) => proofSentence({ onCall, incident: null }))
    .filter((shift) => shift !== null);
  const more = seen.value.length - shifts.length;
  return say`${joined(shifts, '; ')}${more > 0 ? `; and ${counted(more, 'more shift')}` : ''}`;
}

/** The reasons of a rule. People and groups are shown as mentions in place of their ids. */
export function ruleReasons({ reasons, principals }: RuleOutcome): Sentence {
  let sentence = say`${reasons.join('; ')}`;
  for (const id of principals)
    sentence = sentence.flatMap((piece) =>
      piece.kind === 'text' ? joined(piece.text.split(id), people([id])) : [piece],
    );
  return sentence;
}

/** Turns a reason about a person into one addressed to them: `not on call` becomes `you are not on call`. */
const toYou = (sentence: Sentence): Sentence =>
  mapTexts(sentence, (text) =>
    text.replace(/(^|; )((?:not )?(?:on call|a member|member|named|on this shift)\b)/g, '$1you are $2'),
  );

const missed = ({ outcomes }: Decision): readonly RuleOutcome[] =>
  outcomes.filter(({ effect, outcome }) => effect !== 'deny' && outcome !== 'met');

/** Why no rule allowed it: each rule that could have, and what it lacked. */
export const missedRules = (decision: Decision): Sentence[] =>
  missed(decision).map((outcome) => say`${ruleReasons(outcome)} (rule ${outcome.rule})`);

/** What kept something from being automatic because it could not be looked up. @returns empty if nothing did */
export function unknownSentence(decision: Decision): Sentence {
  const unknown = decision.outcomes.find(({ effect, outcome }) => effect === 'allow' && outcome === 'unknown');
  return unknown ? say` (not automatic: ${toYou(ruleReasons(unknown))})` : [];
}

/** Why something is not automatic, to the person who asks. @returns empty if no rule could have made it so */
export function notAutomaticSentence(decision: Decision): Sentence {
  const [first] = missed(decision);
  return first ? say`Not automatic: ${toYou(ruleReasons(first))}.` : [];
}

/** `2 from @dba`, `1 from @leads and 1 from @security`. */
export const stagesSentence = (stages: readonly Stage[]): Sentence =>
  joined(
    stages.map(({ reviewers, needed }) =>
      stages.length === 1 && needed === 1 ? people(reviewers) : say`${needed} from ${people(reviewers)}`,
    ),
    ' and ',
  );

/** `approval from @leads`, `2 approvals: 1 from @leads and 1 from @security`. */
export function approvalsSentence(stages: readonly Stage[]): Sentence {
  const needed = stages.reduce((sum, stage) => sum + stage.needed, 0);
  return needed === 1
    ? say`approval from ${stagesSentence(stages)}`
    : say`${needed} approvals: ${stagesSentence(stages)}`;
}

/** Which rule denied it, or what each rule lacked. Addressed to the person who asked. */
export function denialSentence(decision: Decision): Sentence {
  const decided = decision.outcomes.find(({ rule }) => rule === decision.rule);
  if (decided) return say`Rule ${decided.rule} denies it: ${toYou(ruleReasons(decided))}.`;
  if (decision.outcomes.length === 0)
    return capital(say`${decision.reasons.join('; ') || 'the policy does not allow it now'}.`);
  return say`No rule allows it:${points(missedRules(decision).map(toYou))}`;
}

/** Why it is automatic, addressed to the person who asked. */
export const becauseSentence = ({ proof, reasons }: { proof: Proof; reasons: readonly string[] }): Sentence =>
  toYou(proofSentence(proof) ?? say`${reasons.join('; ')}`);

/** The confirmation after an automatic approval. */
export const approvedAutomatically = (decision: Decision): Sentence =>
  say`Approved automatically: ${
    decision.effect === 'allow' ? becauseSentence(decision) : toYou(say`${decision.reasons.join('; ')}`)
  }.`;

/** What the decision would be, shown before anybody asks. */
export function previewSentence(decision: Decision): Sentence {
  switch (decision.effect) {
    case 'allow':
      return say`:white_check_mark: *Automatic*: ${becauseSentence(decision)}.`;
    case 'ask': {
      const why = notAutomaticSentence(decision);
      return say`:hourglass: *Needs ${approvalsSentence(decision.stages)}*${why.length > 0 ? say`\n${why}` : ''}`;
    }
    case 'deny':
      return say`:no_entry: *Would be denied.* ${denialSentence(decision)}`;
    case 'break_glass':
      return BREAK_GLASS_PREVIEW;
    case 'canary':
      return say`*Canary*: ${decision.reasons.join('; ')}.`;
  }
}

export const BREAK_GLASS_PREVIEW = say`:rotating_light: *Break-glass*: you get access now, the approvals channel is told, and your use is reviewed afterwards.`;
