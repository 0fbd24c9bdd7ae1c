/** Who is one human, as the policy, Slack and the ledger say together. */

import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Human } from '../../src/domain/person.ts';
import { HOUR, known, unknown } from '../../src/domain/terms.ts';
import type { Deps } from '../../src/lifecycle/deps.ts';
import {
  commitForHuman,
  countHumans,
  humanBehind,
  humanSince,
  isTheirAccount,
} from '../../src/lifecycle/people/humans.ts';
import { type Change, ConflictError } from '../../src/ports/store.ts';
import { aGrantOnItsWay, aPolicy } from '../support/domain.ts';
import { aPerson, type Flow, startFlow } from '../support/flow.ts';
import { anApprovedRequest, aWaitingRequest } from '../support/requests.ts';

let flow: Flow;
const joins = (slackId: string, email: string) => {
  const person = aPerson(slackId, slackId, email);
  flow.people.set(slackId, person);
  return person;
};
const together = (...lists: string[][]) => {
  flow.policy = { ...flow.policy, samePerson: lists };
};
beforeEach(() => {
  flow = startFlow(aPolicy());
});
afterEach(() => flow.close());

/** Accounts of which Slack does not say whether they are still there. */
const withSilence = (...ids: string[]): Deps => ({
  ...flow.deps,
  directory: {
    ...flow.deps.directory,
    person: async (id) => (ids.includes(id) ? unknown('no answer') : flow.deps.directory.person(id)),
    hasLeft: async (id) => (ids.includes(id) ? unknown('no answer') : known('the account was deactivated')),
  },
});

describe('the human behind an account', () => {
  test('has every account listed with it, and the mailboxes they have now', async () => {
    const ana = joins('U0ANA', 'ana+x@harbor.example');
    joins('U0ADMIN', 'root@harbor.example');
    joins('U0BEN', 'ben@harbor.example');
    together(['U0ADMIN', 'U0ANA']);
    const human = await humanBehind(flow.deps, ana);
    expect([...human.accounts].sort()).toEqual(['U0ADMIN', 'U0ANA']);
    expect([...human.mailboxes].sort()).toEqual(['ana@harbor.example', 'root@harbor.example']);
    expect(human).not.toHaveProperty('unseen');
  });

  test('is known without Slack if nothing else is listed', async () => {
    const asked: string[] = [];
    const note = async (id: string) => {
      asked.push(id);
      return unknown('no answer');
    };
    const sources = { policy: flow.policy, directory: { person: note, hasLeft: note } };
    expect(await humanBehind(sources, aPerson('U0ANA', 'Ana', 'ana@harbor.example'))).toEqual({
      accounts: ['U0ANA'],
      mailboxes: ['ana@harbor.example'],
    });
    expect(asked).toEqual([]);
  });

  test('of two known accounts has both, without asking Slack about either', async () => {
    const both = [aPerson('U0ANA', 'Ana', 'ana@harbor.example'), aPerson('U0ADMIN', 'Ana', 'root@harbor.example')];
    together(['U0ADMIN', 'U0ANA']);
    expect(await humanBehind(withSilence('U0ANA', 'U0ADMIN'), ...both)).toEqual({
      accounts: ['U0ANA', 'U0ADMIN'],
      mailboxes: ['ana@harbor.example', 'root@harbor.example'],
    });
  });

  test('with another active account is complete, without asking who has left', async () => {
    joins('U0ADMIN', 'root@harbor.example');
    together(['U0ANA', 'U0ADMIN']);
    const deps = withSilence();
    const directory = { ...deps.directory, hasLeft: async () => unknown('no answer') };
    const human = await humanBehind({ ...deps, directory }, joins('U0ANA', 'ana@harbor.example'));
    expect(human).not.toHaveProperty('unseen');
  });

  test('whose other account has left is complete', async () => {
    together(['U0ANA', 'U0GONE']);
    const human = await humanBehind(withSilence(), joins('U0ANA', 'ana@harbor.example'));
    expect(human).toEqual({ accounts: ['U0ANA', 'U0GONE'], mailboxes: ['ana@harbor.example'] });
  });

  test.each([
    ['the first', ['U0ADMIN']],
    ['the second', ['U0OTHER']],
  ])('with other accounts that Slack is silent on (%s) is not, naming the account', async (_which, silent) => {
    joins('U0ADMIN', 'root@harbor.example');
    joins('U0OTHER', 'other@harbor.example');
    together(['U0ANA', 'U0GONE', 'U0ADMIN', 'U0OTHER']);
    const human = await humanBehind(withSilence(...silent), joins('U0ANA', 'ana@harbor.example'));
    expect(human.unseen).toBe(`another account of the same person, ${silent[0]}, could not be looked up`);
    expect(human.accounts).toContain(silent[0]);
  });
});

describe('somebody then and now', () => {
  test('has both mailboxes', async () => {
    const then = aPerson('U0ANA', 'Ana', 'ana@harbor.example');
    joins('U0ANA', 'ana.k@harbor.example');
    expect(await humanSince(flow.deps, then)).toEqual({
      accounts: ['U0ANA'],
      mailboxes: ['ana@harbor.example', 'ana.k@harbor.example'],
    });
  });

  test('who has left Slack has the mailbox that they had', async () => {
    const then = aPerson('U0ANA', 'Ana', 'ana@harbor.example');
    expect(await humanSince(flow.deps, then)).toEqual({ accounts: ['U0ANA'], mailboxes: ['ana@harbor.example'] });
  });
});

describe('an account is somebody’s own', () => {
  const ANA = aPerson('U0ANA', 'Ana', 'ana@harbor.example');
  /** What the ledger has seen, by mailbox. */
  const seen = (accounts: Readonly<Record<string, string[]>>) => ({
    policy: flow.policy,
    store: {
      ...flow.deps.store,
      accountsOf: async ({ mailboxes }: Human) => mailboxes.flatMap((mailbox) => accounts[mailbox] ?? []),
    },
  });

  test('if it is the one that they used', async () => {
    expect(await isTheirAccount(seen({}), ANA, 'U0ANA')).toBe(true);
  });

  test('if the policy lists both together', async () => {
    together(['U0ANA', 'U0ADMIN']);
    expect(await isTheirAccount(seen({}), ANA, 'U0ADMIN')).toBe(true);
  });

  test('if the ledger has seen it with their mailbox', async () => {
    const sources = seen({ 'ana@harbor.example': ['U0ANA', 'U0OLD'] });
    expect(await isTheirAccount(sources, ANA, 'U0OLD')).toBe(true);
    expect(await isTheirAccount(sources, ANA, 'U0BEN')).toBe(false);
  });
});

describe('the number of humans', () => {
  test('is counted by mailbox and by the policy’s lists', async () => {
    together(['U0BEN', 'U0ADMIN']);
    const everybody = [
      joins('U0ANA', 'ana@harbor.example'),
      joins('U0ANA2', 'ana+2@harbor.example'),
      joins('U0BEN', 'ben@harbor.example'),
      joins('U0ADMIN', 'root@harbor.example'),
      joins('U0EVE', 'eve@harbor.example'),
    ];
    expect(await countHumans(flow.deps, everybody)).toBe(3);
    expect(await countHumans(flow.deps, [])).toBe(0);
  });

  test('considers the mailbox of a listed account that is not among them', async () => {
    together(['U0BEN', 'U0ADMIN']);
    joins('U0ADMIN', 'root@harbor.example');
    const both = [joins('U0BEN', 'ben@harbor.example'), joins('U0EVE', 'root+eve@harbor.example')];
    expect(await countHumans(flow.deps, both)).toBe(1);
  });
});

describe('a commit that begins access for one human', () => {
  const HUMAN: Human = { accounts: ['U0B', 'U0ANA'], mailboxes: ['ana@harbor.example', 'Z@harbor.example'] };
  const by = (slackId: string) => ({ ...aWaitingRequest().requester, slackId });
  const first = aGrantOnItsWay({ person: by('U0B') });
  const other = aGrantOnItsWay({ id: 'G2', requestId: 'R2', person: by('U0ANA') });
  const commit = (change: Change) => commitForHuman(flow.deps, HUMAN, change);
  const expectConflict = async (change: Change) => await expect(commit(change)).rejects.toThrow(ConflictError);
  const approve = () =>
    commit({
      requests: [
        { value: anApprovedRequest({ requester: by('U0B') }), version: 0 },
        { value: anApprovedRequest({ id: 'R2', grantId: 'G2', requester: by('U0ANA') }), version: 0 },
      ],
    });

  test('locks every account and mailbox of theirs, always in the same order', async () => {
    const locked: string[] = [];
    let free = true;
    const deps: Deps = {
      ...flow.deps,
      humanLock: async (key, work) => {
        expect(free).toBe(true);
        locked.push(key);
        return work();
      },
      store: {
        ...flow.deps.store,
        commit: async () => {
          free = false;
          return [];
        },
      },
    };
    await commitForHuman(deps, HUMAN, {});
    expect(free).toBe(false);
    expect(locked).toEqual(['U0ANA', 'U0B', 'Z@harbor.example', 'ana@harbor.example']);
  });

  test('fails for a second one by another account', async () => {
    await approve();
    await commit({ grants: [{ value: first, version: 0 }] });
    await expectConflict({ grants: [{ value: other, version: 0 }] });
    expect(await flow.deps.store.liveGrants({})).toHaveLength(1);
    // Another role is another thing.
    await commit({ grants: [{ value: { ...other, role: 'db/write' }, version: 0 }] });
    expect(await flow.deps.store.liveGrants({})).toHaveLength(2);
  });

  test('succeeds for a change by the same account', async () => {
    await approve();
    await commit({ grants: [{ value: first, version: 0 }] });
    const later = { ...first, endsAt: first.endsAt + HOUR };
    await commit({ grants: [{ value: later, version: 1 }] });
    expect((await flow.deps.store.grant(first.id))?.value.endsAt).toBe(later.endsAt);
  });

  test('is for one request by any account, which may be decided meanwhile', async () => {
    const request = aWaitingRequest({ requester: by('U0B') });
    const second = aWaitingRequest({ id: 'R2', requester: by('U0ANA') });
    await commit({ requests: [{ value: request, version: 0 }] });
    await expectConflict({ requests: [{ value: second, version: 0 }] });
    expect(await flow.deps.store.openRequests({})).toHaveLength(1);
    await commit({ requests: [{ value: { ...request, reason: 'badly needed' }, version: 1 }] });
    // What is approved without a reviewer waits for nobody.
    await commit({ requests: [{ value: anApprovedRequest({ id: 'R3', requester: by('U0ANA') }), version: 0 }] });
    expect((await flow.deps.store.request('R3'))?.value.state).toBe('approved');
  });
});
