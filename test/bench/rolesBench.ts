import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { CORE_SCHEMA, load } from 'js-yaml';
import { parsePolicy } from '../../src/config/policyFile.ts';
import type { Policy } from '../../src/domain/policy.ts';
import { known } from '../../src/domain/terms.ts';
import type { Deps } from '../../src/lifecycle/deps.ts';
import { reloadPolicy } from '../../src/lifecycle/reloadPolicy.ts';
import { possibleNow } from '../../src/lifecycle/request/outlook.ts';
import type { OnCall } from '../../src/ports/pagerDuty.ts';
import { PROVISIONERS } from '../../src/provisioners/registry.ts';
import { connectTargets } from '../../src/provisioners/targets.ts';
import { roleOptions } from '../../src/slack/features/request/modal.ts';
import { recordedLog } from '../support/log.ts';
import { benchPerson, createBenchBox, inFolder } from './box.ts';
import { longestStretch } from './loop.ts';
import { type Measure, median, paired } from './measure.ts';

/** A company's policy: ten thousand roles on five thousand webhook targets, two rules each. Processor time throughout. */

const RESOURCES = 5_000;
const ROLES = 2 * RESOURCES;
const ROUNDS = 5;
const SECRETS = { SECRET: 'sixteen-characters-at-least' };
const WHAT = '10,000 roles:';

const role = (name: string, index: number) => `      ${name}:
        grants: { permission: ${name} }
        duration: { default: 1h, max: 4h }
        rules:
          - allow: { on_call: { escalation_policies: [PP${index % 50}], level: { max: 2 } } }
          - ask: { reviewers: [U0LEAD], expires: 1h }`;
const source = (resources: number): string => `version: 1
slack: { audit_channel: C0AUDIT, approvals_channel: C0ACCESS }
resources:
${Array.from(
  { length: resources },
  (_, index) => `  service-${index}:
    target: { kind: webhook, url: "https://hooks.example/${index}", secret: "\${SECRET}" }
    roles:
${role('read', index)}
${role('write', index)}`,
).join('\n')}
`;

function policyOf(text: string): Policy {
  const read = parsePolicy(text, PROVISIONERS, SECRETS);
  if ('issues' in read) throw new Error(JSON.stringify(read.issues.slice(0, 3)));
  return read.policy;
}

function cpuOf(work: () => unknown): number {
  const before = process.threadCpuUsage();
  work();
  const { user, system } = process.threadCpuUsage(before);
  return (user + system) / 1_000;
}

export async function rolesBench(): Promise<Measure[]> {
  const text = source(RESOURCES);
  const rounds = Array.from({ length: ROUNDS }, () => [
    cpuOf(() => policyOf(text)),
    cpuOf(() => load(text, { schema: CORE_SCHEMA })),
  ]);
  const { policy, bytes } = held(text);
  const typed = ['service-49 read', 'write', '', 'service 4999'];
  roleOptions(policy, 'read');
  return [
    {
      what: `${WHAT} load the policy, a role`,
      unit: 'ms',
      ...paired(
        'js-yaml’s own parse of the same file',
        rounds.map(([ours = 0]) => ours / ROLES),
        rounds.map(([, yaml = 0]) => yaml / ROLES),
      ),
      budget: { beyond: 0.1 },
      limitedBy: 'the schemas, which look at every field, and garbage collection',
    },
    {
      what: `${WHAT} options for what is typed`,
      unit: 'ms',
      value: median(typed.flatMap((words) => [1, 2, 3].map(() => cpuOf(() => roleOptions(policy, words))))),
      budget: { most: 10 },
      limitedBy: 'looking for every word in every name',
    },
    {
      what: `${WHAT} heap after collection, a role`,
      unit: 'kB',
      value: bytes / ROLES / 1_000,
      budget: { most: 5 },
      limitedBy: 'an object for each rule, test and duration',
    },
    ...(await inTheBot(policy)),
  ];
}

/** @returns the policy, and the bytes that it keeps on the heap; its text, which is one string, included */
function held(text: string): { policy: Policy; bytes: number } {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  collect();
  const before = process.memoryUsage().heapUsed;
  const policy = policyOf(text);
  collect();
  return { policy, bytes: process.memoryUsage().heapUsed - before };
}

const ANSWERS: OnCall = {
  entries: async () => known([]),
  onCallFor: async () => known({ addresses: [], unread: null }),
  knows: async () => known(true),
  incident: async () => ({ known: false, problem: 'none' }),
  check: async () => known(true),
  nameOf: async () => known('Checkout'),
  openIncidents: async () => known([]),
};

const inTheBot = (policy: Policy): Promise<Measure[]> =>
  inFolder(async (path) => {
    const box = await createBenchBox(path('jit.db'), { onCall: ANSWERS, targets: {} });
    try {
      const { deps } = box.core;
      deps.policyFile.use(policy);
      const look = () => possibleNow(deps, benchPerson(1));
      await look();
      const before = process.threadCpuUsage();
      const stretches = [await longestStretch(look), await longestStretch(look), await longestStretch(look)];
      const { user, system } = process.threadCpuUsage(before);
      return [
        {
          what: `${WHAT} what somebody could ask for, for Home and /jit oncall`,
          unit: 'ms',
          value: (user + system) / 1_000 / stretches.length,
          budget: { most: 500 },
          limitedBy: 'what the ledger knows about each of 5,000 resources: a query each',
        },
        {
          what: `${WHAT} longest stretch without the loop turning meanwhile`,
          unit: 'ms',
          value: median(stretches),
          budget: { most: 50 },
          limitedBy: 'fifty roles at a time, and garbage collection',
        },
        await reload(deps, policy),
      ];
    } finally {
      await box.end();
    }
  });

/** The file with one resource more, read and put in force, targets included. */
async function reload(deps: Deps, policy: Policy): Promise<Measure> {
  const notUsed = () => Promise.reject(new Error('no target is asked'));
  const targets = connectTargets(policy, {
    log: recordedLog(),
    clock: deps.clock,
    seats: { at: notUsed, of: notUsed, keep: notUsed, drop: notUsed },
    ids: { keep: notUsed, of: notUsed },
  });
  const more = source(RESOURCES + 1);
  const policyFile = {
    read: () => ({ policy: policyOf(more) }),
    use: (next: Policy) => targets.adopt(next),
  };
  const value = await longestStretch(() => reloadPolicy({ ...deps, policy, policyFile, targets }, null));
  await targets.close();
  return {
    what: `${WHAT} longest stretch while the policy is reloaded`,
    unit: 'ms',
    value,
    budget: { most: 50 },
    limitedBy: 'reading the file, all of it at once: half of it is js-yaml’s parse',
  };
}
