/** A hostile holder of a seat in a team's own system, however the bot talks to it. */

import type { Connection } from '../../../src/provisioners/provisioner.ts';
import { BEN } from '../../provisioners/contract.ts';
import { grantsOf, type HoldersGrants } from '../grants.ts';
import type { Unavoidable } from '../judge.ts';
import type { Move } from '../play.ts';
import { type Arena, describeHostileHolder } from '../suite.ts';
import { type OwnService, startOwnService } from './service.ts';

interface Own extends Arena, Omit<HoldersGrants, 'id'> {
  readonly service: OwnService;
  /** Ben's seats that the bot made. */
  mine(): string[];
  /** What of others' the holder took away. */
  readonly taken: Set<string>;
}

const PEOPLE = { ben: BEN.email, eve: 'eve@harbor.example', mallory: 'mallory@harbor.example' };
const seatOf = (account: string, isOurs: boolean) => `${account} has a seat${isOurs ? '' : ' of their own'}`;

/** @param connect to a service that is up, as a target of this kind would be connected */
export function describeOwnHolder(
  kind: string,
  { rounds, pastes }: { readonly rounds: number; readonly pastes: boolean },
  connect: (url: string) => { readonly connection: Connection<Record<string, 'edit' | 'see'>>; close(): void },
): void {
  async function begin(): Promise<Own> {
    const service = await startOwnService(PEOPLE, { pastes });
    service.seats.set('seat-eve', { account: 'eve', grantId: null });
    const { connection, close } = connect(service.url);
    const taken = new Set<string>();
    const mine = () => [...service.seats].flatMap(([id, { grantId }]) => (grantId === null ? [] : [id]));
    return {
      ...grantsOf(connection, { permission: 'edit' }, { permission: 'see' }),
      service,
      mine,
      taken,
      facts: () =>
        new Set([
          ...[...service.seats.values()].map(({ account, grantId }) => seatOf(account, grantId !== null)),
          ...service.made.map(({ what }) => what),
          ...taken,
        ]),
      uses: () => (mine().length > 0 ? ['what a seat opens'] : []),
      close: async () => {
        await connection.close();
        close();
        await service.close();
      },
    };
  }

  describeHostileHolder<Own>({
    kind,
    rounds,
    begin,
    moves,
    unavoidable,
    isNamed: (fact, left) => left.some(({ what }) => what === fact),
    mayBeOverdue: [
      { fact: /locked by its holder|ended with 1 .*503/, why: 'the service refuses while the seat is locked' },
      { fact: /"active": true|still there/, why: 'the service says that the seat is still used' },
      {
        fact: /something that is not|in a form that is not allowed/,
        why: 'an answer that a name has bent is no answer',
      },
      { fact: /with 50[0-9]|fetch failed|could not be reached/, why: 'the service does not answer' },
    ],
    mend: async ({ service }) => {
      service.locked.clear();
      service.busy = 0;
      service.instead = null;
      service.lose = 0;
      for (const [id, name] of Object.entries(PEOPLE)) service.names.set(id, name);
    },
    survivors: [
      {
        what: 'a seat of the holder',
        plant: ({ service }) => service.seats.set('seat-x', { account: 'ben', grantId: 'GX' }),
      },
      { what: 'a key that nobody named', plant: ({ service }) => service.made.push({ by: 'ben', what: 'key 99' }) },
      { what: 'a colleague who lost their seat', plant: ({ service }) => service.seats.delete('seat-eve') },
    ],
  });
}

const moves: readonly Move<Own>[] = [
  {
    name: 'makes a key that works without a seat',
    act: async ({ service }) => service.made.push({ by: 'ben', what: `key ${service.made.length + 1}` }),
  },
  {
    name: 'shares what they see with a friend',
    act: async ({ service }) => service.made.push({ by: 'ben', what: `share ${service.made.length + 1} with mallory` }),
  },
  {
    name: 'hands a seat on to a friend',
    act: async ({ service, mine }, chance) => {
      const seat = service.seats.get(chance.pick(mine()));
      if (seat) seat.account = 'mallory';
    },
  },
  { name: 'gives a seat up', act: async ({ service, mine }, chance) => service.seats.delete(chance.pick(mine())) },
  {
    name: 'gives a friend a seat',
    act: async ({ service }) => service.seats.set('seat-friend', { account: 'mallory', grantId: null }),
  },
  {
    name: 'takes the seat of another one',
    act: async ({ service, taken }) => {
      if (service.seats.delete('seat-eve')) taken.add(seatOf('eve', false));
    },
  },
  {
    name: 'locks their seats',
    act: async ({ service, mine }) => {
      for (const id of mine()) service.locked.add(id);
    },
  },
  {
    name: 'uses a seat for so long that it cannot be taken away',
    act: async ({ service }, chance) => {
      service.busy = 1 + chance.int(4);
    },
  },
  {
    name: 'is called something else, and a friend is called as they were',
    act: async ({ service }) => {
      service.names.set('ben', 'benny@harbor.example');
      service.names.set('mallory', BEN.email);
    },
  },
  {
    name: 'is called something that says that they have no access',
    act: async ({ service }) => service.names.set('ben', 'ben","active":false,"x":"'),
  },
  {
    name: 'is called something that breaks the answer',
    act: async ({ service }) => service.names.set('ben', 'ben"'),
  },
  {
    name: 'makes the service fail for a while',
    act: async ({ service }, chance) => {
      service.instead = { status: 500, body: 'oops', times: 1 + chance.int(2) };
    },
  },
  {
    name: 'has a proxy say "not found" for a while',
    act: async ({ service }, chance) => {
      service.instead = { status: 404, body: '{"active":false}', times: 1 + chance.int(2) };
    },
  },
  {
    name: 'has a proxy answer about another seat for a while',
    act: async ({ service }, chance) => {
      service.instead = { status: 200, body: '{"active":false,"id":"seat-of-another"}', times: 1 + chance.int(2) };
    },
  },
  { name: 'asks for more time', act: ({ extend }) => extend() },
  {
    name: 'gets another grant',
    act: async ({ service, beginAnother }) => {
      // Under a name that is somebody else's by now it would be theirs.
      if (service.names.get('ben') === BEN.email) await beginAnother();
    },
  },
  { name: 'lets another grant end', act: ({ endAnother }) => endAnother() },
];

const unavoidable: readonly Unavoidable[] = [
  { fact: /^mallory has a seat of their own$/, why: 'somebody else’s access is standing access, which drift finds' },
];
