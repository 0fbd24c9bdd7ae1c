/** A hostile holder of a seat in an IAM group that lets its members administer IAM itself: the worst that can be granted. */

import { awsIam } from '../../src/provisioners/aws/iam.ts';
import { useForTests } from '../provisioners/contract.ts';
import { type FakeAws, startAws } from '../support/aws.ts';
import { withAwsKeys } from './awsKeys.ts';
import { grantsOf, type HoldersGrants } from './grants.ts';
import type { Unavoidable } from './judge.ts';
import type { Move } from './play.ts';
import { type Arena, describeHostileHolder } from './suite.ts';

const PAYMENTS = 'AGPAPAYMENTS';
const ADMINS = 'AGPAADMINS';
const BEN = 'AIDABEN';
/** In the group before, for good. */
const EVE = 'AIDAEVE';

interface Account extends Arena, Omit<HoldersGrants, 'id'> {
  readonly aws: FakeAws;
  /** Users of a group, whatever it is called by now. Empty where it was deleted. */
  usersOf(group: string): Set<string>;
  /** What the holder made that the bot has nothing to do with. */
  readonly made: Set<string>;
  /** What of others' the holder took away. That is no doing of the bot's. */
  readonly taken: Set<string>;
}

const isIn = (user: string, group: string) => `${user} is in ${group}`;

async function begin(): Promise<Account> {
  const aws = await startAws();
  const restoreKeys = withAwsKeys();
  aws.groups.get(PAYMENTS)?.users.add(EVE);
  const use = useForTests();
  const target = { kind: 'aws_iam', aws_account: '111111111111', endpoint: aws.url };
  const connection = awsIam.connect(awsIam.targetSchema.parse(target), use);
  const made = new Set<string>();
  const taken = new Set<string>();
  const usersOf = (group: string) => aws.groups.get(group)?.users ?? new Set<string>();
  return {
    ...grantsOf(connection, { groups: ['payments'] }, { groups: ['payments', 'admins'] }),
    aws,
    made,
    taken,
    usersOf,
    facts: () => new Set([...factsOf(aws), ...made, ...taken]),
    uses: () => [PAYMENTS, ADMINS].flatMap((group) => (usersOf(group).has(BEN) ? [`what ${group} allows`] : [])),
    close: async () => {
      await connection.close();
      await aws.close();
      use.close();
      restoreKeys();
    },
  };
}

/** IAM gives a name to one at a time. */
function freeGroupName({ groups }: FakeAws, name: string): string {
  if ([...groups.values()].some((group) => group.name === name)) throw new Error('EntityAlreadyExists');
  return name;
}
function freeUserName({ users }: FakeAws, name: string): string {
  if ([...users.values()].includes(name)) throw new Error('EntityAlreadyExists');
  return name;
}

const factsOf = ({ groups, users }: FakeAws): string[] => [
  ...[...users].map(([id, name]) => `${id} is called ${name}`),
  ...[...groups].flatMap(([id, group]) => [
    `${id} is called ${group.name}`,
    ...[...group.users].map((user) => isIn(user, id)),
  ]),
];

const moves: readonly Move<Account>[] = [
  { name: 'leaves the group', act: async ({ usersOf }) => usersOf(PAYMENTS).delete(BEN) },
  { name: 'gives themselves an access key', act: async ({ made }) => made.add('made: an access key of AIDABEN') },
  { name: 'attaches a policy to themselves', act: async ({ made }) => made.add('made: a policy on the user AIDABEN') },
  { name: 'makes a role that they may assume', act: async ({ made }) => made.add('made: a role that trusts AIDABEN') },
  {
    name: 'makes a user of their own and puts it into the group',
    act: async ({ aws, usersOf }) => {
      aws.users.set('AIDAMALLORY', freeUserName(aws, 'mallory'));
      usersOf(PAYMENTS).add('AIDAMALLORY');
    },
  },
  {
    name: 'renames themselves, and gives the name to a user of their own in the same group',
    act: async ({ aws, usersOf }) => {
      aws.users.set(BEN, freeUserName(aws, 'benny'));
      aws.users.set('AIDANEW', freeUserName(aws, 'ben'));
      usersOf(PAYMENTS).add('AIDANEW');
    },
  },
  {
    name: 'renames the group, and gives its name to one of their own',
    act: async ({ aws }) => {
      Object.assign(aws.groups.get(PAYMENTS) ?? {}, { name: freeGroupName(aws, 'was-payments') });
      aws.groups.set('AGPAOWN', { name: freeGroupName(aws, 'payments'), users: new Set([BEN, EVE]) });
    },
  },
  {
    name: 'lets two groups change their names',
    act: async ({ aws }) => {
      const [payments, admins] = [aws.groups.get(PAYMENTS), aws.groups.get(ADMINS)];
      if (payments && admins) [payments.name, admins.name] = [admins.name, payments.name];
    },
  },
  {
    name: 'takes the others out',
    act: async ({ usersOf, taken }) => {
      if (usersOf(PAYMENTS).delete(EVE)) taken.add(isIn(EVE, PAYMENTS));
    },
  },
  {
    name: 'deletes the group and makes one of the same name',
    act: async ({ aws, usersOf, taken }) => {
      const group = aws.groups.get(PAYMENTS);
      if (!group) return;
      if (usersOf(PAYMENTS).has(EVE)) taken.add(isIn(EVE, PAYMENTS));
      aws.groups.delete(PAYMENTS);
      aws.groups.set('AGPAOWN', { name: group.name, users: new Set([BEN]) });
    },
  },
  {
    name: 'keeps the bot from taking people out of groups',
    act: async ({ aws }) => aws.denied.add('RemoveUserFromGroup'),
  },
  { name: 'keeps the bot from looking at groups', act: async ({ aws }) => aws.denied.add('GetGroup') },
  { name: 'asks for more time', act: ({ extend }) => extend() },
  {
    name: 'gets another grant, of more groups',
    act: async ({ aws, beginAnother }) => {
      // Under names that lead elsewhere by now it would be somebody else's grant, or another group's.
      const isAsBefore = aws.users.get(BEN) === 'ben' && aws.groups.get(PAYMENTS)?.name === 'payments';
      if (isAsBefore) await beginAnother();
    },
  },
  { name: 'lets another grant end', act: ({ endAnother }) => endAnother() },
];

const unavoidable: readonly Unavoidable[] = [
  { fact: /^made: /, why: 'keys, users, roles and policies are not looked for' },
  { fact: / is called /, why: 'what users and groups are called decides nothing once access was given' },
  { fact: /^AIDA(?:MALLORY|NEW) is in /, why: 'others in the group are standing access, which drift finds' },
  { fact: / is in AGPAOWN$/, why: 'a group of their own: whoever may administer IAM can make one' },
];

describeHostileHolder<Account>({
  kind: 'aws_iam',
  rounds: 30,
  begin,
  moves,
  unavoidable,
  isNamed: (fact, left) => left.some(({ what }) => what === fact),
  mayBeOverdue: [{ fact: /not authorized to perform/, why: 'whoever may administer IAM can take rights from the bot' }],
  mend: async ({ aws }) => aws.denied.clear(),
  survivors: [
    { what: 'the holder', plant: ({ usersOf }) => usersOf(PAYMENTS).add(BEN) },
    { what: 'the holder in another group', plant: ({ usersOf }) => usersOf(ADMINS).add(BEN) },
    {
      what: 'a colleague in the group',
      plant: ({ usersOf, aws }) => aws.users.set('AIDAZOE', 'zoe') && usersOf(PAYMENTS).add('AIDAZOE'),
    },
    { what: 'a colleague who lost their seat', plant: ({ usersOf }) => usersOf(PAYMENTS).delete(EVE) },
  ],
});
