/** What keeps somebody from any access at a target: they have no name there, or somebody else has the same. */

import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Policy } from '../../src/domain/policy.ts';
import { known, unknown } from '../../src/domain/terms.ts';
import type { Deps } from '../../src/lifecycle/deps.ts';
import { obstacleFor } from '../../src/lifecycle/request/obstacle.ts';
import { aPolicy, aResource, aRole } from '../support/domain.ts';
import { aPerson, type Flow, startFlow } from '../support/flow.ts';

const BEN = aPerson('U0BEN', 'Ben', 'ben@harbor.example');
let flow: Flow;
let deps: Deps;
/** Who had access before, by resource. */
let before: Map<string, { slackId: string; mailbox: string }[]>;
let asked: string[];
let isPlaceKnown: boolean;
beforeEach(() => {
  flow = startFlow(aPolicy(...['db', 'db-too', 'web'].map((id) => aResource(id, id, [aRole()]))));
  before = new Map();
  asked = [];
  isPlaceKnown = true;
  deps = {
    ...flow.deps,
    get policy() {
      return flow.policy;
    },
    targets: {
      ...flow.deps.targets,
      placeOf: (id) => (isPlaceKnown ? flow.deps.targets.placeOf(id) : null),
    },
    store: { ...flow.deps.store, peopleAt: async (id) => before.get(id) ?? [] },
    directory: {
      ...flow.deps.directory,
      everybody: async () => {
        asked.push('everybody');
        return flow.everybody ?? known([]);
      },
    },
  };
});
afterEach(() => flow.close());

const says = (more: Partial<Policy>) => {
  flow.policy = { ...flow.policy, ...more };
};
const names = (table: Record<string, Record<string, string>>) => says({ identities: new Map(Object.entries(table)) });
const obstacle = (resourceId = 'db', person = BEN) => obstacleFor(deps, resourceId, person);
const TWICE = 'two people never share an account';

describe('there is no obstacle', () => {
  test('if the target uses no account names', async () => {
    names({ U0BEN: {}, U0EVE: {} });
    before.set('db', [{ slackId: 'U0EVE', mailbox: 'ben@harbor.example' }]);
    expect(await obstacle()).toBeNull();
    expect(asked).toEqual([]);
  });

  test('if nobody else has the same name', async () => {
    flow.templates.set('db', '{email_name}');
    before.set('db', [{ slackId: 'U0EVE', mailbox: 'eve@harbor.example' }]);
    flow.everybody = known([BEN, aPerson('U0ANA', 'Ana', 'ana@harbor.example')]);
    expect(await obstacle()).toBeNull();
    expect(asked).toEqual(['everybody']);
  });

  test('if it is the same person by another account', async () => {
    flow.templates.set('db', '{login}');
    names({ U0BEN: { login: 'ben' }, U0BEN2: { login: 'Ben' } });
    expect(await obstacle()).toContain(TWICE);
    says({ samePerson: [['U0BEN2', 'U0BEN']] });
    expect(await obstacle()).toBeNull();
  });
});

describe('their account name is unknown', () => {
  test('says the target, before anything else', async () => {
    flow.obstacle = 'that account is the owner’s';
    expect(await obstacle()).toBe('that account is the owner’s');
  });

  test('if the table lacks it', async () => {
    flow.templates.set('db', '{login}');
    names({ U0EVE: { login: 'eve' } });
    expect(await obstacle()).toMatch(/it is not known what Ben is called there/);
  });

  test('if their address is at a domain that identifies nobody', async () => {
    flow.templates.set('db', '{email_name}');
    says({ emailDomains: ['agency.example'] });
    expect(await obstacle()).toMatch(/harbor\.example.*add a name for U0BEN under identities/);
    says({ emailDomains: ['harbor.example'] });
    expect(await obstacle()).toBeNull();
  });
});

describe('somebody else has the same name there', () => {
  test('by the table, and the obstacle names them', async () => {
    flow.templates.set('db', '{login}');
    names({ U0EVE: { login: 'BEN' }, U0BEN: { login: 'ben' } });
    expect(await obstacle()).toMatch(/^ben is what U0EVE is called there, too, /);
    expect(asked).toEqual([]);
  });

  test('by an address at Slack, and the obstacle names them', async () => {
    flow.templates.set('db', '{email_name}');
    flow.everybody = known([BEN, aPerson('U0BEN2', 'Ben Two', 'ben@agency.example')]);
    expect(await obstacle()).toMatch(/^ben is what Ben Two \(U0BEN2\) is called there, too, /);
  });

  test('by the table, while others are found at Slack', async () => {
    flow.templates.set('db', '{login}{email_name}');
    names({ U0EVE: { login: 'x' }, U0BEN: { login: 'x' } });
    flow.everybody = known([aPerson('U0EVE', 'Eve', 'ben@agency.example')]);
    expect(await obstacle()).toContain(TWICE);
  });

  test('by the ledger, because they had access there before', async () => {
    flow.templates.set('db', '{email_name}').set('web', '{email_name}');
    before.set('db', [{ slackId: 'U0GONE', mailbox: 'ben@agency.example' }]);
    expect(await obstacle()).toMatch(/^ben is what U0GONE is called there, too, /);
    expect(await obstacle('web')).toBeNull();
  });

  test('by a whole address that somebody had before them', async () => {
    flow.templates.set('db', '{email}');
    before.set('db', [{ slackId: 'U0GONE', mailbox: 'ben@harbor.example' }]);
    says({ samePerson: [] });
    // One mailbox is one human.
    expect(await obstacle()).toBeNull();
    before.set('db', [{ slackId: 'U0GONE', mailbox: 'ben@agency.example' }]);
    expect(await obstacle()).toBeNull();
  });

  test('at another resource with the same target, whatever template it has', async () => {
    flow.templates.set('db', '{email_name}').set('db-too', '{login}').set('web', '{login}');
    says({ emailDomains: ['harbor.example'] });
    names({ U0EVE: { login: 'ben' } });
    expect(await obstacle()).toMatch(/^ben is what U0EVE is called there, too, /);
    expect(await obstacle('db-too', aPerson('U0EVE', 'Eve', 'eve@harbor.example'))).toBeNull();
    before.set('db', [{ slackId: 'U0BEN', mailbox: 'ben@harbor.example' }]);
    expect(await obstacle('db-too', aPerson('U0EVE', 'Eve', 'eve@harbor.example'))).toMatch(/^ben is what U0BEN /);
  });

  test('but at a resource with another target', async () => {
    flow.templates.set('db', '{email_name}').set('web', '{login}');
    says({ emailDomains: ['harbor.example'] });
    names({ U0EVE: { login: 'ben' } });
    expect(await obstacle()).toBeNull();
  });

  test('but at another resource, if this one’s place is unknown', async () => {
    isPlaceKnown = false;
    flow.templates.set('db', '{login}').set('web', '{handle}');
    names({ U0BEN: { login: 'ben' }, U0EVE: { handle: 'ben' } });
    expect(await obstacle()).toBeNull();
    names({ U0BEN: { login: 'ben' }, U0EVE: { login: 'ben' } });
    expect(await obstacle()).toContain(TWICE);
  });
});

describe('somebody whose address does not determine their name', () => {
  test('is not taken for anybody else', async () => {
    flow.templates.set('db', '{email_name}');
    says({ emailDomains: ['harbor.example', 'port.example'] });
    flow.everybody = known([aPerson('U0BEN2', 'Ben Two', 'ben@agency.example')]);
    expect(await obstacle()).toBeNull();
    flow.everybody = known([aPerson('U0BEN2', 'Ben Two', 'ben@port.example')]);
    expect(await obstacle()).toContain(TWICE);
  });
});

describe('Slack', () => {
  test.each([
    ['no domain', []],
    ['two', ['harbor.example', 'port.example']],
  ])('is asked who else there is if the policy names %s', async (_which, emailDomains) => {
    flow.templates.set('db', '{email_name}');
    says({ emailDomains });
    flow.everybody = unknown('the members could not be read');
    expect(await obstacle()).toBe('the members could not be read');
  });

  test.each([
    ['names one domain', '{email_name}', ['harbor.example']],
    ['goes by whole addresses', '{email}', []],
  ])('is not asked if the policy %s', async (_which, template, emailDomains) => {
    flow.templates.set('db', template);
    says({ emailDomains });
    flow.everybody = unknown('the members could not be read');
    expect(await obstacle()).toBeNull();
    expect(asked).toEqual([]);
  });
});
