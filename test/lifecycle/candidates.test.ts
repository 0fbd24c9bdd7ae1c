/** Who is behind the names and shifts of a policy: what cannot be looked up is told, and keeps nobody else out. */

import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Principal } from '../../src/domain/policy.ts';
import { type Known, known, unknown } from '../../src/domain/terms.ts';
import type { Deps } from '../../src/lifecycle/deps.ts';
import { type Candidates, peopleNamed, peopleOnCall } from '../../src/lifecycle/people/candidates.ts';
import type { AtLevel } from '../../src/ports/pagerDuty.ts';
import { aPolicy } from '../support/domain.ts';
import { aPerson, type Flow, startFlow } from '../support/flow.ts';

let flow: Flow;
let deps: Deps;
/** Accounts that Slack was asked about. */
let asked: string[];
const silent = new Set<string>();
const joins = (name: string) =>
  flow.people.set(`U0${name}`, aPerson(`U0${name}`, name, `${name.toLowerCase()}@harbor.example`));
const idsOf = ({ people, ...more }: Candidates) => ({ people: people.map(({ slackId }) => slackId), ...more });

beforeEach(() => {
  flow = startFlow(aPolicy());
  for (const name of ['ANA', 'BEN', 'CHLOE']) joins(name);
  silent.clear();
  asked = [];
  const { directory } = flow.deps;
  deps = {
    ...flow.deps,
    get policy() {
      return flow.policy;
    },
    directory: {
      ...directory,
      person: async (id) => {
        asked.push(id);
        return silent.has(id) ? unknown('Slack does not answer') : directory.person(id);
      },
      hasLeft: async (id) => (silent.has(id) ? unknown('Slack does not answer') : known('deactivated')),
      members: async (ids) =>
        new Map<Principal, Known<ReadonlySet<string>>>(
          ids.map((id) => [id, known0(flow.groups.get(id), `${id} cannot be read`)]),
        ),
    },
  };
});
afterEach(() => flow.close());
const known0 = <T>(value: T | undefined, problem: string): Known<T> =>
  value === undefined ? unknown(problem) : known(value);

describe('people named by principals', () => {
  test('are accounts and members of groups, each once', async () => {
    flow.groups.set('S0A', new Set(['U0BEN', 'U0CHLOE'])).set('S0B', new Set(['U0CHLOE']));
    expect(idsOf(await peopleNamed(deps, ['U0ANA', 'S0A', 'S0B', 'U0BEN']))).toEqual({
      people: ['U0ANA', 'U0BEN', 'U0CHLOE'],
      gone: [],
      unseen: [],
    });
    expect(asked).toHaveLength(3);
  });

  test('who have left are listed with the reason', async () => {
    expect(idsOf(await peopleNamed(deps, ['U0GONE', 'U0ANA']))).toEqual({
      people: ['U0ANA'],
      gone: [{ slackId: 'U0GONE', name: 'U0GONE', why: 'Slack does not know this person' }],
      unseen: [],
    });
  });

  test('about whom Slack says nothing are reported once, and not taken for gone', async () => {
    silent.add('U0ANA').add('U0BEN');
    expect(idsOf(await peopleNamed(deps, ['U0ANA', 'U0BEN', 'U0CHLOE']))).toEqual({
      people: ['U0CHLOE'],
      gone: [],
      unseen: ['Slack does not answer'],
    });
  });

  test('of a group that cannot be read are missing, and the others are found', async () => {
    flow.groups.set('S0A', new Set(['U0BEN']));
    expect(idsOf(await peopleNamed(deps, ['S0LOST', 'S0A', 'S0GONE']))).toEqual({
      people: ['U0BEN'],
      gone: [],
      unseen: ['S0LOST cannot be read', 'S0GONE cannot be read'],
    });
  });

  test('are looked up until there are enough, not counting those who have left', async () => {
    const found = await peopleNamed(deps, ['U0GONE', 'U0ANA', 'U0BEN', 'U0CHLOE'], 2);
    expect(idsOf(found).people).toEqual(['U0ANA', 'U0BEN']);
    expect(asked).toEqual(['U0GONE', 'U0ANA', 'U0BEN']);
  });

  test('are looked up twenty at most', async () => {
    const names = Array.from({ length: 21 }, (_, index) => `N${index}`);
    for (const name of names) joins(name);
    flow.groups.set('S0A', new Set(names.map((name) => `U0${name}`)));
    expect((await peopleNamed(deps, ['S0A'])).people).toHaveLength(20);
    expect((await peopleNamed(deps, ['S0A'], 30)).people).toHaveLength(20);
  });

  test('are looked up as for a decision', async () => {
    const questions: unknown[] = [];
    const members = async (...question: unknown[]) => {
      questions.push(question);
      return new Map();
    };
    await peopleNamed({ ...deps, directory: { ...deps.directory, members } }, ['U0ANA', 'S0A']);
    expect(questions).toEqual([[['S0A'], 'decision']]);
  });
});

describe('people on call', () => {
  const at = (answer: Known<AtLevel>) =>
    peopleOnCall(
      {
        ...deps,
        onCall: {
          ...deps.onCall,
          onCallFor: async (policy, level) => (policy === 'PPAY' && level === 2 ? answer : unknown('not asked')),
        },
        get policy() {
          return flow.policy;
        },
      },
      'PPAY',
      2,
    );
  const onCall = (...addresses: string[]) => known({ addresses, unread: null });
  const calls = (identities: Readonly<Record<string, string>>, ...samePerson: string[][]) => {
    flow.policy = {
      ...flow.policy,
      samePerson,
      identities: new Map(Object.entries(identities).map(([id, pagerduty]) => [id, { pagerduty }])),
    };
  };

  test('are the Slack users with that address', async () => {
    expect(idsOf(await at(onCall('ben@harbor.example', 'ana@harbor.example')))).toEqual({
      people: ['U0BEN', 'U0ANA'],
      gone: [],
      unseen: [],
    });
    expect(flow.log.lines).toEqual([]);
  });

  test('are those whom the policy names for that address, by each of their accounts', async () => {
    calls({ U0ANA: 'Pager@harbor.example', U0BEN: 'pager@harbor.example' }, ['U0ANA', 'U0BEN']);
    expect(idsOf(await at(onCall('pager@harbor.example'))).people).toEqual(['U0ANA', 'U0BEN']);
  });

  test('are not the Slack user with the address if the policy gives them another', async () => {
    calls({ U0ANA: 'pager@harbor.example' });
    expect(idsOf(await at(onCall('ana@harbor.example', 'ben@harbor.example')))).toEqual({
      people: ['U0BEN'],
      gone: [],
      unseen: [expect.stringContaining('ana@harbor.example is on call, and whoever has that address at Slack')],
    });
  });

  test('are reported missing if nobody has the address', async () => {
    const nobody = 'nobody@harbor.example is on call and was not found: Slack does not know this person';
    expect(idsOf(await at(onCall('nobody@harbor.example', 'ana@harbor.example')))).toEqual({
      people: ['U0ANA'],
      gone: [],
      unseen: [nobody],
    });
    expect(flow.log.lines).toMatchObject([
      { level: 'warn', facts: { escalationPolicy: 'PPAY', level: 2, problems: [nobody] } },
    ]);
  });

  test('are reported missing once, if the one whom the policy names is not at Slack', async () => {
    calls({ U0GONE: 'pager@harbor.example', U0LEFT: 'other@harbor.example' });
    expect(idsOf(await at(onCall('pager@harbor.example', 'other@harbor.example'))).unseen).toEqual([
      'Slack does not know this person',
    ]);
  });

  test('may be more if PagerDuty did not list all', async () => {
    const answer = known({ addresses: ['ana@harbor.example'], unread: 'one user could not be read' });
    expect(idsOf(await at(answer))).toEqual({ people: ['U0ANA'], gone: [], unseen: ['one user could not be read'] });
  });

  test('are unknown if PagerDuty does not answer, and the log says so', async () => {
    expect(idsOf(await at(unknown('PagerDuty did not answer')))).toEqual({
      people: [],
      gone: [],
      unseen: ['who is on call could not be looked up: PagerDuty did not answer'],
    });
    expect(flow.log.lines).toMatchObject([
      { level: 'warn', facts: { escalationPolicy: 'PPAY', level: 2, problem: 'PagerDuty did not answer' } },
    ]);
  });
});
