/** A hostile holder of a seat in a Slack user group, in a workspace where every member may manage user groups. */

import type { Residue } from '../../src/domain/grant.ts';
import { slack } from '../../src/provisioners/slackGroups/provisioner.ts';
import { accessOf, inAnHour, newGrantId, useForTests } from '../provisioners/contract.ts';
import { type SlackGroups, startSlackGroups } from '../support/slackGroups.ts';
import { grantsOf, type HoldersGrants } from './grants.ts';
import type { Unavoidable } from './judge.ts';
import type { Move } from './play.ts';
import { type Arena, describeHostileHolder } from './suite.ts';

const GROUP = 'S0PAY';
const [HOLDER, COLLEAGUE, FRIEND, KEEPER] = ['U0BEN', 'U0EVE', 'U0MALLORY', 'U0KEEPER'];
/** Who was in it before: one for good, one by a grant of their own. */
const OTHERS = ['U0ANA', COLLEAGUE];

interface Workspace extends Arena, Omit<HoldersGrants, 'id'> {
  readonly slack: SlackGroups;
  /** What the holder took from others: no doing of the bot's. */
  readonly taken: Set<string>;
  group(): { users: string[]; date_delete: number };
  /** Puts the list of the group down anew. */
  list(users: readonly string[]): void;
  /** Takes everybody out of the group, until somebody turns it on. The bot lets nobody back in who was in it then. */
  turnOff(): void;
}

async function begin(): Promise<Workspace> {
  const workspace = await startSlackGroups('xoxb-groups');
  workspace.groups.set(GROUP, { users: ['U0ANA'], date_delete: 0, handle: 'pay' });
  const use = useForTests({ polling: { every: 1, until: 50 } });
  const connection = slack.connect(
    slack.targetSchema.parse({ kind: 'slack', token: 'xoxb-groups', api_url: workspace.url, keeper: KEEPER }),
    use,
  );
  const role = { groups: [GROUP] };
  const person = { slackId: COLLEAGUE, name: 'Eve', email: 'eve@harbor.example' };
  await connection.grant({ ...accessOf(role, newGrantId()), person }, inAnHour());
  const group = () => {
    const found = workspace.groups.get(GROUP);
    if (!found) throw new Error('the group is gone');
    return found;
  };
  const taken = new Set<string>();
  return {
    ...grantsOf(connection, role),
    slack: workspace,
    taken,
    group,
    list: (users) => {
      for (const user of OTHERS) if (!users.includes(user)) taken.add(listed(user, GROUP));
      workspace.somebody('usergroups.users.update', { usergroup: GROUP, users: users.join(',') });
    },
    turnOff: () => {
      for (const user of OTHERS) taken.add(listed(user, GROUP));
      workspace.somebody('usergroups.disable', { usergroup: GROUP });
    },
    facts: () => new Set([...factsOf(workspace), ...taken]),
    uses: () => (group().date_delete === 0 && group().users.includes(HOLDER) ? [`is mentioned as ${GROUP}`] : []),
    close: async () => {
      await connection.close();
      await workspace.close();
      use.close();
    },
  };
}

const listed = (user: string, group: string) => `${user} is on the list of the user group ${group}`;

function factsOf({ groups, channels }: SlackGroups): string[] {
  return [
    ...[...groups].flatMap(([id, { users, date_delete: off, handle, channels: own = [] }]) => [
      `${id} is called ${handle}`,
      `${id} is turned ${off ? 'off' : 'on'}`,
      ...users.map((user) => listed(user, id)),
      ...own.map((channel) => `${id} puts its people into the channel ${channel}`),
    ]),
    ...[...channels].flatMap(([id, users]) => [...users].map((user) => `${user} is in the channel ${id}`)),
  ];
}

/** Only so often: somebody who writes all the time makes the end overdue. */
function times(most: number, act: () => void): () => void {
  let left = most;
  return () => {
    if (left <= 0) return;
    left -= 1;
    try {
      act();
    } catch (error) {
      // Slack does not let them.
      if (!String(error).includes('Slack refuses it')) throw error;
    }
  };
}

const moves: readonly Move<Workspace>[] = [
  {
    name: 'leaves the group',
    act: async ({ list, group }) => list(group().users.filter((user) => user !== HOLDER)),
  },
  { name: 'puts themselves in', act: async ({ list, group }) => list([...new Set([...group().users, HOLDER])]) },
  { name: 'lets a friend in', act: async ({ list, group }) => list([...new Set([...group().users, FRIEND])]) },
  { name: 'takes everybody else out', act: async ({ list }) => list([HOLDER]) },
  {
    name: 'turns the group off',
    act: async ({ turnOff }) => turnOff(),
  },
  {
    name: 'turns the group on',
    act: async (arena) => arena.slack.somebody('usergroups.enable', { usergroup: GROUP }),
  },
  {
    name: 'turns the group off, where Slack takes no list for it',
    act: async (arena) => {
      arena.slack.takesListsWhileOff = false;
      arena.turnOff();
    },
  },
  {
    name: 'comes back right after they were taken out',
    act: async ({ slack: workspace, list, group }, chance) => {
      workspace.afterWrite = times(1 + chance.int(2), () => list([...new Set([...group().users, HOLDER])]));
    },
  },
  {
    name: 'turns the group on again right after it was turned off',
    act: async ({ slack: workspace }, chance) => {
      workspace.afterWrite = times(1 + chance.int(2), () =>
        workspace.somebody('usergroups.enable', { usergroup: GROUP }),
      );
    },
  },
  {
    name: 'makes a group of their own with the handle',
    act: async ({ slack: workspace }) => {
      workspace.somebody('usergroups.update', { usergroup: GROUP, handle: 'was-pay' });
      workspace.somebody('usergroups.create', { handle: 'pay' });
      const [own] = [...workspace.groups].find(([, { handle }]) => handle === 'pay') ?? [];
      if (own !== undefined) workspace.somebody('usergroups.users.update', { usergroup: own, users: HOLDER });
    },
  },
  {
    name: 'lets the group into a channel',
    act: async ({ slack: workspace, list, group }) => {
      workspace.somebody('usergroups.update', { usergroup: GROUP, channels: 'C0SECRET' });
      list(group().users);
    },
  },
  { name: 'asks for more time', act: ({ extend }) => extend() },
  { name: 'gets another grant of the same group', act: ({ beginAnother }) => beginAnother() },
  { name: 'lets another grant end', act: ({ endAnother }) => endAnother() },
  {
    name: 'uses up the rate limit',
    act: async ({ slack: workspace }, chance) => {
      let left = 1 + chance.int(2);
      workspace.lie = () => {
        left -= 1;
        return left >= 0 ? { ok: false, error: 'ratelimited' } : undefined;
      };
    },
  },
  {
    name: 'is shown an old list right after a change',
    act: async ({ slack: workspace }, chance) => {
      workspace.afterWrite = times(1, () => {
        let left = 1 + chance.int(3);
        const old = [...(workspace.groups.get(GROUP)?.users ?? []), HOLDER];
        workspace.lie = (method) => {
          if (method !== 'usergroups.users.list') return undefined;
          left -= 1;
          return left >= 0 ? { ok: true, users: old } : undefined;
        };
      });
    },
  },
];

const unavoidable: readonly Unavoidable[] = [
  { fact: /^S0NEW\d+ |user group S0NEW\d+$/, why: 'a group of their own, which the policy names nowhere' },
  { fact: /^S0PAY is called /, why: 'what a group is called decides nothing: the bot knows it by its id' },
  { fact: /^S0PAY is turned /, why: 'whoever may manage groups may turn them off and on' },
  { fact: /the channel C0SECRET$/, why: 'Slack leaves people in the channels that came with a group' },
  { fact: /^U0KEEPER is on the list/, why: 'the keeper stays when nobody else is left' },
];

describeHostileHolder<Workspace>({
  kind: 'slack',
  rounds: 40,
  begin,
  moves,
  unavoidable,
  isNamed: (fact: string, left: readonly Residue[]) => left.some(({ what }) => what === fact),
  mayBeOverdue: [{ fact: /permission_denied/, why: 'Slack takes no list for a group that is turned off' }],
  mend: async ({ group }) => {
    // As an operator would who reads that nobody could be taken off the list of a group that is off.
    group().date_delete = 0;
  },
  survivors: [
    { what: 'the holder on the list', plant: ({ group }) => group().users.push(HOLDER) },
    {
      what: 'the holder on the list of a group that is off',
      plant: ({ group }) => Object.assign(group(), { users: [...group().users, HOLDER], date_delete: 1 }),
    },
    { what: 'a friend on the list', plant: ({ group }) => group().users.push(FRIEND) },
    {
      what: 'a colleague who lost their seat',
      plant: ({ group }) => Object.assign(group(), { users: group().users.filter((user) => user !== COLLEAGUE) }),
    },
    {
      what: 'a channel of the group',
      plant: ({ slack: workspace }) => Object.assign(workspace.groups.get(GROUP) ?? {}, { channels: ['C0OTHER'] }),
    },
    {
      what: 'the holder in a channel',
      plant: ({ slack: workspace }) => workspace.channels.set('C0OTHER', new Set([HOLDER])),
    },
  ],
});
