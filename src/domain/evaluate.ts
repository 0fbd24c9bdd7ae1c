import { REASONS } from '../wording/reasons/decisions.ts';
import {
  type DecisionInput,
  NO_PROOF,
  type Outcome,
  type Proof,
  type RuleDecision,
  type RuleFinding,
} from './decision.ts';
import type { Evidence, OnCallEntry } from './evidence.ts';
import type { Incident } from './incident.ts';
import { blockedBy, budgetLeft } from './limits.ts';
import type { Condition, IncidentTest, OnCallTest, Principal, Role, Rule, Test } from './policy.ts';
import { isGroup, OPA_ITEM, principalsOf } from './policy.ts';
import { ruleText } from './policyText.ts';
import { type RequestSignal, SIGNAL_NAMES } from './signals.ts';
import { assertNever, durationText, HOUR, type Instant, type Ref } from './terms.ts';
import { hoursText, isWithinHours } from './weekHours.ts';

/**
 * Decides about a role for an input. Its freezes and limits come first; then Open Policy Agent's answer, if
 * the role is delegated to it, or the rules: deny beats allow beats ask, the first of its kind wins, and no match
 * denies. Pure: no clock, no I/O.
 */
export function evaluatePolicy(role: Role, input: DecisionInput): RuleDecision {
  const blocked = blockedBy(role, input);
  if (blocked !== null) return { effect: 'deny', rule: null, reasons: [blocked], outcomes: [] };
  if (role.opa) {
    const removed = removedIn(input.evidence, () => OPA_ITEM);
    return removed ? { effect: 'deny', rule: null, reasons: removed.reasons, outcomes: [] } : fromOpa(input);
  }
  const budget = budgetLeft(role, input);
  const evaluated = role.rules.map((rule, index) => {
    const found = evaluateRule(rule, input);
    const isSpent = rule.effect === 'allow' && found.outcome === 'met' && budget !== null;
    return { rule, finding: isSpent ? budget : found, number: index + 1 };
  });
  const outcomes = evaluated.map(({ rule, finding, number }) => ({
    rule: number,
    effect: rule.effect,
    outcome: finding.outcome,
    reasons: finding.reasons,
    principals: principalsOf(rule.when),
  }));
  const first = (effect: Rule['effect'], accepted: readonly Outcome[]) =>
    evaluated.find(({ rule, finding }) => rule.effect === effect && accepted.includes(finding.outcome));

  const deny = first('deny', ['met', 'unknown']);
  if (deny) return { effect: 'deny', rule: deny.number, reasons: deny.finding.reasons, outcomes };
  const allow = first('allow', ['met']);
  if (allow) {
    const { reasons, proof } = allow.finding;
    return { effect: 'allow', rule: allow.number, reasons, outcomes, proof, maxDuration: null };
  }
  const ask = first('ask', ['met']);
  if (ask?.rule.effect === 'ask') {
    const { stages, escalate, expiresAfter } = ask.rule;
    const { reasons } = ask.finding;
    const proof = { onCall: anyEntry(input.evidence), incident: namedIncident(input.evidence) };
    const decided = { rule: ask.number, reasons, outcomes };
    return { effect: 'ask', ...decided, stages, escalate, expiresAfter, proof, maxDuration: null };
  }
  return { effect: 'deny', rule: null, reasons: [REASONS.noRule], outcomes };
}

const finding = (outcome: Outcome, reason: string, proof: Proof = NO_PROOF): RuleFinding => ({
  outcome,
  reasons: [reason],
  proof,
});

function evaluateRule(rule: Rule, input: DecisionInput): RuleFinding {
  if (rule.effect === 'ask' && rule.stages.some((stage) => stage.reviewers.length === 0)) {
    return finding('not_met', REASONS.noReviewers);
  }
  const removed = rule.effect === 'deny' ? null : removedIn(input.evidence, () => ruleText(rule));
  if (removed) return removed;
  if (rule.when.length === 0) return finding('met', REASONS.everybody);
  return evaluateCondition(rule.when, input);
}

/** Whether an owner removed it in an access review. If that is unknown, it admits nobody. */
function removedIn({ removals }: Evidence, textOf: () => string): RuleFinding | null {
  if (!removals) return null;
  if (!removals.known) return finding('unknown', removals.problem);
  const removal = removals.value.find(({ entitlement }) => entitlement === textOf());
  return removal
    ? finding('not_met', REASONS.removed(removal.review, new Date(removal.at).toISOString().slice(0, 10)))
    : null;
}

/** Every test has to hold. A failed one outweighs an unknown one. */
function evaluateCondition(condition: Condition, input: DecisionInput): RuleFinding {
  const findings = condition.map((test) => evaluateTest(test, input));
  const [only] = findings;
  if (only && findings.length === 1) return only;
  const outcome = findings.some((one) => one.outcome === 'not_met')
    ? 'not_met'
    : findings.some((one) => one.outcome === 'unknown')
      ? 'unknown'
      : 'met';
  return {
    outcome,
    reasons: findings.filter((one) => one.outcome === outcome).flatMap((one) => one.reasons),
    proof: {
      onCall: findings.find((one) => one.proof.onCall)?.proof.onCall ?? null,
      incident: findings.find((one) => one.proof.incident)?.proof.incident ?? null,
    },
  };
}

/** Evaluates one test of a condition. */
export function evaluateTest(test: Test, input: DecisionInput): RuleFinding {
  switch (test.kind) {
    case 'on_call':
      return evaluateOnCall(test, input);
    case 'incident':
      return evaluateIncident(test, input.evidence);
    case 'members_of':
      return evaluateMembership(test.principals, input);
    case 'hours':
      return isWithinHours(test, input.at)
        ? finding('met', REASONS.within(hoursText(test)))
        : finding('not_met', REASONS.outside(hoursText(test)));
    case 'duration':
      return input.duration <= test.max
        ? finding('met', REASONS.short(durationText(test.max)))
        : finding('not_met', REASONS.long(durationText(test.max)));
    case 'signals':
      return evaluateSignals(test.signals, input.evidence);
    case 'unless': {
      const inner = evaluateCondition(test.condition, input);
      const flipped = { met: 'not_met', not_met: 'met', unknown: 'unknown' } as const;
      return { ...inner, outcome: flipped[inner.outcome], proof: NO_PROOF };
    }
    default:
      return assertNever(test);
  }
}

/** A shift of the person's other account does not admit this one, but may exclude it, so the outcome is unknown. */
function evaluateOnCall(test: OnCallTest, { evidence, at }: DecisionInput): RuleFinding {
  if (!evidence.onCall) return finding('unknown', REASONS.onCallNotAsked);
  if (!evidence.onCall.known) return finding('unknown', evidence.onCall.problem);
  const own = findShift(test, evidence.onCall.value, at);
  const others = evidence.othersOnCall;
  if (own.outcome !== 'not_met' || others === undefined) return own;
  if (!others.known) return finding('unknown', others.problem);
  const other = findShift(test, others.value, at);
  if (other.outcome === 'not_met') return own;
  return finding('unknown', REASONS.otherAccount(other.reasons.join('; ')));
}

function findShift(test: OnCallTest, entries: readonly OnCallEntry[], at: Instant): RuleFinding {
  const isListed = (list: readonly string[] | null, refs: readonly Ref[]) =>
    list === null || refs.some(({ id }) => list.includes(id));
  // Past and future shifts are no evidence, even if PagerDuty's answer contained them.
  const current = entries.filter((entry) => (entry.start ?? at) <= at && (entry.end === null || entry.end > at));
  const inPlace = current.filter(
    (entry) =>
      isListed(test.escalationPolicies, [entry.escalationPolicy]) &&
      isListed(test.schedules, entry.schedule ? [entry.schedule] : []) &&
      isListed(test.services, entry.services),
  );
  if (inPlace.length === 0) {
    const elsewhere = [...new Set(current.map((entry) => entry.escalationPolicy.name))].join(', ');
    return finding('not_met', elsewhere ? REASONS.onCallElsewhere(elsewhere) : REASONS.notOnCall);
  }
  const atLevel = inPlace.filter((entry) => entry.level >= test.minLevel && entry.level <= test.maxLevel);
  if (atLevel.length === 0) {
    const levels = inPlace.map((entry) => entry.level).join(', ');
    return finding('not_met', REASONS.otherLevel(levels, levelText(test)));
  }
  const turns = test.planned ? atLevel.filter((entry) => entry.schedule && entry.isOverride === false) : atLevel;
  if (turns.length === 0) return notPlanned(atLevel);
  // Somebody on an escalation policy without a schedule has no start of shift: they may have been added a minute ago.
  const settled = turns.filter(({ start }) => test.tenure === 0 || (start !== null && at - start >= test.tenure));
  if (settled.length === 0) {
    return finding(
      'not_met',
      turns.every(({ start }) => start === null)
        ? REASONS.noShiftStart(durationText(test.tenure))
        : REASONS.tooFresh(durationText(test.tenure)),
    );
  }
  const best = settled.reduce((a, b) => ((b.end ?? Infinity) > (a.end ?? Infinity) ? b : a));
  return finding('met', REASONS.onCall(best.level, best.escalationPolicy.name), {
    onCall: best,
    incident: null,
  });
}

/** Why none of these entries is a turn of a schedule's rotation. */
function notPlanned(entries: readonly OnCallEntry[]): RuleFinding {
  if (entries.some(({ schedule, isOverride }) => schedule && isOverride === null))
    return finding('unknown', REASONS.planUnknown);
  return finding('not_met', entries.some(({ schedule }) => schedule) ? REASONS.override : REASONS.unscheduled);
}

function levelText({ minLevel, maxLevel }: OnCallTest): string {
  if (maxLevel === Infinity) return REASONS.levelFrom(minLevel);
  return minLevel === maxLevel ? REASONS.level(minLevel) : REASONS.levels(minLevel, maxLevel);
}

function evaluateIncident(test: IncidentTest, evidence: Evidence): RuleFinding {
  if (!evidence.incident) return finding('not_met', REASONS.noIncident);
  if (!evidence.incident.known) return finding('unknown', evidence.incident.problem);
  const incident = evidence.incident.value;
  if (!test.statuses.includes(incident.status)) {
    return finding('not_met', REASONS.otherStatus(incident.number, incident.status, test.statuses.join(' or ')));
  }
  if (test.services && !test.services.includes(incident.service.id)) {
    return finding('not_met', REASONS.otherService(incident.number, incident.service.name));
  }
  if (test.urgencies && !test.urgencies.includes(incident.urgency)) {
    return finding('not_met', REASONS.otherUrgency(incident.number, incident.urgency));
  }
  return finding('met', REASONS.incident(incident.number, incident.service.name, incident.status), {
    onCall: null,
    incident,
  });
}

function evaluateSignals(wanted: readonly RequestSignal[], { signals }: Evidence): RuleFinding {
  if (!signals) return finding('unknown', REASONS.signalsNotAsked);
  if (!signals.known) return finding('unknown', signals.problem);
  const found = signals.value.filter(({ kind }) => wanted.includes(kind));
  return found.length > 0
    ? finding('met', found.map(({ kind, facts }) => `${SIGNAL_NAMES[kind]}: ${facts}`).join('; '))
    : finding('not_met', REASONS.nothingUnusual);
}

function evaluateMembership(principals: readonly Principal[], { evidence, personId }: DecisionInput): RuleFinding {
  if (principals.includes(personId)) return finding('met', REASONS.named);
  const groups = principals.filter(isGroup).map((id) => ({
    id,
    member: evidence.groups[id] ?? { known: false as const, problem: REASONS.groupNotAsked(id) },
  }));
  const inGroup = groups.find(({ member }) => member.known && member.value);
  if (inGroup) return finding('met', REASONS.inGroup(inGroup.id));
  const failed = groups.find(({ member }) => !member.known);
  if (failed && !failed.member.known) return finding('unknown', failed.member.problem);
  // Evidence about the person's other account does not admit this one, but may exclude it, so the outcome is unknown.
  const other = evidence.otherAccounts?.find((id) => principals.includes(id));
  if (other !== undefined) return finding('unknown', REASONS.otherNamed(other));
  return finding('not_met', principals.length === 0 ? REASONS.nobodyNamed : REASONS.notIn(principals.join(', ')));
}

/** How long a request waits for reviewers whom Open Policy Agent names. */
const OPA_REQUEST_EXPIRY = HOUR;

/** The decision from Open Policy Agent's answer. Anything but a clear yes denies. */
function fromOpa({ evidence, held = 0 }: DecisionInput): RuleDecision {
  const decided = { rule: null, outcomes: [] } as const;
  if (!evidence.opa) return { ...decided, effect: 'deny', reasons: [REASONS.opaNotAsked] };
  if (!evidence.opa.known) return { ...decided, effect: 'deny', reasons: [evidence.opa.problem] };
  const { decision, reasons, reviewers, needed, max } = evidence.opa.value;
  const proof = { onCall: anyEntry(evidence), incident: namedIncident(evidence) };
  const said = { ...decided, reasons: reasons.length > 0 ? reasons : [REASONS.opa(decision)] };
  if (decision !== 'deny' && max !== null && held >= max)
    return {
      ...decided,
      effect: 'deny',
      reasons: [REASONS.opaSpent(durationText(max))],
    };
  switch (decision) {
    case 'allow':
      return { ...said, effect: 'allow', proof, maxDuration: max };
    case 'ask':
      return {
        ...said,
        effect: 'ask',
        proof,
        maxDuration: max,
        stages: [{ reviewers, needed }],
        escalate: [],
        expiresAfter: OPA_REQUEST_EXPIRY,
      };
    case 'deny':
      return { ...said, effect: 'deny' };
    default:
      return assertNever(decision);
  }
}

const anyEntry = ({ onCall }: Evidence): OnCallEntry | null => (onCall?.known ? (onCall.value[0] ?? null) : null);
const namedIncident = ({ incident }: Evidence): Incident | null => (incident?.known ? incident.value : null);
