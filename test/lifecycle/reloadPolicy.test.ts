/** A policy file comes into force in one go, by an administrator who saw what it changes, or at a start. */

import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Policy } from '../../src/domain/policy.ts';
import type { Deps } from '../../src/lifecycle/deps.ts';
import type { Stranded } from '../../src/lifecycle/grant/strandedAccess.ts';
import { changesSince, keepPolicyText, previewReload, reloadPolicy } from '../../src/lifecycle/reloadPolicy.ts';
import type { PolicyReading } from '../../src/ports/policy.ts';
import { aGrantOnItsWay, aPolicy, aResource, aRole } from '../support/domain.ts';
import { aPerson, type Flow, startFlow } from '../support/flow.ts';
import { anApprovedRequest } from '../support/requests.ts';

const roleOf = (id: string) => aRole({ id, name: id });
const policyOf = (hash: string, ...roles: string[]): Policy => ({
  ...aPolicy(aResource('db', 'Database', roles.map(roleOf)), aResource('web', 'Site', [roleOf('deploy')])),
  hash,
  source: `text of ${hash}`,
  admins: ['U0EVE'],
});

let flow: Flow;
let deps: Deps;
let file: PolicyReading;
/** Where the policy in the file reaches. */
let places: Set<string>;
beforeEach(() => {
  flow = startFlow(policyOf('old', 'read'));
  flow.people.set('U0EVE', aPerson('U0EVE', 'Eve', 'eve@harbor.example'));
  flow.people.set('U0ANA', aPerson('U0ANA', 'Ana', 'ana@harbor.example'));
  file = { policy: policyOf('new', 'read', 'write') };
  places = new Set(['db']);
  deps = {
    ...flow.deps,
    get policy() {
      return flow.policy;
    },
    policyFile: { ...flow.deps.policyFile, read: async () => file },
    targets: { ...flow.deps.targets, placesOf: () => places },
  };
});
afterEach(() => flow.close());

const somethingLive = () =>
  deps.store.commit({
    requests: [{ value: anApprovedRequest(), version: 0 }],
    grants: [{ value: aGrantOnItsWay(), version: 0 }],
  });
const STRANDED: Stranded = {
  grantId: 'G1',
  requestId: 'R1',
  role: 'db/read',
  person: { slackId: 'U0ANA', name: 'Ana' },
  place: 'db',
};
/** What is new, and that all of it is told. */
const ADDED = [expect.stringContaining('db/write is new'), ...Array(8).fill(expect.stringMatching(/^db\/write: /))];
const by = (hash: string, wasShown: (stranded: readonly Stranded[]) => boolean = () => false, personId = 'U0EVE') =>
  reloadPolicy(deps, { personId, hash, wasShown });
const isInForce = (hash: string) => expect(flow.policy.hash).toBe(hash);
const untouched = () => {
  isInForce('old');
  expect(flow.events()).toEqual([]);
};

test('the same text puts new secrets in use, and records nothing', async () => {
  const again = policyOf('old', 'read');
  file = { policy: again };
  expect(await reloadPolicy(deps, null)).toEqual({ outcome: 'same' });
  expect(flow.policy).toBe(again);
  expect(flow.events()).toEqual([]);
});

test('the same text with another address in a variable strands nothing', async () => {
  await somethingLive();
  const before = flow.policy;
  const again = policyOf('old', 'read');
  file = { policy: again };
  Object.assign(deps.targets, { placesOf: (policy: Policy) => new Set([policy === again ? 'elsewhere' : 'db']) });
  expect(await reloadPolicy(deps, null)).toMatchObject({ outcome: 'changed', changes: [], stranded: [STRANDED] });
  expect(flow.policy).toBe(before);
});

describe('a preview', () => {
  test('says what would change, and changes nothing', async () => {
    expect(await previewReload(deps, 'U0EVE')).toEqual({
      outcome: 'changed',
      hash: 'new',
      changes: ADDED,
      stranded: [],
    });
    untouched();
  });

  test('says what would be stranded', async () => {
    await somethingLive();
    places = new Set(['elsewhere']);
    expect(await previewReload(deps, 'U0EVE')).toMatchObject({ outcome: 'changed', stranded: [STRANDED] });
  });

  test.each([
    ['a file that cannot be read', { problem: 'line 3: what' }, { outcome: 'unreadable', problem: 'line 3: what' }],
    ['the file in force', { policy: policyOf('old', 'read') }, { outcome: 'same' }],
  ])('of %s says so', async (_which, read, outcome) => {
    file = read;
    expect(await previewReload(deps, 'U0EVE')).toEqual(outcome);
    expect(await by('old')).toEqual(outcome);
    expect(await reloadPolicy(deps, null)).toEqual(outcome);
    untouched();
  });

  test('is for administrators, as is putting it in force', async () => {
    const refused = { refused: { code: 'not_an_admin' } };
    expect(await previewReload(deps, 'U0ANA')).toEqual(refused);
    expect(await by('new', () => true, 'U0ANA')).toEqual(refused);
    untouched();
  });
});

describe('put in force', () => {
  test('by an administrator, it is recorded as theirs, with what it changes', async () => {
    expect(await by('new')).toEqual({ outcome: 'in_force', hash: 'new', changes: ADDED });
    isInForce('new');
    expect(flow.events()).toMatchObject([
      {
        type: 'policy.loaded',
        actor: { kind: 'person', id: 'U0EVE' },
        requestId: null,
        grantId: null,
        payload: { hash: 'new', resources: 2, roles: 3, changes: ADDED },
      },
    ]);
    expect(await deps.store.record('policy_text', 'new')).toMatchObject({ value: { text: 'text of new' } });
  });

  test('by the operator of the process, it is recorded as the bot’s', async () => {
    expect(await reloadPolicy(deps, null)).toMatchObject({ outcome: 'in_force', hash: 'new' });
    isInForce('new');
    expect(flow.events()).toMatchObject([{ type: 'policy.loaded', actor: { kind: 'bot' } }]);
  });

  test('is recorded before it takes effect', async () => {
    const order: string[] = [];
    const noting: Deps = {
      ...deps,
      store: {
        ...deps.store,
        commit: async (change) => {
          const done = await deps.store.commit(change);
          order.push('recorded');
          return done;
        },
      },
      policyFile: { read: async () => file, use: async () => void order.push('in force') },
      policy: flow.policy,
    };
    await reloadPolicy(noting, null);
    expect(order).toEqual(['recorded', 'in force']);
  });

  test('never replaces a newer file by an older one, however long each takes to read', async () => {
    const older = Promise.withResolvers<PolicyReading>();
    const reads = [older.promise, Promise.resolve({ policy: policyOf('newer', 'read') })];
    deps.policyFile.read = async () => reads.shift() ?? { problem: 'read once too often' };
    const both = [reloadPolicy(deps, null), reloadPolicy(deps, null)];
    await new Promise((resolve) => setImmediate(resolve));
    older.resolve(file);
    await Promise.all(both);
    isInForce('newer');
  });

  test('is refused if the file was saved again since it was shown', async () => {
    expect(await by('other', () => true)).toMatchObject({ outcome: 'changed', hash: 'new', changes: ADDED });
    untouched();
  });
});

describe('a file that strands live access', () => {
  beforeEach(async () => {
    await somethingLive();
    places = new Set();
  });

  test('does not come into force by itself', async () => {
    expect(await reloadPolicy(deps, null)).toMatchObject({ outcome: 'changed', hash: 'new', stranded: [STRANDED] });
    untouched();
  });

  test('does not by an administrator who was not shown the list', async () => {
    expect(await by('new')).toMatchObject({ outcome: 'changed', stranded: [STRANDED] });
    untouched();
  });

  test('does by one who was, and the event says what is stranded', async () => {
    let shown: readonly Stranded[] = [];
    const changes = [...ADDED, expect.stringMatching(/live access of Ana to db\/read/)];
    const reloaded = await by('new', (stranded) => {
      shown = stranded;
      return true;
    });
    expect(reloaded).toEqual({ outcome: 'in_force', hash: 'new', changes });
    expect(shown).toEqual([STRANDED]);
    expect(flow.events()).toMatchObject([{ payload: { changes } }]);
    isInForce('new');
  });
});

describe('the text of a policy', () => {
  test('is stored once', async () => {
    const kept = await keepPolicyText(deps.store, policyOf('one'));
    expect(kept).toEqual([{ kind: 'policy_text', key: 'one', value: { text: 'text of one' }, version: 0 }]);
    await deps.store.commit({ records: kept });
    expect(await keepPolicyText(deps.store, policyOf('one'))).toEqual([]);
    expect(await keepPolicyText(deps.store, policyOf('two'))).toHaveLength(1);
  });

  const CANNOT = 'another policy than before, and what it changes cannot be told: ';
  const since = async (before: string | null, read: Parameters<typeof changesSince>[2]['read']) =>
    changesSince(deps.store, policyOf('new', 'read', 'write'), { before, read });
  const reads = (policy: Policy) => () => ({ policy });
  beforeEach(async () => {
    await deps.store.commit({ records: await keepPolicyText(deps.store, policyOf('old', 'read')) });
  });

  test('shows at a start what has changed since', async () => {
    const read: string[] = [];
    const changes = await since('old', (text) => {
      read.push(text);
      return { policy: policyOf('old', 'read') };
    });
    expect(changes).toEqual(ADDED);
    expect(read).toEqual(['text of old']);
  });

  test.each([
    ['at the first start', null],
    ['at a start with the same', 'new'],
  ])('shows nothing %s', async (_when, before) => {
    expect(await since(before, reads(policyOf('old')))).toEqual([]);
  });

  test('that was not stored, was changed or is unreadable says why nothing is known', async () => {
    expect(await since('older', reads(policyOf('older')))).toEqual([`${CANNOT}its text was not kept`]);
    expect(await since('old', reads(policyOf('forged')))).toEqual([`${CANNOT}its text was changed`]);
    expect(await since('old', () => ({ problem: 'no variable X' }))).toEqual([`${CANNOT}no variable X`]);
    const [long = ''] = await since('old', () => ({ problem: 'x'.repeat(600) }));
    expect(long.length).toBeLessThanOrEqual(CANNOT.length + 500);
  });
});
