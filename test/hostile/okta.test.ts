/**
 * A hostile holder of a seat in an Okta group that carries an administrator role, so that its members can put others in,
 * take them out, rename, deactivate, and write group rules.
 */

import { okta } from '../../src/provisioners/okta/provisioner.ts';
import { BEN, useForTests } from '../provisioners/contract.ts';
import type { Answered } from '../support/front.ts';
import { type FakeOkta, startOkta } from '../support/okta.ts';
import { grantsOf, type HoldersGrants } from './grants.ts';
import type { Unavoidable } from './judge.ts';
import type { Move } from './play.ts';
import { type Arena, describeHostileHolder } from './suite.ts';

const NEWCOMERS = 'newcomer@harbor.example';
const MALLORYS = 'mallory@harbor.example';
const EVES = 'eve@harbor.example';

interface Directory extends Arena, Omit<HoldersGrants, 'id'> {
  readonly fake: FakeOkta;
  readonly group: string;
  readonly ids: { readonly ben: string; readonly eve: string; readonly mallory: string };
  /** What the holder made that the bot has nothing to do with. */
  readonly made: Set<string>;
  readonly taken: Set<string>;
  isIn(person: string): Promise<boolean>;
}

async function begin(): Promise<Directory> {
  const fake = await startOkta([BEN.email, EVES, MALLORYS]);
  const ids = { ben: await fake.idOf(BEN.email), eve: await fake.idOf(EVES), mallory: await fake.idOf(MALLORYS) };
  const groups = [await fake.addGroup('Payments'), await fake.addGroup('Payments reading')];
  const [group = '', reading = ''] = groups;
  await fake.put(group, ids.eve);
  const use = useForTests({ polling: { every: 1, until: 50 } });
  const target = okta.targetSchema.parse({ kind: 'okta', url: fake.front.url, token: 'bot' });
  const connection = okta.connect(target, use);
  const made = new Set<string>();
  const taken = new Set<string>();
  const isIn = async (person: string) => (await fake.members(group)).includes(person);
  return {
    ...grantsOf(connection, { groups: [group] }, { groups }),
    fake,
    group,
    ids,
    made,
    taken,
    isIn,
    facts: async () => new Set([...(await factsOf(fake, groups, ids)), ...made, ...taken]),
    uses: async () => {
      const inThem = await Promise.all(
        [group, reading].map(async (one) => (await fake.members(one)).includes(ids.ben)),
      );
      return inThem.some(Boolean) ? ['what the group opens'] : [];
    },
    close: async () => {
      await connection.close();
      await fake.close();
      use.close();
    },
  };
}

/** People by what they are, whatever they are called by now. */
async function factsOf(fake: FakeOkta, groups: readonly string[], ids: Directory['ids']): Promise<string[]> {
  const called = new Map(Object.entries(ids).map(([who, id]) => [id, who]));
  const facts: string[] = [];
  for (const [index, group] of groups.entries())
    for (const one of await fake.members(group))
      facts.push(`${called.get(one) ?? 'somebody else'} is in group ${index + 1}`);
  return facts;
}

const refusal = (status: number, errorCode: string): Answered => ({ status, body: { errorCode, errorSummary: 'no' } });

const moves: readonly Move<Directory>[] = [
  { name: 'leaves the group', act: ({ fake, group, ids }) => fake.takeOut(group, ids.ben) },
  {
    name: 'leaves the group and comes back',
    act: async ({ fake, group, ids }) => {
      await fake.takeOut(group, ids.ben);
      await fake.put(group, ids.ben);
    },
  },
  {
    name: 'puts a friend in',
    act: async ({ fake, group, ids }) => fake.put(group, ids.mallory),
  },
  {
    name: 'takes the others out',
    act: async ({ fake, group, ids, isIn, taken }) => {
      if (await isIn(ids.eve)) taken.add('eve is in group 1');
      await fake.takeOut(group, ids.eve);
    },
  },
  {
    name: 'gets another login, and a newcomer takes the old one',
    act: async ({ fake, ids }) => {
      await fake.rename(ids.ben, 'benny@harbor.example');
      await fake.addUser(BEN.email);
    },
  },
  {
    name: 'renames the group, and gives its name to one of their own',
    act: async ({ fake, group, made }) => {
      await fake.renameGroup(group, 'Was payments');
      await fake.addGroup('Payments');
      made.add('made: a group of their own');
    },
  },
  { name: 'makes a token of their own', act: async ({ made }) => made.add('made: an API token') },
  {
    name: 'has themselves suspended',
    act: ({ fake, ids }) => fake.asAdmin('POST', `/users/${ids.ben}/lifecycle/suspend`),
  },
  {
    name: 'has themselves deactivated and activated again',
    act: async ({ fake, ids }) => {
      await fake.asAdmin('POST', `/users/${ids.ben}/lifecycle/deactivate`);
      await fake.asAdmin('POST', `/users/${ids.ben}/lifecycle/activate`);
    },
  },
  {
    name: 'writes a rule that puts them back once they are out',
    act: async ({ fake, group, ids }, chance) => {
      let left = 1 + chance.int(2);
      let isOut = false;
      fake.front.before = ({ method }) => {
        if (isOut && left > 0) {
          left -= 1;
          void fake.put(group, ids.ben);
        }
        isOut = method === 'DELETE';
        return null;
      };
    },
  },
  {
    name: 'takes the right to change groups from the bot',
    act: async ({ fake }) => {
      fake.front.before = ({ method }) => (method === 'GET' ? null : refusal(403, 'E0000006'));
    },
  },
  {
    name: 'takes the group out of the bot’s sight',
    act: async ({ fake, group }) => {
      fake.front.before = ({ path }) => (path.includes(group) ? refusal(404, 'E0000007') : null);
    },
  },
  {
    name: 'makes Okta fail for a while',
    act: async ({ fake }, chance) => {
      let left = 1 + chance.int(3);
      fake.front.before = () => {
        left -= 1;
        return left >= 0 ? refusal(500, 'E0000009') : null;
      };
    },
  },
  { name: 'asks for more time', act: ({ extend }) => extend() },
  {
    name: 'gets another grant, of more groups',
    act: async ({ fake, ids, beginAnother }) => {
      // Under a login that is the newcomer's by now it would be the newcomer's grant.
      if ((await fake.idOf(BEN.email)) === ids.ben) await beginAnother();
    },
  },
  { name: 'lets another grant end', act: ({ endAnother }) => endAnother() },
];

const unavoidable: readonly Unavoidable[] = [
  { fact: /^made: /, why: 'what was made with an administrator role or in an application is not looked for' },
  {
    fact: /^mallory is in /,
    why: 'others in the group are standing access, which drift finds',
  },
];

describeHostileHolder<Directory>({
  kind: 'okta',
  rounds: 20,
  begin,
  moves,
  unavoidable,
  isNamed: (fact, left) => left.some(({ what }) => what === fact),
  mayBeOverdue: [
    { fact: /E0000006|E0000007|403|404/, why: 'an administrator can take rights from the bot' },
    { fact: /500|E0000009/, why: 'Okta itself does not answer' },
    { fact: /still shows|still there|again and again/, why: 'a rule puts them back' },
  ],
  mend: async ({ fake }) => {
    fake.front.before = () => null;
  },
  survivors: [
    {
      what: 'the holder under another login',
      plant: async ({ fake, group, ids }) => {
        await fake.rename(ids.ben, 'benny@harbor.example');
        await fake.put(group, ids.ben);
      },
    },
    {
      what: 'a colleague in the group',
      plant: async ({ fake, group }) => fake.put(group, await fake.addUser(NEWCOMERS)),
    },
    { what: 'a colleague who lost their seat', plant: ({ fake, group, ids }) => fake.takeOut(group, ids.eve) },
  ],
});
