/** A hostile holder of a seat in a Google group whose settings let members come, go and manage each other. */

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { googleGroup } from '../../src/provisioners/google/group.ts';
import { accessOf, BEN, inAnHour, newGrantId, useForTests } from '../provisioners/contract.ts';
import { credentialsFor } from '../support/google.ts';
import { type FakeGoogleGroups, startGoogleGroups } from '../support/googleGroups.ts';
import { grantsOf, type HoldersGrants } from './grants.ts';
import type { Unavoidable } from './judge.ts';
import type { Move } from './play.ts';
import { type Arena, describeHostileHolder } from './suite.ts';

const GROUP = 'groups/01payments';
const ADDRESS = 'payments@harbor.example';
/** Who was in it before: one for good, one by a grant of their own. */
const OTHERS = ['ana', 'eve'];

interface Directory extends Arena, Omit<HoldersGrants, 'id'> {
  readonly google: FakeGoogleGroups;
  group(): NonNullable<ReturnType<FakeGoogleGroups['groups']['get']>>;
  /** Takes somebody out. Of others that is no doing of the bot's. */
  takeOut(person: string): void;
  putIn(person: string): void;
}

async function begin(): Promise<Directory> {
  const folder = mkdtempSync(join(tmpdir(), 'jitbot-google-'));
  const google = await startGoogleGroups();
  const credentials = join(folder, 'credentials.json');
  writeFileSync(join(folder, 'subject'), 'a token of the machine that the bot runs on');
  writeFileSync(credentials, credentialsFor(google, join(folder, 'subject')));
  google.groups.set(GROUP, { address: ADDRESS, members: [] });
  for (const person of ['ben', 'newcomer', 'mallory', ...OTHERS]) google.people.set(`${person}@harbor.example`, person);
  google.put(GROUP, 'ana');
  const use = useForTests({ polling: { every: 1, until: 50 } });
  const target = googleGroup.targetSchema.parse({ kind: 'google_group', credentials, endpoint: google.url });
  const connection = googleGroup.connect(target, use);
  const role = { groups: [ADDRESS] };
  const eve = { slackId: 'U0EVE', name: 'Eve', email: 'eve@harbor.example' };
  await connection.grant({ ...accessOf(role, newGrantId()), person: eve }, inAnHour());
  const group = () => {
    const found = google.groups.get(GROUP);
    if (!found) throw new Error('the group is gone');
    return found;
  };
  const taken = new Set<string>();
  /** Came back under another name: nothing at Google tells that it is them. The end names it. */
  let isUnknown = false;
  const isIn = (person: string) => group().members.some((one) => one.person === person);
  return {
    ...grantsOf(connection, role),
    google,
    group,
    takeOut: (person) => {
      if (OTHERS.includes(person)) taken.add(`${person}@harbor.example is in ${GROUP} (MEMBER)`);
      group().members = group().members.filter((one) => one.person !== person);
    },
    putIn: (person) => {
      if (isIn(person)) return;
      google.put(GROUP, person);
      isUnknown ||= person === 'ben' && google.people.get(BEN.email) !== 'ben';
    },
    facts: () => new Set([...factsOf(google), ...taken]),
    uses: () => (isIn('ben') && !isUnknown ? [`what ${ADDRESS} opens`] : []),
    close: async () => {
      await connection.close();
      await google.close();
      use.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

const factsOf = ({ groups, people }: FakeGoogleGroups): string[] =>
  [...groups].flatMap(([name, { address, members }]) => [
    `${name} is called ${address}`,
    ...members.map(({ person, roles }) => {
      const [address] = [...people].find(([, one]) => one === person) ?? [];
      return `${address} is in ${name} (${roles.map((role) => role.name).join(', ')})`;
    }),
  ]);

const moves: readonly Move<Directory>[] = [
  { name: 'leaves the group', act: async ({ takeOut }) => takeOut('ben') },
  {
    name: 'leaves the group and comes back, as another membership without an end',
    act: async ({ takeOut, putIn }) => {
      takeOut('ben');
      putIn('ben');
    },
  },
  {
    name: 'takes the end off their membership',
    act: async ({ group }) => {
      for (const one of group().members) if (one.person === 'ben') one.roles = [{ name: 'MEMBER' }];
    },
  },
  {
    name: 'becomes an owner of the group',
    act: async ({ group }) => {
      for (const one of group().members) if (one.person === 'ben') one.roles = [{ name: 'MEMBER' }, { name: 'OWNER' }];
    },
  },
  { name: 'lets a friend in', act: async ({ putIn }) => putIn('mallory') },
  {
    name: 'lets a group in that they are in',
    act: async ({ google, putIn }) => {
      google.groups.set('groups/09own', { address: 'own@harbor.example', members: [] });
      google.people.set('own@harbor.example', 'the group own');
      google.put('groups/09own', 'ben');
      putIn('the group own');
    },
  },
  {
    name: 'takes the others out',
    act: async ({ takeOut }) => OTHERS.forEach(takeOut),
  },
  {
    name: 'is renamed, and a newcomer gets the address and comes in',
    act: async ({ google, group, putIn }) => {
      if (!group().members.some(({ person }) => person === 'ben')) return;
      google.people.set('benny@harbor.example', 'ben');
      google.people.set(BEN.email, 'newcomer');
      putIn('newcomer');
    },
  },
  {
    name: 'gives the group another address, which a group of their own takes',
    act: async ({ google, group }) => {
      if (google.groups.has('groups/02new')) return;
      group().address = 'was-payments@harbor.example';
      google.groups.set('groups/02new', { address: ADDRESS, members: [] });
      google.put('groups/02new', 'mallory');
    },
  },
  {
    name: 'comes back right after they were taken out',
    act: async ({ google, putIn, group }, chance) => {
      let left = 1 + chance.int(2);
      let isOut = false;
      google.before = (method) => {
        if (isOut && left > 0 && !group().members.some(({ person }) => person === 'ben')) {
          left -= 1;
          putIn('ben');
        }
        isOut = method === 'DELETE';
        return null;
      };
    },
  },
  { name: 'asks for more time', act: ({ extend }) => extend() },
  {
    name: 'gets another grant of the same group',
    act: async ({ google, beginAnother }) => {
      // Under an address that is the newcomer's by now it would be the newcomer's grant.
      if (google.people.get(BEN.email) === 'ben') await beginAnother();
    },
  },
  { name: 'lets another grant end', act: ({ endAnother }) => endAnother() },
  {
    name: 'uses up the quota',
    act: async ({ google }, chance) => {
      let left = 1 + chance.int(2);
      google.before = () => {
        left -= 1;
        return left >= 0 ? { status: 429, body: { error: { code: 429, message: 'Quota exceeded' } } } : null;
      };
    },
  },
];

const unavoidable: readonly Unavoidable[] = [
  { fact: /groups\/09own/, why: 'a group of their own' },
  {
    fact: /^groups\/0\w+ is called |groups\/02new/,
    why: 'what a group is called decides nothing once access was given',
  },
];

describeHostileHolder<Directory>({
  kind: 'google_group',
  rounds: 40,
  begin,
  moves,
  unavoidable,
  isNamed: (fact, left) => left.some(({ what }) => what === fact),
  survivors: [
    { what: 'the holder', plant: ({ putIn }) => putIn('ben') },
    { what: 'a friend', plant: ({ putIn }) => putIn('mallory') },
    {
      what: 'a colleague who owns the group',
      plant: ({ group }) => {
        for (const one of group().members) one.roles = [{ name: 'MEMBER' }, { name: 'OWNER' }];
      },
    },
    {
      what: 'a colleague who lost their seat',
      plant: ({ group }) => {
        group().members = group().members.filter(({ person }) => person !== 'eve');
      },
    },
  ],
});
