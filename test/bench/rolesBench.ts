/** A company's policy: ten thousand roles on five thousand webhook targets, two rules each. Processor time throughout. */

import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { WebClient } from '@slack/web-api';
import { CORE_SCHEMA, load } from 'js-yaml';
import type { Policy } from '../../src/domain/policy.ts';
import { known } from '../../src/domain/terms.ts';
import type { OnCall } from '../../src/ports/pagerDuty.ts';
import { onCall as onCallCommand } from '../../src/slack/features/commands/onCall.ts';
import { createHome } from '../../src/slack/features/home/home.ts';
import { roleOptions } from '../../src/slack/features/request/modal.ts';
import type { Call } from '../../src/slack/kit/command.ts';
import { benchPerson, createBenchBox, grantsNow, inFolder, NO_ON_CALL } from './box.ts';
import { cpuOf, cpuOfAsync, type Measure, median, paired } from './measure.ts';
import { policyOf, policySource } from './policies.ts';

const ROLES = 10_000;
const ROUNDS = 9;
const WHAT = '10,000 roles:';

export async function rolesBench(): Promise<Measure[]> {
  const text = policySource(ROLES, 2);
  const rounds = Array.from({ length: ROUNDS }, () => ({
    ours: cpuOf(() => policyOf(text)) / ROLES,
    yaml: cpuOf(() => load(text, { schema: CORE_SCHEMA })) / ROLES,
  }));
  const { policy, bytes } = held(text);
  const typed = ['service-49 read', 'write', '', 'service 4999'];
  roleOptions(policy, 'read');
  return [
    {
      what: `${WHAT} load the policy, a role`,
      unit: 'ms',
      ...paired(
        'js-yaml’s own parse of the same file',
        rounds.map(({ ours }) => ours),
        rounds.map(({ yaml }) => yaml),
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

/** One shift of fifty: 200 of the roles are to be had at once, and reviewers can be asked for the rest. */
const ON_CALL: OnCall = {
  ...NO_ON_CALL,
  entries: async () =>
    known([
      {
        escalationPolicy: { id: 'PP1', name: 'Service 1' },
        services: [],
        schedule: null,
        level: 1,
        start: null,
        end: null,
        isOverride: null,
      },
    ]),
};

/** What a person gets to see, by the functions that the listeners call: all but Bolt and the wire. */
const inTheBot = (policy: Policy): Promise<Measure[]> =>
  inFolder(async (path) => {
    const box = await createBenchBox(path('jit.db'), { onCall: ON_CALL, targets: {} });
    try {
      const { deps, posts } = box.core;
      await deps.policyFile.use(policy);
      await grantsNow(box);
      const { slackId } = benchPerson(1);
      let shown = '';
      const said = (what: object) => {
        shown = JSON.stringify(what);
      };
      const client = { views: { publish: async ({ view }: { view: object }) => said(view) } };
      const home = createHome(deps, client as unknown as WebClient, posts);
      const tell: Call['tell'] = async (_text, blocks = []) => said(blocks);
      const call = { deps, personId: slackId, tell } as Call;
      const measured = async (what: string, work: () => Promise<void>): Promise<Measure> => {
        await work();
        if (!/service-1/.test(shown)) throw new Error(`nothing is offered: ${shown.slice(0, 500)}`);
        const times: number[] = [];
        for (let round = 0; round < ROUNDS; round += 1) times.push(await cpuOfAsync(work));
        return {
          what: `${WHAT} ${what}`,
          unit: 'ms',
          value: median(times),
          budget: { most: 500 },
          limitedBy: 'a decision for each role',
        };
      };
      return [
        await measured('/jit oncall answers', () => onCallCommand.run(call)),
        await measured('Home is shown', () => home.show(slackId)),
      ];
    } finally {
      await box.end();
    }
  });
