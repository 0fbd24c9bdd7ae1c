import type { Entitlement } from '../domain/accessReview.ts';
import type { Condition, EscalationStep, Rule, Stage, Test } from '../domain/policy.ts';
import { SIGNAL_NAMES } from '../domain/signals.ts';

import { hoursText } from '../domain/weekHours.ts';
import { lasting } from './pieces.ts';

/** Names by Slack id, for rules of the policy in words. People and groups without a name are shown by their id. */
export type Names = ReadonlyMap<string, string>;

export function entitlementText(entitlement: Entitlement, names: Names): string {
  switch (entitlement.kind) {
    case 'rule':
      return ruleText(entitlement.rule, names);
    case 'break_glass': {
      const { members, max } = entitlement.glass;
      return `break-glass, without approval, for ${listed(members, names, 'and')}, at most ${lasting(max)}`;
    }
    case 'opa':
      return 'whoever Open Policy Agent allows';
  }
}

function ruleText(rule: Rule, names: Names): string {
  const condition = rule.when.length === 0 ? 'for everybody' : `if ${conditionText(rule.when, names)}`;
  if (rule.effect !== 'ask') return `automatic ${condition}`;
  const approval = rule.stages.map((stage) => stageText(stage, names)).join(' and ');
  const also = rule.escalate.map((step) => `; after ${lasting(step.after)} also ${askedText(step, names)}`);
  return `${condition}, after approval by ${approval}${also.join('')}`;
}

const stageText = ({ reviewers, needed }: Stage, names: Names): string =>
  `${needed} of ${listed(reviewers, names, 'and')}`;

const askedText = ({ to }: EscalationStep, names: Names): string =>
  to.kind === 'people'
    ? listed(to.principals, names, 'and')
    : `whoever is on call for ${listed([to.escalationPolicy], names, 'or')} at level ${to.level}`;

const conditionText = (condition: Condition, names: Names): string =>
  condition.map((test) => testText(test, names)).join(', and ');

function testText(test: Test, names: Names): string {
  switch (test.kind) {
    case 'on_call': {
      const parts = [
        test.escalationPolicies && `for ${listed(test.escalationPolicies, names, 'or')}`,
        test.schedules && `on ${listed(test.schedules, names, 'or')}`,
        test.services && `for ${listed(test.services, names, 'or')}`,
        levelText(test.minLevel, test.maxLevel),
        test.tenure > 0 && `for at least ${lasting(test.tenure)}`,
        test.planned && 'as planned',
      ];
      return ['they are on call', ...parts.filter(Boolean)].join(' ');
    }
    case 'incident': {
      const of = test.urgencies ? ` of ${test.urgencies.join(' or ')} urgency` : '';
      const on = test.services ? ` on ${listed(test.services, names, 'or')}` : '';
      return `there is an incident${of}${on} that is ${test.statuses.join(' or ')}`;
    }
    case 'members_of':
      return `they are one of ${listed(test.principals, names, 'or')}`;
    case 'hours':
      return `it is ${hoursText(test)}`;
    case 'duration':
      return `it is for at most ${lasting(test.max)}`;
    case 'signals':
      return `something is unusual (${test.signals.map((kind) => SIGNAL_NAMES[kind]).join(' or ')})`;
    case 'unless':
      return `not (${conditionText(test.condition, names)})`;
  }
}

function levelText(min: number, max: number): string {
  if (max === Number.POSITIVE_INFINITY) return min > 1 ? `at level ${min} or higher` : '';
  if (min === max) return `at level ${min}`;
  return `at level ${min} ${max === min + 1 ? 'or' : 'to'} ${max}`;
}

/** Names, not mentions, so that nobody is notified because a rule names them. */
function listed(ids: readonly string[], names: Names, between: 'and' | 'or'): string {
  const [last, ...others] = ids.map((id) => names.get(id) ?? id).reverse();
  if (last === undefined) return 'nobody';
  return others.length === 0 ? last : `${others.reverse().join(', ')} ${between} ${last}`;
}
