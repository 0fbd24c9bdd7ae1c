/** How long a policy of 1,000 roles with 10 rules each takes to load, and a decision on it. Processor time. */

import { CORE_SCHEMA, load } from 'js-yaml';
import { evaluatePolicy } from '../../src/domain/evaluate.ts';
import { known } from '../../src/domain/terms.ts';
import { cpuOf, type Measure, median, paired } from './measure.ts';
import { policyOf, policySource } from './policies.ts';

const ROLES = 1_000;
const RULES = 10;
const ROUNDS = 9;
const DECISIONS = 60;

export async function policyBench(): Promise<Measure[]> {
  const source = policySource(ROLES, RULES);
  const rounds = Array.from({ length: ROUNDS }, () => ({
    ours: cpuOf(() => policyOf(source)) / ROLES,
    yaml: cpuOf(() => load(source, { schema: CORE_SCHEMA })) / ROLES,
  }));
  const policy = policyOf(source);
  const roles = [...policy.resources.values()].flatMap((resource) => [...resource.roles.values()]);
  const input = askedBySomebodyOnCall();
  // Each at another instant, as requests come in.
  const decideAll = () => {
    for (const [index, one] of roles.entries()) evaluatePolicy(one, { ...input, at: input.at + index });
  };
  return [
    {
      what: 'load a policy of 1,000 roles, 10 rules each: a role',
      unit: 'ms',
      ...paired(
        'js-yaml’s own parse of the same file',
        rounds.map(({ ours }) => ours),
        rounds.map(({ yaml }) => yaml),
      ),
      budget: { beyond: 0.1 },
      limitedBy: 'ten rules a role, which the schemas look at field by field',
    },
    {
      what: 'one decision on it, beyond its evidence',
      unit: 'µs',
      value: median(Array.from({ length: DECISIONS }, () => (1_000 * cpuOf(decideAll)) / roles.length)),
      budget: { most: 20 },
      limitedBy: 'what the clock says in a time zone, a third of it, and the reasons of ten rules',
    },
  ];
}

function askedBySomebodyOnCall() {
  const at = Date.UTC(2026, 0, 15, 12);
  const groups = Object.fromEntries(
    ['S0ENG', 'S0LEADS', ...Array.from({ length: RULES }, (_, index) => `S0GROUP${index}`)].map((id) => [
      id,
      known(id === 'S0ENG'),
    ]),
  );
  const entry = {
    escalationPolicy: { id: 'PX', name: 'X' },
    services: [],
    schedule: null,
    level: 1,
    start: null,
    end: null,
    isOverride: null,
  };
  const none = { incident: null, history: null, removals: null, signals: null, opa: null };
  const evidence = { at, onCall: known([entry]), groups, ...none };
  return { at, personId: 'U0ANA', duration: 3_600_000, evidence };
}
