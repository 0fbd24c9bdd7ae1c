import type { WebClient } from '@slack/web-api';
import { z } from 'zod';
import { errorText } from '../../domain/text.ts';
import { keyedLock } from '../../lifecycle/keyedLock.ts';
import { TargetRefusal } from '../provisioner.ts';
import type { Roster } from '../roster.ts';
import type { Role, Target } from './provisioner.ts';

/** Slack user groups as places that people are in. Slack only takes the whole list of a group's people, and no empty one. */

const MEMBER = 'member';
/** On the list of a group that is turned off: it gives nothing until somebody turns the group on. */
const LISTED = 'listed';
/** By group: its list is read and written as a whole. */
const lock = keyedLock();

const group = z.object({ id: z.string().min(1), team_id: z.string().min(1), date_delete: z.number() });
const listed = z.object({ ok: z.literal(true), usergroups: z.array(group) });
type Shown = z.infer<typeof group>;
const people = z.object({ ok: z.literal(true), users: z.array(z.string().regex(/^[UW][A-Z0-9]+$/)) });

interface Group {
  /** Everybody on its list, also while it is turned off: turning it on would bring them back. */
  readonly users: readonly string[];
  readonly isDisabled: boolean;
}

export function rosterOf({ api_url: api, keeper }: Target, client: WebClient): Roster<Role> {
  /** @throws on every refusal, and on what is not understood: an unknown form is no empty group */
  async function ask<T>(schema: z.ZodType<T>, call: () => Promise<unknown>): Promise<T> {
    let answer: unknown;
    try {
      answer = await call();
    } catch (error) {
      throw new Error(`Slack user groups: ${errorText(error)}`, { cause: error });
    }
    const parsed = schema.safeParse(answer);
    if (parsed.success) return parsed.data;
    throw new Error('Slack user groups: an answer of an unknown form');
  }
  const told = z.object({ ok: z.literal(true) });

  /** @throws where the token does not see it */
  async function find(id: string, where: string, isIt: (group: Shown) => boolean = () => true): Promise<Shown> {
    const { usergroups } = await ask(listed, () => client.usergroups.list({ include_disabled: true }));
    const found = usergroups.find((group) => group.id === id && isIt(group));
    if (!found) throw new TargetRefusal(`Slack user groups: no group ${id}${where} is shown to this token`);
    return found;
  }

  /** Exactly this group of exactly this workspace: ids of groups are a workspace's own. */
  const shown = (place: string): Promise<Shown> => {
    const team = place.slice(0, place.indexOf('/'));
    return find(groupOf(place), ` of the workspace ${team}`, (group) => group.team_id === team);
  };

  async function read(place: string): Promise<Group> {
    const isDisabled = (await shown(place)).date_delete !== 0;
    const question = { usergroup: groupOf(place), include_disabled: true };
    const { users } = await ask(people, () => client.usergroups.users.list(question));
    return { users, isDisabled };
  }

  const write = (place: string, users: readonly string[]): Promise<unknown> =>
    ask(told, () => client.usergroups.users.update({ usergroup: groupOf(place), users: users.join(',') }));

  async function add(place: string, user: string): Promise<void> {
    const { users, isDisabled } = await read(place);
    if (isDisabled) {
      // Nobody is in a group that is turned off: whoever is still on its list does not come back with it.
      assertCanEnd(place, []);
      await write(place, [user]);
      await ask(told, () => client.usergroups.enable({ usergroup: groupOf(place) }));
      return;
    }
    const others = users.filter((one) => one !== user);
    assertCanEnd(place, others);
    if (!users.includes(user)) await write(place, [...others, user]);
  }

  /** Access whose end Slack would refuse is not given. */
  function assertCanEnd(place: string, others: readonly string[]): void {
    if (keeper !== undefined || others.length > 0) return;
    throw new TargetRefusal(
      `nobody else is in the user group ${groupOf(place)}, and Slack takes no empty list: set keeper in the target to somebody who may stay in it, or put somebody in`,
    );
  }

  async function remove(place: string, user: string): Promise<void> {
    const { users, isDisabled } = await read(place);
    if (!users.includes(user)) return;
    const others = users.filter((one) => one !== user);
    const disable = () => ask(told, () => client.usergroups.disable({ usergroup: groupOf(place) }));
    if (others.length > 0) {
      await write(place, others);
      return;
    }
    if (keeper !== undefined && keeper !== user) {
      await write(place, [keeper]);
      if (!isDisabled) await disable();
      return;
    }
    // It ends what the group gives now. It is not gone: whoever turns the group on brings it back.
    if (!isDisabled) await disable();
    throw new Error(
      `Slack user groups: ${user} is the only one on the list of ${groupOf(place)}, which is turned off now, and Slack takes no empty list: put somebody else on it, or set keeper in the target`,
    );
  }

  return {
    scope: `slack ${api}`,
    levels: [LISTED, MEMBER],
    dormant: LISTED,
    expires: false,
    seats: ({ groups }) => groups.map((place) => ({ place, level: MEMBER })),
    placeId: async (id) => `${(await find(id, '')).team_id}/${id}`,
    personId: async (user) => user,
    level: async (place, user) => {
      const { users, isDisabled } = await read(place);
      if (!users.includes(user)) return null;
      return isDisabled ? LISTED : MEMBER;
    },
    set: (place, user, level) => lock(place, () => (level === MEMBER ? add(place, user) : remove(place, user))),
    members: async (place) => {
      const { users, isDisabled } = await read(place);
      return isDisabled ? [] : users.map((id) => ({ id, account: id, level: MEMBER }));
    },
  };
}

const groupOf = (place: string): string => place.slice(place.indexOf('/') + 1);
