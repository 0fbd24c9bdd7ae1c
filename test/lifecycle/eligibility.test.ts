/** Who is among those whom a policy names, by account or by group, as far as Slack says. */

import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Principal } from '../../src/domain/policy.ts';
import { isRefused } from '../../src/domain/refusal.ts';
import type { PendingRequest } from '../../src/domain/request.ts';
import { HOUR, type Known, known, unknown } from '../../src/domain/terms.ts';
import type { Deps } from '../../src/lifecycle/deps.ts';
import { areAmong, checkAdmin, checkAuditor, reviewableBy } from '../../src/lifecycle/people/eligibility.ts';
import { aPolicy } from '../support/domain.ts';
import { aPerson, type Flow, startFlow } from '../support/flow.ts';
import { anAskDecision, aWaitingRequest } from '../support/requests.ts';

/** Groups, by id; one that is not listed cannot be read. */
const directoryOf = (groups: Readonly<Record<string, string[]>>) => {
  const asked: (readonly Principal[])[] = [];
  const members = async (ids: readonly Principal[]) => {
    asked.push(ids);
    return new Map<Principal, Known<ReadonlySet<string>>>(
      ids.map((id) => [id, groups[id] ? known(new Set(groups[id])) : unknown(`${id} cannot be read`)]),
    );
  };
  return { asked, members };
};
const among = async (groups: Readonly<Record<string, string[]>>, principals: string[], ids: string[]) => {
  const { members } = directoryOf(groups);
  const found = await areAmong({ ...flow.deps.directory, members }, principals, ids);
  return found.known ? [...found.value].sort() : found.problem;
};

let flow: Flow;
beforeEach(() => {
  flow = startFlow(aPolicy());
  for (const name of ['ANA', 'BEN', 'EVE']) flow.people.set(`U0${name}`, person(name));
});
afterEach(() => flow.close());
const person = (name: string) => aPerson(`U0${name}`, name, `${name.toLowerCase()}@harbor.example`);

describe('people among principals', () => {
  test('are found by account and by group', async () => {
    const groups = { S0A: ['U0BEN'], S0B: ['U0EVE', 'U0DEV'] };
    expect(await among(groups, ['U0ANA', 'S0A', 'S0B'], ['U0ANA', 'U0BEN', 'U0EVE', 'U0FRED'])).toEqual([
      'U0ANA',
      'U0BEN',
      'U0EVE',
    ]);
    expect(await among(groups, [], ['U0ANA'])).toEqual([]);
  });

  test('are found by account without asking Slack for groups', async () => {
    const { asked, members } = directoryOf({});
    const found = await areAmong({ ...flow.deps.directory, members }, ['S0LOST', 'U0ANA'], ['U0ANA']);
    expect(found).toEqual(known(new Set(['U0ANA'])));
    expect(asked).toEqual([]);
  });

  test('are found by one group although another cannot be read', async () => {
    expect(await among({ S0A: ['U0ANA'] }, ['S0LOST', 'S0A'], ['U0ANA'])).toEqual(['U0ANA']);
  });

  test('may be in a group that cannot be read', async () => {
    expect(await among({ S0A: ['U0ANA'] }, ['S0A', 'S0LOST'], ['U0ANA', 'U0BEN'])).toBe('S0LOST cannot be read');
  });

  test('are looked up only in groups, as for a decision', async () => {
    const asked: unknown[] = [];
    const members = async (...question: unknown[]) => {
      asked.push(question);
      return new Map();
    };
    await areAmong({ ...flow.deps.directory, members }, ['U0BEN', 'S0A'], ['U0ANA']);
    expect(asked).toEqual([[['S0A'], 'decision']]);
  });
});

describe.each([
  ['an administrator', 'not_an_admin', checkAdmin],
  ['an auditor', 'not_an_auditor', checkAuditor],
] as const)('%s', (_who, no, check) => {
  const outcome = async (id: string, deps: Deps = flow.deps) => {
    const result = await check(deps, id);
    return isRefused(result) ? result.refused : result.person.slackId;
  };
  beforeEach(() => {
    flow.policy = { ...flow.policy, admins: ['U0EVE', 'S0ADMINS'], auditors: check === checkAuditor ? ['U0BEN'] : [] };
    flow.groups.set('S0ADMINS', new Set(['U0ANA']));
  });

  test('is allowed by account or by group', async () => {
    expect(await outcome('U0EVE')).toBe('U0EVE');
    expect(await outcome('U0ANA')).toBe('U0ANA');
  });

  test('is not allowed to anybody else', async () => {
    flow.policy = { ...flow.policy, auditors: [] };
    expect(await outcome('U0BEN')).toEqual({ code: no });
  });

  test('is not allowed to somebody unknown at Slack, though the policy names them', async () => {
    flow.people.delete('U0EVE');
    expect(await outcome('U0EVE')).toEqual({ code: 'person_refused', problem: 'Slack does not know this person' });
  });

  test('is not allowed while the group cannot be read', async () => {
    const { members } = directoryOf({});
    const deps = { ...flow.deps, directory: { ...flow.deps.directory, members } };
    expect(await outcome('U0ANA', deps)).toEqual({ code: 'eligibility_unknown', problem: 'S0ADMINS cannot be read' });
  });
});

test('an auditor is no administrator, and an administrator is an auditor', async () => {
  flow.policy = { ...flow.policy, admins: ['U0EVE'], auditors: ['U0BEN'] };
  expect(await checkAdmin(flow.deps, 'U0BEN')).toEqual({ refused: { code: 'not_an_admin' } });
  expect(await checkAuditor(flow.deps, 'U0BEN')).toEqual({ person: person('BEN') });
  expect(await checkAuditor(flow.deps, 'U0EVE')).toEqual({ person: person('EVE') });
});

describe('requests that somebody may review', () => {
  const holds = (...requests: PendingRequest[]) =>
    flow.deps.store.commit({ requests: requests.map((value) => ({ value, version: 0 })) });
  const forReviewers = (id: string, ...reviewers: string[]) =>
    aWaitingRequest({ id, decision: anAskDecision({ stages: [{ reviewers, needed: 1 }] }), role: `db/${id}` });
  const seen = async (name: string, deps: Deps = flow.deps) =>
    (await reviewableBy(deps, person(name))).map(({ id }) => id).sort();
  const delegation = (from: string, to: string, until: number) =>
    flow.deps.store.commit({
      records: [
        {
          kind: 'delegation',
          key: `U0${from}`,
          value: { from: person(from), to: person(to), until },
          version: 0,
        },
      ],
    });

  test('are those that name them or a group of theirs in any stage', async () => {
    flow.groups.set('S0LEADS', new Set(['U0EVE']));
    const two = anAskDecision({
      stages: [
        { reviewers: ['U0BEN'], needed: 1 },
        { reviewers: ['U0DEV', 'U0EVE'], needed: 1 },
      ],
    });
    await holds(
      forReviewers('named', 'U0EVE'),
      forReviewers('grouped', 'S0LEADS'),
      forReviewers('others', 'U0BEN', 'S0OTHERS'),
      aWaitingRequest({ id: 'staged', role: 'db/staged', decision: two }),
    );
    expect(await seen('EVE')).toEqual(['grouped', 'named', 'staged']);
    expect(await seen('BEN')).toEqual(['others', 'staged']);
  });

  test('are the others if a group cannot be read', async () => {
    await holds(forReviewers('named', 'U0EVE'), forReviewers('grouped', 'S0LOST'));
    const { members } = directoryOf({});
    expect(await seen('EVE', { ...flow.deps, directory: { ...flow.deps.directory, members } })).toEqual(['named']);
  });

  test('take one preview lookup at Slack per group', async () => {
    const asked: unknown[] = [];
    const members = async (...question: unknown[]) => {
      asked.push(question);
      return new Map();
    };
    await holds(forReviewers('one', 'S0LEADS', 'U0BEN'), forReviewers('two', 'S0LEADS'));
    await seen('EVE', { ...flow.deps, directory: { ...flow.deps.directory, members } });
    expect(asked).toEqual([[['S0LEADS'], 'preview']]);
  });

  test('include those of absent reviewers, by account and group, until it ends', async () => {
    flow.groups.set('S0LEADS', new Set(['U0ANA']));
    const dev = aPerson('U0DEV', 'Dev', 'dev@harbor.example');
    await holds(
      { ...forReviewers('named', 'U0BEN'), requester: dev },
      { ...forReviewers('grouped', 'S0LEADS'), requester: dev },
      { ...forReviewers('others', 'U0FRED'), requester: dev },
    );
    await delegation('BEN', 'EVE', flow.clock.now() + HOUR);
    await delegation('ANA', 'EVE', flow.clock.now() + 2 * HOUR);
    await delegation('FRED', 'BEN', flow.clock.now() + HOUR);
    expect(await seen('EVE')).toEqual(['grouped', 'named']);
    flow.clock.advance(HOUR - 1);
    expect(await seen('EVE')).toEqual(['grouped', 'named']);
    flow.clock.advance(1);
    expect(await seen('EVE')).toEqual(['grouped']);
  });

  test('include those for which they were asked because nobody had decided', async () => {
    const asked = (id: string, ...to: string[]) => ({
      ...forReviewers(id, 'U0BEN'),
      escalations: [
        { step: 0, at: 0, to: ['U0FRED'] },
        { step: 1, at: 0, to },
      ],
    });
    await holds(asked('asked', 'U0DEV', 'U0EVE'), asked('other', 'U0DEV'));
    expect(await seen('EVE')).toEqual(['asked']);
  });

  test('include none of their own, by any account, and none that they have reviewed', async () => {
    const by = (slackId: string) => aPerson(slackId, slackId, `${slackId.toLowerCase()}@harbor.example`);
    const review = (slackId: string) => ({
      by: by(slackId),
      onBehalfOf: null,
      verdict: 'approve' as const,
      comment: '',
      at: 0,
    });
    await holds(
      { ...forReviewers('own', 'U0EVE'), requester: person('EVE') },
      { ...forReviewers('own-by-another', 'U0EVE'), requester: by('U0ADMIN') },
      { ...forReviewers('reviewed', 'U0EVE'), reviews: [review('U0BEN'), review('U0EVE')] },
      { ...forReviewers('reviewed-by-another', 'U0EVE'), reviews: [review('U0ADMIN')] },
      { ...forReviewers('left', 'U0EVE'), reviews: [review('U0BEN')] },
    );
    flow.policy = { ...flow.policy, samePerson: [['U0EVE', 'U0ADMIN']] };
    expect(await seen('EVE')).toEqual(['left']);
  });

  test('include none that only waits for its start', async () => {
    const { expiresAt: _until, escalations: _asked, ...waiting } = forReviewers('later', 'U0EVE');
    const value = { ...waiting, state: 'scheduled', startsAt: flow.clock.now() + HOUR } as const;
    await flow.deps.store.commit({ requests: [{ value, version: 0 }] });
    await holds(forReviewers('waiting', 'U0EVE'));
    expect(await seen('EVE')).toEqual(['waiting']);
  });
});
