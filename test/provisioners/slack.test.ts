/** Slack's own client against its calls about user groups. */

import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { slack } from '../../src/provisioners/slackGroups/provisioner.ts';
import { type SlackGroups, startSlackGroups } from '../support/slackGroups.ts';
import type { Changes, Way } from './changes.ts';
import {
  accessOf,
  describeContract,
  type Harness,
  inAnHour,
  newGrantId,
  useForTests,
  writtenEarlier,
} from './contract.ts';

const use = useForTests({ polling: { every: 5, until: 100 } });
const role = { groups: ['S0PAY'] };
const KEEPER = 'U0KEEPER';
let workspace: SlackGroups;
let harness: Harness;
let id: string;

const connect = (keeper: string | undefined) =>
  slack.connect(slack.targetSchema.parse({ kind: 'slack', token: 'xoxb-groups', api_url: workspace.url, keeper }), use);
const group = () => {
  const found = workspace.groups.get('S0PAY');
  if (!found) throw new Error('the group is gone');
  return found;
};
const members = () => (group().date_delete ? [] : group().users);
const fresh = () => {
  workspace.groups.set('S0PAY', { users: [KEEPER], date_delete: 1, handle: 'pay' });
};

const othersIn = () => group().users.filter((user) => user !== 'U0BEN' && user !== KEEPER);
const way = (how: string, act: () => void, undo: () => void): Way => ({
  how,
  act: () => {
    act();
    return { undo, others: othersIn };
  },
});
const lying = (method: string, answer: object): Way =>
  way(
    `${method} is answered with ${JSON.stringify(answer)}`,
    () => {
      workspace.lie = (asked) => (asked === method ? answer : undefined);
    },
    () => {
      workspace.lie = () => undefined;
    },
  );

const changes: Changes = {
  renamePerson:
    'people are known by the id that Slack gave them, in the policy file as well; what they are called is never asked',
  renameContainer: [
    {
      how: 'the handle, which another group takes that the person is in too',
      act: () => {
        group().handle = 'was-pay';
        workspace.groups.set('S0NEW', { users: ['U0BEN'], date_delete: 0, handle: 'pay' });
        return {
          undo: () => void workspace.groups.delete('S0NEW'),
          others: () => [...(workspace.groups.get('S0NEW')?.users ?? [])],
        };
      },
    },
  ],
  moveTarget: [
    way(
      'the token is one of another workspace, which has a group of the same id',
      () => {
        workspace.team = 'T0OTHER';
      },
      () => {
        workspace.team = 'T0HARBOR';
      },
    ),
  ],
  blind: [
    way(
      'the token loses its right to read',
      () => {
        workspace.scopes = 'usergroups:write';
      },
      () => {
        workspace.scopes = 'usergroups:read,usergroups:write';
      },
    ),
    way(
      'the token loses its right to write',
      () => {
        workspace.scopes = 'usergroups:read';
      },
      () => {
        workspace.scopes = 'usergroups:read,usergroups:write';
      },
    ),
    lying('usergroups.list', { ok: true, usergroups: [] }),
    lying('usergroups.list', { ok: true }),
    lying('usergroups.users.update', { ok: false, error: 'permission_denied' }),
    ...[
      { ok: true },
      { ok: true, users: null },
      { ok: true, users: 'none' },
      { ok: true, users: [{ id: 'U0BEN' }] },
      { ok: true, users: {} },
      { ok: false, error: 'ratelimited' },
    ].map((answer) => lying('usergroups.users.list', answer)),
  ],
};

beforeAll(async () => {
  workspace = await startSlackGroups('xoxb-groups');
  harness = {
    connection: connect(KEEPER),
    role,
    reallyHas: async () => members().includes('U0BEN'),
    breakTarget: () => {
      workspace.down = true;
    },
    mendTarget: () => {
      workspace.down = false;
    },
    changes,
    wire: workspace.wire,
  };
});
afterAll(async () => {
  await harness.connection.close();
  await workspace.close();
  use.close();
});
beforeEach(() => {
  id = newGrantId();
  fresh();
});

describeContract('slack', () => harness);

const person = (slackId: string) => ({
  ...accessOf(role, newGrantId()),
  person: { slackId, name: slackId, email: `${slackId}@harbor.example` },
});

describe('a group that is turned off', () => {
  test('when the last one leaves, the keeper stays, and the group is turned off', async () => {
    await harness.connection.grant(accessOf(role, id), inAnHour());
    expect(members()).toEqual(['U0BEN']);
    await harness.connection.revoke(accessOf(role, id));
    expect(group()).toMatchObject({ users: [KEEPER], date_delete: 1 });
  });

  test('K3.6 somebody leaves its list too, so that enabling it brings nobody back', async () => {
    group().users = ['U0ANA'];
    group().date_delete = 0;
    await harness.connection.grant(accessOf(role, id), inAnHour());
    group().date_delete = 1;
    expect(await harness.connection.isActive(accessOf(role, id))).toBe(true);
    await harness.connection.revoke(accessOf(role, id));
    group().date_delete = 0;
    expect(members()).toEqual(['U0ANA']);
  });

  test('K3.6 if Slack refuses the list, nothing counts as ended, and it stays off', async () => {
    group().users = ['U0ANA'];
    group().date_delete = 0;
    await harness.connection.grant(accessOf(role, id), inAnHour());
    group().date_delete = 1;
    workspace.takesListsWhileOff = false;
    await expect(harness.connection.revoke(accessOf(role, id))).rejects.toThrow('permission_denied');
    expect(group()).toMatchObject({ users: ['U0ANA', 'U0BEN'], date_delete: 1 });
    expect(await harness.connection.isActive(accessOf(role, id))).toBe(true);
    // Somebody turns it on: now it can be done.
    group().date_delete = 0;
    await harness.connection.revoke(accessOf(role, id));
    workspace.takesListsWhileOff = true;
    expect(members()).toEqual(['U0ANA']);
  });

  test('K3.8 access that an earlier version gave ends while the group is off', async () => {
    await writtenEarlier(use, {
      grantId: id,
      place: `slack ${workspace.url} S0PAY`,
      account: 'U0BEN',
      level: 'member',
    });
    Object.assign(group(), { users: ['U0ANA', 'U0BEN'], date_delete: 1 });
    await harness.connection.stamp?.(accessOf(role, id));
    await harness.connection.revoke(accessOf(role, id));
    expect(group().users).toEqual(['U0ANA']);
  });

  test('K3.6 whoever an earlier end left on its list was not there before', async () => {
    group().users = ['U0BEN'];
    await harness.connection.grant(accessOf(role, id), inAnHour());
    expect(members()).toEqual(['U0BEN']);
    group().date_delete = 1;
    await harness.connection.revoke(accessOf(role, id));
    expect(group().users).toEqual([KEEPER]);
  });

  test('is not turned on before its list is right', async () => {
    group().users = ['U0EVE'];
    workspace.takesListsWhileOff = false;
    await expect(harness.connection.grant(accessOf(role, id), inAnHour())).rejects.toThrow('permission_denied');
    workspace.takesListsWhileOff = true;
    expect(group()).toMatchObject({ users: ['U0EVE'], date_delete: 1 });
    await harness.connection.revoke(accessOf(role, id));
  });

  test('gives nobody anything, whoever is on its list', async () => {
    group().users = ['U0ANA', KEEPER];
    expect(await harness.connection.list?.([{ roleKey: 'payments-db/read', role }])).toEqual([]);
  });

  test('brings nobody back when somebody is added', async () => {
    group().users = ['U0BEN', 'U0EVE'];
    const ana = person('U0ANA');
    await harness.connection.grant(ana, inAnHour());
    expect(members()).toEqual(['U0ANA']);
    await harness.connection.revoke(ana);
  });
});

describe('without a keeper', () => {
  test('K3.6 nobody is let into an empty group: the end would be refused', async () => {
    await expect(connect(undefined).grant(accessOf(role, id), inAnHour())).rejects.toThrow('set keeper in the target');
    expect(members()).toEqual([]);
    await connect(undefined).revoke(accessOf(role, id));
  });

  test('K3.6 the last member is cut off, and it has not ended until they are removed', async () => {
    group().users = ['U0ANA'];
    group().date_delete = 0;
    const connection = connect(undefined);
    await connection.grant(accessOf(role, id), inAnHour());
    group().users = ['U0BEN'];
    await expect(connection.revoke(accessOf(role, id))).rejects.toThrow('put somebody else on it');
    expect(members()).toEqual([]);
    expect(await connection.isActive(accessOf(role, id))).toBe(true);
    group().users = ['U0BEN', 'U0ANA'];
    await connection.revoke(accessOf(role, id));
    expect(group().users).toEqual(['U0ANA']);
  });
});

test('a holder who returns with others after the end is listed as ungranted', async () => {
  await harness.connection.grant(accessOf(role, id), inAnHour());
  await harness.connection.revoke(accessOf(role, id));
  Object.assign(group(), { users: ['U0BEN', 'U0EVE'], date_delete: 0 });
  const roles = [{ roleKey: 'payments-db/read', role }];
  const standing = ['U0BEN', 'U0EVE'].map((account) => ({ account, role: 'payments-db/read', grantId: null }));
  expect(await harness.connection.list?.(roles)).toEqual(standing);
  for (const one of standing) await harness.connection.remove?.(one, role);
  expect(group()).toMatchObject({ users: [KEEPER], date_delete: 1 });
});

test('people added during access are named at the end, except by grants', async () => {
  Object.assign(group(), { users: ['U0ANA'], date_delete: 0 });
  const eve = person('U0EVE');
  await harness.connection.grant(accessOf(role, id), inAnHour());
  await harness.connection.grant(eve, inAnHour());
  group().users.push('U0MALLORY');
  expect(await harness.connection.revoke(accessOf(role, id))).toMatchObject({
    left: [{ what: 'U0MALLORY is on the list of the user group S0PAY' }],
  });
  await harness.connection.revoke(eve);
  expect(group().users).toEqual(['U0ANA', 'U0MALLORY']);
});

test('the keeper is not named as somebody who was added', async () => {
  Object.assign(group(), { users: ['U0ANA'], date_delete: 0 });
  await harness.connection.grant(accessOf(role, id), inAnHour());
  group().users.push(KEEPER);
  expect(await harness.connection.revoke(accessOf(role, id))).toEqual({ left: [] });
});

test('K3.6 of two groups with one id, the one in the workspace of the access counts', async () => {
  await harness.connection.grant(accessOf(role, id), inAnHour());
  const shown = [
    { id: 'S0PAY', team_id: 'T0OTHER', date_delete: 1 },
    { id: 'S0PAY', team_id: 'T0HARBOR', date_delete: 0 },
  ];
  workspace.lie = (asked) => (asked === 'usergroups.list' ? { ok: true, usergroups: shown } : undefined);
  await harness.connection.revoke(accessOf(role, id));
  workspace.lie = () => undefined;
  expect(group()).toMatchObject({ users: [KEEPER], date_delete: 1 });
});

test('people who join and leave at the same time do not push each other out', async () => {
  const people = ['U0A', 'U0B', 'U0C', 'U0D'].map(person);
  await Promise.all(people.map((one) => harness.connection.grant(one, inAnHour())));
  expect(members().toSorted()).toEqual(['U0A', 'U0B', 'U0C', 'U0D']);
  await Promise.all(people.slice(1).map((one) => harness.connection.revoke(one)));
  expect(members()).toEqual(['U0A']);
  for (const one of people) await harness.connection.revoke(one);
});

test('two groups of one role are two lists, and a failing one spares the other', async () => {
  workspace.groups.set('S0OPS', { users: ['U0ANA', KEEPER], date_delete: 0, handle: 'ops' });
  const both = { ...accessOf({ groups: ['S0OPS', 'S0PAY'] }, id) };
  await harness.connection.grant(both, inAnHour());
  const lists = () => ['S0OPS', 'S0PAY'].map((one) => workspace.groups.get(one)?.users);
  expect(lists()).toEqual([['U0ANA', KEEPER, 'U0BEN'], ['U0BEN']]);
  Object.assign(workspace.groups.get('S0OPS') ?? {}, { date_delete: 1 });
  workspace.takesListsWhileOff = false;
  await expect(harness.connection.revoke(both)).rejects.toThrow('permission_denied');
  expect(lists()).toEqual([['U0ANA', KEEPER, 'U0BEN'], [KEEPER]]);
  workspace.takesListsWhileOff = true;
  await harness.connection.revoke(both);
  expect(lists()).toEqual([['U0ANA', KEEPER], [KEEPER]]);
  workspace.groups.delete('S0OPS');
});

test('the keeper may get access to the group, and stays when it ends', async () => {
  group().users = ['U0ANA'];
  group().date_delete = 0;
  const keeper = person(KEEPER);
  await harness.connection.grant(keeper, inAnHour());
  expect(members()).toEqual(['U0ANA', KEEPER]);
  group().users = [KEEPER];
  // Nobody can be left in their place: it is turned off, and people are told.
  await expect(harness.connection.revoke(keeper)).rejects.toThrow('put somebody else on it');
  expect(group().date_delete).toBe(1);
  group().users = ['U0ANA', KEEPER];
  await harness.connection.revoke(keeper);
  expect(group().users).toEqual(['U0ANA']);
});

test('the doctor accepts a disabled group with a keeper and the right scope', async () => {
  const findings = await harness.connection.check([
    { roleKey: 'a/b', role },
    { roleKey: 'a/c', role },
  ]);
  expect(findings.map(({ ok, what }) => [ok, what])).toEqual([
    [true, 'the token may change user groups'],
    [true, 'somebody stays in a group when nobody else is left'],
    [true, 'there is a user group S0PAY'],
  ]);
});

test.each(['S0pay', 'pay', 'S', 'xS0PAY', 'S0PAY\n'])('%j is no id of a user group', (name) => {
  expect(slack.roleSchema.safeParse({ groups: [name] }).success).toBe(false);
});

test('the doctor names a missing scope, a missing keeper and a missing group', async () => {
  workspace.scopes = 'usergroups:read';
  const findings = await connect(undefined).check([{ roleKey: 'a/b', role: { groups: ['S0GONE'] } }]);
  workspace.scopes = 'usergroups:read,usergroups:write';
  expect(findings).toMatchObject([
    { ok: false, fix: expect.stringContaining('usergroups:write') },
    { ok: false, fix: expect.stringContaining('set keeper') },
    { ok: false, what: 'there is a user group S0GONE' },
  ]);
});
