/** A secret is made for whoever holds the access, while they hold it, and is on record before it exists. */

import { afterEach, beforeEach, expect, test } from 'vitest';
import { HOUR } from '../../src/domain/terms.ts';
import { issueCredential } from '../../src/lifecycle/grant/issueCredential.ts';
import type { Targets } from '../../src/ports/targets.ts';
import { aFlow, type Flow } from '../support/flowWorld.ts';

let flow: Flow;
const SECRET = { account: 'jit_ana', secret: 'correct horse', usage: 'psql' };
beforeEach(() => {
  flow = aFlow({
    roles: '      read: { grants: {}, duration: { max: 4h }, rules: [{ allow: { duration: { max: 4h } } }] }',
  });
  targets({ issuesCredentials: (id) => id === 'db', issueCredential: async () => SECRET });
});
afterEach(() => flow.close());

const targets = (more: Partial<Targets>) => Object.assign(flow.deps.targets, more);
const holds = async (who: string) => {
  await flow.asks(who, 'db/read', HOUR);
  await flow.work();
  return flow.held(who, 'db/read');
};
const issues = (grantId: string, personId = 'U0ANA') => issueCredential(flow.deps, { grantId, personId });
const issued = () => flow.events().filter(({ type }) => type === 'credential.issued');

test('the holder gets a secret, and the ledger says so first, without it', async () => {
  const { id, requestId } = await holds('U0ANA');
  const recorded: number[] = [];
  targets({
    issueCredential: async (grant) => {
      expect(grant.id).toBe(id);
      recorded.push(issued().length);
      return SECRET;
    },
  });
  expect(await issues(id)).toEqual(SECRET);
  expect(issued()).toMatchObject([{ actor: { kind: 'bot' }, requestId, grantId: id }]);
  expect(issued()[0]?.payload).toEqual({
    role: 'db/read',
    person: { slackId: 'U0ANA', name: 'Ana' },
    account: `jit_${id}`,
  });
  await issues(id);
  expect(recorded).toEqual([1, 2]);
});

test('nobody else gets one, whoever they are', async () => {
  const { id } = await holds('U0ANA');
  await holds('U0BEN');
  for (const who of ['U0BEN', 'U0EVE', 'Ana', ''])
    expect(await issues(id, who)).toEqual({ refused: { code: 'not_yours' } });
  expect(issued()).toEqual([]);
});

test('it is made up to the end of the access, and not after', async () => {
  const { id } = await holds('U0ANA');
  flow.clock.advance(HOUR - 1);
  expect(await issues(id)).toEqual(SECRET);
  flow.clock.advance(1);
  expect(await issues(id)).toEqual({ refused: { code: 'not_active' } });
  await flow.work();
  expect(await issues(id)).toEqual({ refused: { code: 'not_active' } });
  expect(issued()).toHaveLength(1);
});

test('it is not made before the access was given', async () => {
  const request = await flow.asks('U0ANA', 'db/read', HOUR);
  if (request.state !== 'approved') throw new Error('it is not approved');
  expect(await issues(request.grantId)).toEqual({ refused: { code: 'not_active' } });
});

test('for access that never existed there is none', async () => {
  expect(await issues('G-none')).toEqual({ refused: { code: 'unknown_grant' } });
});

test('there is none where the target makes none', async () => {
  const { id } = await holds('U0ANA');
  targets({ issuesCredentials: () => false });
  expect(await issues(id)).toEqual({ refused: { code: 'no_credential' } });
  expect(issued()).toEqual([]);
  targets({ issuesCredentials: () => true, issueCredential: async () => null });
  expect(await issues(id)).toEqual({ refused: { code: 'no_credential' } });
});

test('somebody who has left gets none', async () => {
  const { id } = await holds('U0ANA');
  flow.people.set('U0ANA', 'deactivated');
  expect(await issues(id)).toEqual({ refused: { code: 'person_refused', problem: 'deactivated' } });
  expect(issued()).toEqual([]);
});

test('if the end was committed in the same moment, none is made', async () => {
  const { id } = await holds('U0ANA');
  let made = 0;
  targets({
    issueCredential: async () => {
      made += 1;
      return SECRET;
    },
  });
  const { person } = flow.deps.directory;
  flow.deps.directory.person = async (slackId) => {
    const loaded = await flow.deps.store.grant(id);
    if (loaded) await flow.deps.store.commit({ grants: [{ value: loaded.value, version: loaded.version }] });
    return person(slackId);
  };
  await expect(issues(id)).rejects.toThrow();
  expect(made).toBe(0);
});

test('two at once are made one after the other', async () => {
  const { id } = await holds('U0ANA');
  expect(await Promise.all([issues(id), issues(id)])).toEqual([SECRET, SECRET]);
});
