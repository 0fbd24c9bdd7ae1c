/**
 * A hostile holder of a permission set in two AWS accounts, one of which administers Identity Center itself, so that they can
 * assign, take away, rename and get in the bot's way.
 */

import { awsIdentityCenter, connectIdentityCenter } from '../../src/provisioners/aws/identityCenter.ts';
import { BEN, useForTests } from '../provisioners/contract.ts';
import { type FakeAws, startAws } from '../support/aws.ts';
import { withAwsKeys } from './awsKeys.ts';
import { grantsOf, type HoldersGrants } from './grants.ts';
import type { Unavoidable } from './judge.ts';
import type { Move } from './play.ts';
import { type Arena, describeHostileHolder } from './suite.ts';

const SET = 'arn:aws:sso:::permissionSet/ssoins-0/ps-1';
const OTHER_SET = 'arn:aws:sso:::permissionSet/ssoins-0/ps-2';
const ACCOUNTS = ['111111111111', '222222222222'];
/** Assigned before, for good. */
const EVES = `user-eve ${ACCOUNTS[0]} ${SET}`;

interface Organization extends Arena, Omit<HoldersGrants, 'id'> {
  readonly aws: FakeAws;
  readonly made: Set<string>;
  readonly taken: Set<string>;
}

const seats = (user: string, set = SET) => ACCOUNTS.map((account) => `${user} ${account} ${set}`);

async function begin(): Promise<Organization> {
  const aws = await startAws();
  const restoreKeys = withAwsKeys();
  aws.assignments.add(EVES);
  const use = useForTests();
  const target = awsIdentityCenter.targetSchema.parse({
    kind: 'aws_identity_center',
    region: 'eu-central-1',
    instance: 'arn:aws:sso:::instance/ssoins-0123456789abcdef',
    identity_store: 'd-1234567890',
    endpoint: aws.url,
  });
  const connection = connectIdentityCenter(target, use, { every: 1, until: 30 });
  const roleIn = (accounts: readonly string[]) =>
    awsIdentityCenter.roleSchema.parse({
      assignments: accounts.map((account) => ({ account, permission_set: SET })),
    });
  const made = new Set<string>();
  const taken = new Set<string>();
  return {
    ...grantsOf(connection, roleIn(ACCOUNTS), roleIn(ACCOUNTS.slice(0, 1))),
    aws,
    made,
    taken,
    facts: () => {
      aws.finish();
      return new Set([...aws.assignments, ...made, ...taken]);
    },
    uses: () => seats('user-ben').filter((key) => aws.assignments.has(key)),
    close: async () => {
      await connection.close();
      await aws.close();
      use.close();
      restoreKeys();
    },
  };
}

const moves: readonly Move<Organization>[] = [
  {
    name: 'takes one of their assignments away',
    act: async ({ aws }, chance) => aws.assignments.delete(chance.pick(seats('user-ben'))),
  },
  {
    name: 'takes an assignment away and makes it anew',
    act: async ({ aws }, chance) => {
      const key = chance.pick(seats('user-ben'));
      aws.assignments.delete(key);
      aws.assignments.add(key);
    },
  },
  { name: 'assigns it to a friend', act: async ({ aws }) => aws.assignments.add(`user-mallory ${ACCOUNTS[1]} ${SET}`) },
  {
    name: 'assigns themselves another permission set',
    act: async ({ aws }) => aws.assignments.add(`user-ben ${ACCOUNTS[1]} ${OTHER_SET}`),
  },
  {
    name: 'takes away what another one has',
    act: async ({ aws, taken }) => {
      if (aws.assignments.delete(EVES)) taken.add(EVES);
    },
  },
  {
    name: 'is renamed, and a newcomer with the same permission set gets the name',
    act: async ({ aws }) => {
      aws.people.delete(BEN.email);
      aws.people.set('benny@harbor.example', 'user-ben');
      aws.people.set(BEN.email, 'user-new');
      aws.assignments.add(`user-new ${ACCOUNTS[0]} ${SET}`);
    },
  },
  { name: 'is deleted from the identity store', act: async ({ aws }) => aws.people.delete(BEN.email) },
  {
    name: 'makes a role in the account that they may assume',
    act: async ({ made }) => made.add(`made: a role in ${ACCOUNTS[0]} that trusts ben`),
  },
  {
    name: 'keeps a session and a signed address',
    act: async ({ made }) => made.add('made: a session that ends by itself'),
  },
  {
    name: 'makes AWS slow',
    act: async ({ aws }, chance) => {
      aws.slowness = 1 + chance.int(6);
    },
  },
  {
    name: 'makes what AWS does in the background fail',
    act: async ({ aws }) => {
      aws.failing = true;
    },
  },
  {
    name: 'keeps the bot from taking assignments away',
    act: async ({ aws }) => aws.denied.add('DeleteAccountAssignment'),
  },
  {
    name: 'keeps the bot from looking at assignments',
    act: async ({ aws }) => aws.denied.add('ListAccountAssignments'),
  },
  { name: 'asks for more time', act: ({ extend }) => extend() },
  {
    name: 'gets another grant of one of the accounts',
    act: async ({ aws, beginAnother }) => {
      // Under a name that leads elsewhere by now it would be somebody else's grant.
      if (aws.people.get(BEN.email) === 'user-ben') await beginAnother();
    },
  },
  { name: 'lets another grant end', act: ({ endAnother }) => endAnother() },
];

const unavoidable: readonly Unavoidable[] = [
  { fact: /^made: /, why: 'roles, sessions and signed addresses are not looked for' },
  { fact: /^user-(?:mallory|new) /, why: 'others with the permission set are standing access, which drift finds' },
  { fact: /ps-2$/, why: 'another permission set is not what was granted: whoever may assign can take it' },
];

describeHostileHolder<Organization>({
  kind: 'aws_identity_center',
  rounds: 30,
  begin,
  moves,
  unavoidable,
  isNamed: (fact, left) => left.some(({ what }) => what === fact),
  mayBeOverdue: [
    { fact: /not authorized to perform/, why: 'whoever may administer Identity Center can take rights from the bot' },
    { fact: /the account is suspended/, why: 'AWS itself refuses, and says why' },
    { fact: /is not over/, why: 'AWS is at it for longer than the bot waits; it looks again' },
  ],
  mend: async ({ aws }) => {
    aws.denied.clear();
    aws.failing = false;
    aws.slowness = 1;
    aws.finish();
  },
  survivors: [
    { what: 'the holder in one account', plant: ({ aws }) => aws.assignments.add(`user-ben ${ACCOUNTS[1]} ${SET}`) },
    { what: 'a colleague', plant: ({ aws }) => aws.assignments.add(`user-zoe ${ACCOUNTS[0]} ${SET}`) },
    { what: 'a colleague who lost theirs', plant: ({ aws }) => aws.assignments.delete(EVES) },
  ],
});
