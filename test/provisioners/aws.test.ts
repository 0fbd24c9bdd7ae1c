/** AWS's own clients against an API written from its published description. */

import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { awsIam } from '../../src/provisioners/aws/iam.ts';
import { awsIdentityCenter, connectIdentityCenter } from '../../src/provisioners/aws/identityCenter.ts';
import { type FakeAws, startAws } from '../support/aws.ts';
import type { Changed, Changes, Way } from './changes.ts';
import { accessOf, BEN, describeContract, type Harness, inAnHour, newGrantId, useForTests } from './contract.ts';

const use = useForTests();
const SET = 'arn:aws:sso:::permissionSet/ssoins-0/ps-1';
const role = awsIdentityCenter.roleSchema.parse({
  assignments: [
    { account: '111111111111', permission_set: SET },
    { account: '222222222222', permission_set: SET },
  ],
});
const polling = { every: 5, until: 50 };
let aws: FakeAws;
let center: Harness;
let iam: Harness;
let id: string;

/** Rights that the bot's credentials lose, and answers that are none. */
const without = (action: string, beside: (undo: () => void) => Changed): Way => ({
  how: `without ${action}`,
  act: () => {
    aws.denied.add(action);
    return beside(() => aws.denied.delete(action));
  },
});
const answering = (action: string, instead: string, beside: (undo: () => void) => Changed): Way => ({
  how: `${action} answering ${instead}`,
  act: () => {
    aws.instead.set(action, instead);
    return beside(() => aws.instead.delete(action));
  },
});

function changesOfIam(): Changes {
  const admins = ['AIDAEVE', 'AIDABEN'];
  /** Two in another group, which may have taken the name of the one that was granted. */
  const beside = (undo: () => void): Changed => {
    const group = aws.groups.get('AGPAADMINS');
    for (const id of admins) group?.users.add(id);
    return {
      undo: () => {
        group?.users.delete('AIDABEN');
        undo();
      },
      others: () =>
        [...aws.groups].map(([id, { users }]) => [
          id,
          [...users].filter((one) => id !== 'AGPAPAYMENTS' || one !== 'AIDABEN'),
        ]),
    };
  };
  const nameGroups = (payments: string, admin: string) => {
    Object.assign(aws.groups.get('AGPAPAYMENTS') ?? {}, { name: payments });
    Object.assign(aws.groups.get('AGPAADMINS') ?? {}, { name: admin });
  };
  return {
    renamePerson: [
      {
        how: 'the user is renamed, and another one in the same group takes the name',
        act: () => {
          aws.users.set('AIDABEN', 'ben.adeyemi');
          aws.users.set('AIDANEW', 'ben');
          aws.groups.get('AGPAPAYMENTS')?.users.add('AIDANEW');
          return beside(() => {
            aws.groups.get('AGPAPAYMENTS')?.users.delete('AIDANEW');
            aws.users.delete('AIDANEW');
            aws.users.set('AIDABEN', 'ben');
          });
        },
      },
    ],
    renameContainer: [
      {
        how: 'the group is renamed, and another one with the person in it takes the name',
        act: () => {
          nameGroups('payments-old', 'payments');
          return beside(() => nameGroups('payments', 'admins'));
        },
      },
    ],
    moveTarget: [
      {
        how: 'the credentials are of another account',
        act: () => {
          const before = [...aws.groups];
          aws.account = '999999999999';
          aws.groups.delete('AGPAPAYMENTS');
          aws.groups.set('AGPAOTHER', { name: 'payments', users: new Set(['AIDAEVE', 'AIDABEN']) });
          return beside(() => {
            aws.account = '111111111111';
            aws.groups.clear();
            for (const [id, group] of before) aws.groups.set(id, group);
          });
        },
      },
    ],
    blind: [
      without('GetGroup', beside),
      without('RemoveUserFromGroup', beside),
      answering('GetGroup', '<Group><GroupName>payments</GroupName></Group><IsTruncated>false</IsTruncated>', beside),
      answering(
        'GetGroup',
        '<Group><GroupId>AGPAPAYMENTS</GroupId><GroupName>payments</GroupName></Group><IsTruncated>false</IsTruncated>',
        beside,
      ),
      {
        how: 'renamed, and without ListGroups',
        act: () => {
          nameGroups('payments-old', 'admins');
          aws.denied.add('ListGroups');
          return beside(() => {
            aws.denied.delete('ListGroups');
            nameGroups('payments', 'admins');
          });
        },
      },
    ],
  };
}

function changesOfCenter(): Changes {
  const beside = (undo: () => void): Changed => {
    const others = ['user-eve', 'user-new'].flatMap((user) =>
      role.assignments.map(({ account, permission_set: set }) => `${user} ${account} ${set}`),
    );
    for (const key of others) aws.assignments.add(key);
    return {
      undo: () => {
        for (const key of others) aws.assignments.delete(key);
        undo();
      },
      others: () => others.map((key) => aws.assignments.has(key)),
    };
  };
  return {
    renamePerson: [
      {
        how: 'the user name changes, and somebody else takes the old one',
        act: () => {
          aws.people.delete(BEN.email);
          aws.people.set('ben.adeyemi@harbor.example', 'user-ben');
          aws.people.set(BEN.email, 'user-new');
          return beside(() => {
            aws.people.delete('ben.adeyemi@harbor.example');
            aws.people.set(BEN.email, 'user-ben');
          });
        },
      },
      {
        how: 'the user is deleted, and somebody else gets the name',
        act: () => {
          aws.people.set(BEN.email, 'user-new');
          return beside(() => void aws.people.set(BEN.email, 'user-ben'));
        },
      },
    ],
    renameContainer: 'the digits of an account and the ARN of a permission set never change',
    moveTarget: [
      {
        how: 'the permission set is no longer there, or in another instance',
        act: () => {
          const body = JSON.stringify({ __type: 'ResourceNotFoundException', message: 'PermissionSet not found' });
          aws.refused.set('ListAccountAssignments', body);
          return beside(() => aws.refused.delete('ListAccountAssignments'));
        },
      },
    ],
    blind: [
      without('ListAccountAssignments', beside),
      without('ListAccountAssignmentCreationStatus', beside),
      without('DeleteAccountAssignment', beside),
      without('DescribeAccountAssignmentDeletionStatus', (undo) =>
        beside(() => {
          undo();
          // AWS goes on with it, whoever may look.
          aws.finish();
        }),
      ),
      answering('ListAccountAssignments', '{}', beside),
      answering('ListAccountAssignmentCreationStatus', '{}', beside),
      answering(
        'DeleteAccountAssignment',
        '{"AccountAssignmentDeletionStatus":{"Status":"FAILED","FailureReason":"no"}}',
        beside,
      ),
    ],
  };
}

beforeAll(async () => {
  process.env.AWS_ACCESS_KEY_ID = 'AKIATEST';
  process.env.AWS_SECRET_ACCESS_KEY = 'test-secret';
  aws = await startAws();
  const breaks = {
    wire: aws.wire,
    breakTarget: () => {
      aws.down = true;
    },
    mendTarget: () => {
      aws.down = false;
    },
  };
  center = {
    connection: connectIdentityCenter(
      awsIdentityCenter.targetSchema.parse({
        kind: 'aws_identity_center',
        region: 'eu-central-1',
        instance: 'arn:aws:sso:::instance/ssoins-0123456789abcdef',
        identity_store: 'd-1234567890',
        endpoint: aws.url,
      }),
      use,
      polling,
    ),
    role,
    reallyHas: async () => role.assignments.some(({ account }) => aws.assignments.has(`user-ben ${account} ${SET}`)),
    welcome: async (email) => {
      if (/\s/.test(email)) return null;
      aws.people.set(email, 'user-odd');
      return {
        has: async () => role.assignments.some(({ account }) => aws.assignments.has(`user-odd ${account} ${SET}`)),
        leave: async () => aws.people.delete(email),
      };
    },
    ...breaks,
    later: () => aws.finish(),
    changes: changesOfCenter(),
  };
  iam = {
    connection: awsIam.connect(
      awsIam.targetSchema.parse({ kind: 'aws_iam', aws_account: '111111111111', endpoint: aws.url }),
      use,
    ),
    role: { groups: ['payments'] },
    reallyHas: async () => aws.groups.get('AGPAPAYMENTS')?.users.has('AIDABEN') === true,
    welcome: async (email) => {
      const [name = ''] = email.split('@');
      if (!/^[\w+=,.@-]+$/.test(name)) return null;
      if (name === 'ben') return { has: async () => null, leave: async () => {} };
      aws.users.set('AIDAODD', name);
      return {
        has: async () => aws.groups.get('AGPAPAYMENTS')?.users.has('AIDAODD') === true,
        leave: async () => aws.users.delete('AIDAODD'),
      };
    },
    ...breaks,
    changes: changesOfIam(),
  };
});
afterAll(async () => {
  await Promise.all([center.connection.close(), iam.connection.close()]);
  await aws.close();
  use.close();
  delete process.env.AWS_ACCESS_KEY_ID;
  delete process.env.AWS_SECRET_ACCESS_KEY;
});
beforeEach(() => {
  id = newGrantId();
  aws.slowness = 1;
  aws.failing = false;
});

describeContract('aws_identity_center', () => center);
describeContract('aws_iam', () => iam);

describe('AWS Identity Center', () => {
  test('an assignment that AWS makes in the background is waited for', async () => {
    aws.slowness = 4;
    await center.connection.grant(accessOf(role, id), inAnHour());
    expect(await center.reallyHas(id)).toBe(true);
    await center.connection.revoke(accessOf(role, id));
    expect(aws.assignments.size).toBe(0);
  });

  test('one that fails is a failure in AWS’s own words, and nothing is left', async () => {
    aws.failing = true;
    await expect(center.connection.grant(accessOf(role, id), inAnHour())).rejects.toThrow(/the account is suspended/);
    aws.failing = false;
    await center.connection.revoke(accessOf(role, id));
    expect(await center.connection.isActive(accessOf(role, id))).toBe(false);
  });

  test('one that is late, and comes true after the failure, is still undone', async () => {
    aws.slowness = 1_000;
    await expect(center.connection.grant(accessOf(role, id), inAnHour())).rejects.toThrow(
      /has not finished assigning access after/,
    );
    // Nobody knows how it will end: so it is not over.
    await expect(center.connection.revoke(accessOf(role, id))).rejects.toThrow(
      /has not finished assigning access after/,
    );
    aws.finish();
    expect(aws.assignments.size).toBe(1);
    aws.slowness = 1;
    await center.connection.revoke(accessOf(role, id));
    expect(aws.assignments.size).toBe(0);
  });

  test('one that is late is waited for, also behind somebody else’s', async () => {
    const ofEve = {
      ...accessOf(role, newGrantId()),
      person: { ...BEN, slackId: 'U0EVE', email: 'eve@harbor.example' },
    };
    aws.slowness = 1_000;
    await expect(center.connection.grant(ofEve, inAnHour())).rejects.toThrow(/has not finished assigning access after/);
    await expect(center.connection.grant(accessOf(role, id), inAnHour())).rejects.toThrow(
      /has not finished assigning access after/,
    );
    await expect(center.connection.isActive(accessOf(role, id))).rejects.toThrow(
      /has not finished assigning access after/,
    );
    aws.finish();
    aws.slowness = 1;
    for (const access of [ofEve, accessOf(role, id)]) await center.connection.revoke(access);
    expect(aws.assignments.size).toBe(0);
  });

  test('earlier access stays, and is listed as standing, over all pages', async () => {
    for (const user of ['user-ben', 'user-eve'])
      for (const { account } of role.assignments) aws.assignments.add(`${user} ${account} ${SET}`);
    await center.connection.grant(accessOf(role, id), inAnHour());
    await center.connection.revoke(accessOf(role, id));
    expect(aws.assignments.size).toBe(4);
    const holding = (account: string) => ({ account, role: 'payments-db/read', grantId: null });
    expect(await center.connection.list?.([{ roleKey: 'payments-db/read', role }])).toEqual([
      holding('ben@harbor.example'),
      holding('eve@harbor.example'),
    ]);
    for (const account of [BEN.email, 'eve@harbor.example']) await center.connection.remove?.(holding(account), role);
    expect(aws.assignments.size).toBe(0);
  });

  test('sessions that AWS does not end are reported, and the doctor checks their length', async () => {
    expect(center.connection.afterlife).toBe(3_600_000);
    const long = { assignments: [{ account: '111111111111', permission_set: `${SET}-long` }] };
    const findings = await center.connection.check([{ roleKey: 'a/b', role: long }]);
    expect(findings.filter(({ ok }) => !ok)).toMatchObject([{ fix: expect.stringContaining('They last PT8H') }]);
  });

  test.each([
    ['PT1H', true],
    ['PT60M', true],
    ['PT30M', true],
    ['PT1H1M', false],
    ['PT61M', false],
    ['PT2H', false],
    ['PT12H', false],
    [undefined, true],
  ])('a permission set with sessions of %s, where one hour is expected, passes: %s', async (SessionDuration, isOk) => {
    aws.instead.set('DescribePermissionSet', JSON.stringify({ PermissionSet: { SessionDuration } }));
    const findings = await center.connection.check([{ roleKey: 'a/b', role }]);
    aws.instead.clear();
    expect(findings.map(({ ok, what }) => [ok, what])).toEqual([
      [true, 'the bot may look people up in the identity store'],
      [true, `the bot sees who has ${SET} in 111111111111`],
      [true, `the bot sees who has ${SET} in 222222222222`],
      [isOk, `sessions with ${SET} last at most 1h`],
    ]);
  });

  test('an assigned group is never taken for a person, whatever its id', async () => {
    await center.connection.grant(accessOf(role, id), inAnHour());
    const assigned = (PrincipalType: string, PrincipalId?: string) => ({ PrincipalType, PrincipalId });
    const groups = { AccountAssignments: [assigned('GROUP', 'user-ben'), assigned('USER')] };
    aws.instead.set('ListAccountAssignments', JSON.stringify(groups));
    expect(await center.connection.isActive(accessOf(role, id))).toBe(false);
    expect(await center.connection.list?.([{ roleKey: 'payments-db/read', role }])).toEqual([]);
    aws.instead.clear();
    await center.connection.revoke(accessOf(role, id));
  });

  test('a deleted person’s assignments are still listed, by id', async () => {
    for (const { account } of role.assignments) aws.assignments.add(`user-gone ${account} ${SET}`);
    const [held, ...others] = (await center.connection.list?.([{ roleKey: 'payments-db/read', role }])) ?? [];
    expect([held, others]).toEqual([{ account: 'user-gone', role: 'payments-db/read', grantId: null }, []]);
    if (held) await center.connection.remove?.(held, role);
    expect(aws.assignments.size).toBe(0);
  });

  test.each([
    ['of somebody else', { PrincipalId: 'user-eve' }],
    ['in another account', { TargetId: '333333333333' }],
    ['of another permission set', { PermissionSetArn: `${SET}-long` }],
  ])('an assignment in progress %s is not waited for, and the person’s own is', async (_, other) => {
    await center.connection.grant(accessOf(role, id), inAnHour());
    const under = { PrincipalId: 'user-ben', TargetId: '111111111111', PermissionSetArn: SET };
    const saying = (status: object) => {
      const list = { AccountAssignmentsCreationStatus: [{ RequestId: 'r', Status: 'IN_PROGRESS' }] };
      aws.instead.set('ListAccountAssignmentCreationStatus', JSON.stringify(list));
      const told = { AccountAssignmentCreationStatus: { Status: 'IN_PROGRESS', ...status } };
      aws.instead.set('DescribeAccountAssignmentCreationStatus', JSON.stringify(told));
    };
    saying({ ...under, ...other });
    expect(await center.connection.isActive(accessOf(role, id))).toBe(true);
    saying(under);
    await expect(center.connection.isActive(accessOf(role, id))).rejects.toThrow(
      'has not finished assigning access after 0.05 s',
    );
    saying({ ...under, PrincipalId: undefined });
    await expect(center.connection.isActive(accessOf(role, id))).rejects.toThrow('whom the request r is about');
    aws.instead.clear();
    await center.connection.revoke(accessOf(role, id));
  });

  test.each(['ben okafor@harbor.example', 'ben\n@harbor.example', 'b'.repeat(129), ''])(
    'nobody there can be called %j',
    async (email) => {
      const odd = { ...accessOf(role, id), person: { ...BEN, email } };
      await expect(center.connection.grant(odd, inAnHour())).rejects.toThrow(
        'no user of Identity Center can be called',
      );
      expect(await center.connection.isActive(odd)).toBe(false);
    },
  );

  test('a person whom Identity Center does not know is refused by name', async () => {
    const stranger = { ...accessOf(role, id), person: { ...BEN, email: 'nobody@harbor.example' } };
    await expect(center.connection.grant(stranger, inAnHour())).rejects.toThrow(
      'Identity Center has no user nobody@harbor.example',
    );
    await center.connection.revoke(stranger);
  });
});

test('a missing IAM user is refused by name, and a missing group by the doctor', async () => {
  const stranger = { ...accessOf({ groups: ['payments'] }, id), person: { ...BEN, email: 'nobody@harbor.example' } };
  await expect(iam.connection.grant(stranger, inAnHour())).rejects.toThrow('there is no IAM user nobody');
  await iam.connection.revoke(stranger);
  const [finding] = await iam.connection.check([{ roleKey: 'a/b', role: { groups: ['gone'] } }]);
  expect(finding).toMatchObject({ ok: false, what: expect.stringContaining('cannot be found') });
});

describe('IAM groups', () => {
  test.each(['ListGroups', 'ListUsers'])(
    'the doctor says what it needs to find renamed users and groups: %s',
    async (action) => {
      const doctor = async () =>
        (await iam.connection.check([{ roleKey: 'a/b', role: { groups: ['payments', 'payments'] } }])).map(
          ({ ok }) => ok,
        );
      expect(await doctor()).toEqual([true, true]);
      aws.denied.add(action);
      expect(await doctor()).toEqual([true, false]);
      aws.denied.clear();
    },
  );

  test('a name too long for IAM is refused without asking, and the longest is not', async () => {
    const grantTo = (email: string) =>
      iam.connection.grant(
        { ...accessOf({ groups: ['payments'] }, newGrantId()), person: { ...BEN, email } },
        inAnHour(),
      );
    for (const name of ['a b', 'ben/x', 'b'.repeat(65)])
      await expect(grantTo(`${name}@harbor.example`)).rejects.toThrow('no IAM user can be called');
    for (const name of ['b'.repeat(64), 'ben+x=y,z.w_v-u'])
      await expect(grantTo(`${name}@harbor.example`)).rejects.toThrow(`there is no IAM user ${name}`);
  });

  test('a missing group takes nobody in, and another account holds nobody', async () => {
    await iam.connection.grant(access(), inAnHour());
    const before = [...aws.groups];
    aws.groups.delete('AGPAPAYMENTS');
    await expect(iam.connection.grant(access(), inAnHour())).rejects.toThrow('AGPAPAYMENTS in the AWS account');
    expect(await iam.connection.isActive(access())).toBe(false);
    aws.account = '999999999999';
    await expect(iam.connection.isActive(access())).rejects.toThrow('are these the credentials of that account?');
    aws.account = '111111111111';
    aws.groups.clear();
    for (const [groupId, group] of before) aws.groups.set(groupId, group);
    await iam.connection.revoke(access());
  });

  test('an extension follows a renamed user, and reaches nobody after a deletion', async () => {
    await iam.connection.grant(access(), inAnHour());
    aws.users.set('AIDABEN', 'ben.adeyemi');
    aws.users.set('AIDANEW', 'ben');
    aws.groups.get('AGPAPAYMENTS')?.users.clear();
    await iam.connection.grant(access(), inAnHour());
    expect(users()).toEqual(['AIDABEN']);
    aws.users.delete('AIDANEW');
    aws.groups.get('AGPAPAYMENTS')?.users.clear();
    aws.users.delete('AIDABEN');
    await expect(iam.connection.grant(access(), inAnHour())).rejects.toThrow('no IAM user with the id AIDABEN');
    aws.users.set('AIDABEN', 'ben');
    await iam.connection.revoke(access());
    expect(users()).toEqual([]);
  });

  const access = () => accessOf({ groups: ['payments'] }, id);
  const connect = (with_ = use) =>
    awsIam.connect(
      awsIam.targetSchema.parse({ kind: 'aws_iam', aws_account: '111111111111', endpoint: aws.url }),
      with_,
    );
  const users = () => [...(aws.groups.get('AGPAPAYMENTS')?.users ?? [])];

  test('K3.4 a user who was deleted and made anew under the same name is not touched', async () => {
    await iam.connection.grant(access(), inAnHour());
    aws.groups.get('AGPAPAYMENTS')?.users.delete('AIDABEN');
    aws.users.delete('AIDABEN');
    aws.users.set('AIDANEW', 'ben');
    aws.groups.get('AGPAPAYMENTS')?.users.add('AIDANEW');
    expect(await iam.connection.isActive(access())).toBe(false);
    await iam.connection.revoke(access());
    expect(users()).toEqual(['AIDANEW']);
    aws.groups.get('AGPAPAYMENTS')?.users.clear();
    aws.users.delete('AIDANEW');
    aws.users.set('AIDABEN', 'ben');
  });

  test('a group that is renamed between the search and the look is not taken for gone', async () => {
    await iam.connection.grant(access(), inAnHour());
    const group = aws.groups.get('AGPAPAYMENTS');
    Object.assign(group ?? {}, { name: 'payments-old' });
    let isListed = false;
    aws.onAsked = (action) => {
      isListed ||= action === 'ListGroups';
      if (isListed && action === 'GetGroup') Object.assign(group ?? {}, { name: 'payments-older' });
    };
    await expect(connect().isActive(access())).rejects.toThrow('was renamed just now');
    aws.onAsked = () => undefined;
    Object.assign(group ?? {}, { name: 'payments' });
    await iam.connection.revoke(access());
    expect(users()).toEqual([]);
  });

  test('a group whose name another one takes while it is read is not taken for empty', async () => {
    await iam.connection.grant(access(), inAnHour());
    aws.groups.get('AGPAPAYMENTS')?.users.clear();
    for (const one of ['AIDAEVE', 'AIDABEN']) aws.groups.get('AGPAPAYMENTS')?.users.add(one);
    const name = (payments: string, admins: string) => {
      Object.assign(aws.groups.get('AGPAPAYMENTS') ?? {}, { name: payments });
      Object.assign(aws.groups.get('AGPAADMINS') ?? {}, { name: admins });
    };
    let pages = 0;
    aws.onAsked = (action) => {
      pages += action === 'GetGroup' ? 1 : 0;
      if (pages === 2) name('admins', 'payments');
    };
    await expect(iam.connection.isActive(access())).rejects.toThrow('replaced the group payments while it was read');
    aws.onAsked = () => undefined;
    name('payments', 'admins');
    aws.groups.get('AGPAPAYMENTS')?.users.delete('AIDAEVE');
    await iam.connection.revoke(access());
    expect(users()).toEqual([]);
  });

  test('a group that never was is refused by name', async () => {
    const nowhere = accessOf({ groups: ['paymnets'] }, id);
    await expect(iam.connection.grant(nowhere, inAnHour())).rejects.toThrow(
      'there is no IAM group paymnets in the AWS account 111111111111',
    );
    await iam.connection.revoke(nowhere);
  });

  test('somebody who was removed at the same moment is not a failure', async () => {
    await iam.connection.grant(access(), inAnHour());
    const group = aws.groups.get('AGPAPAYMENTS');
    aws.onAsked = (action) => {
      if (action === 'RemoveUserFromGroup') group?.users.delete('AIDABEN');
    };
    await iam.connection.revoke(access());
    aws.onAsked = () => undefined;
    expect(await iam.connection.isActive(access())).toBe(false);
  });

  test('a deleted group holds nobody, and a new one of its name is not touched', async () => {
    await iam.connection.grant(access(), inAnHour());
    aws.groups.delete('AGPAPAYMENTS');
    aws.groups.set('AGPANEW', { name: 'payments', users: new Set(['AIDABEN']) });
    await iam.connection.revoke(access());
    expect(await iam.connection.isActive(access())).toBe(false);
    expect(aws.groups.get('AGPANEW')?.users.size).toBe(1);
    aws.groups.delete('AGPANEW');
    aws.groups.set('AGPAPAYMENTS', { name: 'payments', users: new Set() });
  });

  test('K3.4 after a start only changed names cause a search, and then of everything', async () => {
    await iam.connection.grant(access(), inAnHour());
    aws.denied.add('ListGroups');
    const restarted = connect();
    expect(await restarted.isActive(access())).toBe(true);
    Object.assign(aws.groups.get('AGPAPAYMENTS') ?? {}, { name: 'renamed' });
    await expect(connect().isActive(access())).rejects.toThrow(/AccessDenied/);
    aws.denied.clear();
    await connect().revoke(access());
    expect(users()).toEqual([]);
    Object.assign(aws.groups.get('AGPAPAYMENTS') ?? {}, { name: 'payments' });
  });

  test('an earlier version’s grant is stamped with ids, and found when renamed', async () => {
    const old = useForTests();
    await old.seats.keep({
      grantId: id,
      place: 'aws_iam 111111111111 payments',
      account: 'ben',
      level: 'member',
      role: 'payments-db/read',
      before: null,
    });
    aws.groups.get('AGPAPAYMENTS')?.users.add('AIDABEN');
    await connect(old).stamp?.(access());
    aws.users.set('AIDABEN', 'ben.adeyemi');
    await connect(old).revoke(access());
    expect(users()).toEqual([]);
    aws.users.set('AIDABEN', 'ben');
    old.close();
  });
});
