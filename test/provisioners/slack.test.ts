import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { slack } from '../../src/provisioners/slackGroups/provisioner.ts';
import { type SlackGroups, startSlackGroups } from '../support/slackGroups.ts';
import { accessOf, describeContract, type Harness, inAnHour, newGrantId, useForTests } from './contract.ts';

/** Slack's own client against its calls about user groups. */

const use = useForTests();
const role = { groups: ['S0PAY'] };
let workspace: SlackGroups;
let harness: Harness;
let id: string;

beforeAll(async () => {
  workspace = await startSlackGroups('xoxb-groups');
  harness = {
    connection: slack.connect(
      slack.targetSchema.parse({ kind: 'slack', token: 'xoxb-groups', api_url: workspace.url }),
      use,
    ),
    role,
    reallyHas: async () => members().includes('U0BEN'),
    breakTarget: () => {
      workspace.down = true;
    },
    mendTarget: () => {
      workspace.down = false;
    },
  };
});
afterAll(async () => {
  await harness.connection.close();
  await workspace.close();
  use.close();
});
beforeEach(() => {
  id = newGrantId();
});
const members = () => {
  const group = workspace.groups.get('S0PAY');
  return !group || group.date_delete ? [] : group.users;
};

describeContract('slack', () => harness);

test('a group that nobody is left in is turned off, and does not bring anybody back when it is turned on', async () => {
  await harness.connection.grant(accessOf(role, id), inAnHour());
  await harness.connection.revoke(accessOf(role, id));
  expect(workspace.groups.get('S0PAY')?.date_delete).not.toBe(0);
  const ana = {
    ...accessOf(role, newGrantId()),
    person: { slackId: 'U0ANA', name: 'Ana', email: 'ana@harbor.example' },
  };
  await harness.connection.grant(ana, inAnHour());
  expect(members()).toEqual(['U0ANA']);
  await harness.connection.revoke(ana);
});

test('people who come and go at the same time do not push each other out', async () => {
  const people = ['U0A', 'U0B', 'U0C', 'U0D'].map((slackId) => ({
    ...accessOf(role, newGrantId()),
    person: { slackId, name: slackId, email: `${slackId}@harbor.example` },
  }));
  await Promise.all(people.map((one) => harness.connection.grant(one, inAnHour())));
  expect(members().toSorted()).toEqual(['U0A', 'U0B', 'U0C', 'U0D']);
  await Promise.all(people.slice(1).map((one) => harness.connection.revoke(one)));
  expect(members()).toEqual(['U0A']);
  for (const one of people) await harness.connection.revoke(one);
});

test('the doctor names a missing scope and a group that is not there', async () => {
  workspace.scopes = 'usergroups:read';
  const findings = await harness.connection.check([{ roleKey: 'a/b', role: { groups: ['S0GONE'] } }]);
  workspace.scopes = 'usergroups:read,usergroups:write';
  expect(findings).toMatchObject([
    { ok: false, fix: expect.stringContaining('usergroups:write') },
    { ok: false, what: 'there is a user group S0GONE' },
  ]);
});
