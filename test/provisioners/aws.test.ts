import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { awsIam } from '../../src/provisioners/aws/iam.ts';
import { awsIdentityCenter, connectIdentityCenter } from '../../src/provisioners/aws/identityCenter.ts';
import { type FakeAws, startAws } from '../support/aws.ts';
import { accessOf, BEN, describeContract, type Harness, inAnHour, newGrantId, useForTests } from './contract.ts';

/** AWS's own clients against an API written from its published description. */

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

beforeAll(async () => {
  process.env.AWS_ACCESS_KEY_ID = 'AKIATEST';
  process.env.AWS_SECRET_ACCESS_KEY = 'test-secret';
  aws = await startAws();
  const breaks = {
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
    reallyHas: async () => role.assignments.every(({ account }) => aws.assignments.has(`user-ben ${account} ${SET}`)),
    ...breaks,
  };
  iam = {
    connection: awsIam.connect(
      awsIam.targetSchema.parse({ kind: 'aws_iam', aws_account: '111111111111', endpoint: aws.url }),
      use,
    ),
    role: { groups: ['payments'] },
    reallyHas: async () => aws.groups.get('payments')?.has('ben') === true,
    ...breaks,
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

  test('one that fails is a failure, in AWS’s own words, and nothing is left', async () => {
    aws.failing = true;
    await expect(center.connection.grant(accessOf(role, id), inAnHour())).rejects.toThrow(/the account is suspended/);
    aws.failing = false;
    await center.connection.revoke(accessOf(role, id));
    expect(await center.connection.isActive(accessOf(role, id))).toBe(false);
  });

  test('one that did not end in time, and comes true later, is still undone', async () => {
    aws.slowness = 1_000;
    await expect(center.connection.grant(accessOf(role, id), inAnHour())).rejects.toThrow(/not over after/);
    // Nobody knows how it will end: so it is not over.
    await expect(center.connection.revoke(accessOf(role, id))).rejects.toThrow(/not over after/);
    aws.finish();
    expect(aws.assignments.size).toBe(1);
    aws.slowness = 1;
    await center.connection.revoke(accessOf(role, id));
    expect(aws.assignments.size).toBe(0);
  });

  test('what a person had before stays, and is listed as standing, over all pages', async () => {
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

  test('sessions that AWS does not end are told of, and the doctor knows when they last longer than was said', async () => {
    expect(center.connection.afterlife).toBe(3_600_000);
    const long = { assignments: [{ account: '111111111111', permission_set: `${SET}-long` }] };
    const findings = await center.connection.check([{ roleKey: 'a/b', role: long }]);
    expect(findings.filter(({ ok }) => !ok)).toMatchObject([{ fix: expect.stringContaining('They last PT8H') }]);
  });

  test('somebody whom Identity Center does not know is refused by name', async () => {
    const stranger = { ...accessOf(role, id), person: { ...BEN, email: 'nobody@harbor.example' } };
    await expect(center.connection.grant(stranger, inAnHour())).rejects.toThrow(
      'Identity Center has no user nobody@harbor.example',
    );
    await center.connection.revoke(stranger);
  });
});

test('an IAM user who does not exist is refused by name; a group that does not, by the doctor', async () => {
  const stranger = { ...accessOf({ groups: ['payments'] }, id), person: { ...BEN, email: 'nobody@harbor.example' } };
  await expect(iam.connection.grant(stranger, inAnHour())).rejects.toThrow('there is no IAM user nobody');
  await iam.connection.revoke(stranger);
  expect(await iam.connection.check([{ roleKey: 'a/b', role: { groups: ['gone'] } }])).toMatchObject([
    { ok: false, what: expect.stringContaining('cannot be found') },
  ]);
});
