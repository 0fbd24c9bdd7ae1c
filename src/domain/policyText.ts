/** Policy rules as text, for people comparing two policies. */

import type { Condition, EscalationStep, Rule, Stage, Test } from './policy.ts';
import { SIGNAL_NAMES } from './signals.ts';
import { durationText } from './terms.ts';
import { hoursText } from './weekHours.ts';

export function ruleText(rule: Rule): string {
  if (rule.effect !== 'ask') return `${rule.effect}: ${conditionText(rule.when)}`;
  const { when, stages, escalate, expiresAfter } = rule;
  const parts = [
    stages.map(stageText).join(' and '),
    when.length > 0 ? `when ${conditionText(when)}` : '',
    ...escalate.map(stepText),
    `expires after ${durationText(expiresAfter)}`,
  ];
  return `ask: ${parts.filter(Boolean).join(', ')}`;
}

const stageText = ({ reviewers, needed }: Stage): string => `${needed} of ${reviewers.join(', ') || 'nobody'}`;

const stepText = ({ after, to, page }: EscalationStep): string =>
  `after ${durationText(after)} also ${to.kind === 'people' ? to.principals.join(', ') : `level ${to.level} of ${to.escalationPolicy}`}${page === null ? '' : ` and a page on ${page}`}`;

const conditionText = (condition: Condition): string =>
  condition.length === 0 ? 'everybody' : condition.map(testText).join(' and ');

function testText(test: Test): string {
  switch (test.kind) {
    case 'on_call': {
      const parts = [
        test.escalationPolicies && `for ${test.escalationPolicies.join(', ')}`,
        test.schedules && `on ${test.schedules.join(', ')}`,
        test.services && `for the services ${test.services.join(', ')}`,
        levelText(test.minLevel, test.maxLevel),
        test.tenure > 0 && `for at least ${durationText(test.tenure)}`,
        test.planned && 'by plan',
      ];
      return ['on call', ...parts.filter(Boolean)].join(' ');
    }
    case 'incident': {
      const of = test.urgencies ? ` of ${test.urgencies.join(' or ')} urgency` : '';
      return `an incident that is ${test.statuses.join(' or ')}${of}${test.services ? ` on ${test.services.join(', ')}` : ''}`;
    }
    case 'members_of':
      return `one of ${test.principals.join(', ') || 'nobody'}`;
    case 'hours':
      return hoursText(test);
    case 'duration':
      return `at most ${durationText(test.max)}`;
    case 'signals':
      return `a signal of ${test.signals.map((kind) => SIGNAL_NAMES[kind]).join(' or ')}`;
    case 'unless':
      return `not (${conditionText(test.condition)})`;
  }
}

function levelText(min: number, max: number): string {
  if (max === Number.POSITIVE_INFINITY) return min > 1 ? `at level ${min} or higher` : '';
  return min === max ? `at level ${min}` : `at level ${min} to ${max}`;
}
