import type { DecisionInput, Outcome } from './decision.ts';
import { evaluatePolicy, evaluateTest } from './evaluate.ts';
import { blockedBy } from './limits.ts';
import { type Role, roleKey, type Test } from './policy.ts';

/** A decision as a tree: what was evaluated, the outcome, and why. */
export interface Explained {
  readonly text: string;
  readonly outcome: Outcome | 'decided' | 'info';
  readonly below: readonly Explained[];
}

export function explainDecision(role: Role, input: DecisionInput): Explained {
  const decision = evaluatePolicy(role, input);
  const blocked = blockedBy(role, input);
  const by = decision.rule === null ? decision.reasons.join('; ') : `rule ${decision.rule}`;
  const rules = role.rules.map((rule, index): Explained => {
    const found = decision.outcomes[index];
    return {
      text: `rule ${index + 1}: ${rule.effect}${decision.rule === index + 1 ? '  ← decided' : ''}`,
      outcome: found?.outcome ?? 'not_met',
      below:
        rule.when.length === 0
          ? [{ text: 'for everybody', outcome: 'met', below: [] }]
          : rule.when.map((test) => explainTest(test, input)),
    };
  });
  return {
    text: `${roleKey(role)}: ${decision.effect} (${by})`,
    outcome: 'decided',
    below: blocked === null ? rules : [{ text: blocked, outcome: 'met', below: [] }],
  };
}

function explainTest(test: Test, input: DecisionInput): Explained {
  const { outcome, reasons } = evaluateTest(test, input);
  return {
    text: `${NAMES[test.kind]}: ${reasons.join('; ')}`,
    outcome,
    below: test.kind === 'unless' ? test.condition.map((inner) => explainTest(inner, input)) : [],
  };
}

const NAMES: Readonly<Record<Test['kind'], string>> = {
  on_call: 'on call',
  incident: 'incident',
  members_of: 'members',
  hours: 'hours',
  duration: 'duration',
  signals: 'signals',
  unless: 'unless',
};

const MARKS = { met: '✓', not_met: '✗', unknown: '?', decided: '●', info: '·' } as const;

/** The tree as lines of text. */
export function treeLines({ text, outcome, below }: Explained, indent = ''): string[] {
  return [`${indent}${MARKS[outcome]} ${text}`, ...below.flatMap((one) => treeLines(one, `${indent}  `))];
}
