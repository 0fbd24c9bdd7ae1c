import type { DecisionInput, RuleDecision } from './decision.ts';
import type { Evidence } from './evidence.ts';
import { evidenceNeeded, flatten, type Role } from './policy.ts';

/**
 * Whether a decision that was made again could be another if all that the role asks for had been looked up then.
 * Another policy may ask for what was not: its absence is no answer.
 */
export function restsOnMissing(role: Role, { evidence }: DecisionInput, decision: RuleDecision): boolean {
  if (!lacksSomething(role, evidence)) return false;
  const { outcomes } = decision;
  const has = (effect: string, outcome: string): boolean =>
    outcomes.some((one) => one.effect === effect && one.outcome === outcome);
  // Its limits, its freezes or Open Policy Agent decided, and they had not all they ask for.
  if (outcomes.length === 0) return true;
  if (has('deny', 'met')) return false;
  if (has('deny', 'unknown')) return true;
  if (has('allow', 'met')) return false;
  if (has('allow', 'unknown')) return true;
  return !has('ask', 'met') && has('ask', 'unknown');
}

function lacksSomething(role: Role, evidence: Evidence): boolean {
  const needed = evidenceNeeded(role);
  const asksForSigns = role.rules.some(({ when }) => flatten(when).some(({ kind }) => kind === 'signals'));
  return (
    (needed.onCall && !evidence.onCall) ||
    (needed.overrides && [evidence.onCall, evidence.othersOnCall].some(hasUnaskedShift)) ||
    (needed.history !== null && !evidence.history) ||
    (asksForSigns && !evidence.signals) ||
    (role.opa !== null && !evidence.opa) ||
    needed.groups.some((group) => evidence.groups[group] === undefined)
  );
}

/** Whether a shift is a turn of the rotation is looked up only for a rule that asks. */
const hasUnaskedShift = (shifts: Evidence['onCall'] | undefined): boolean =>
  shifts?.known === true && shifts.value.some(({ schedule, isOverride }) => schedule !== null && isOverride === null);
