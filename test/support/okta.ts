/** An independent fake of Okta, and before it a layer that counts people, and hides and refuses as Okta does. */

import { createEmulator } from 'emulate';
import { type Answered, type Asked, type Front, startFront } from './front.ts';
import { freePort } from './ports.ts';

interface User {
  readonly id: string;
  readonly profile: { readonly login: string };
}

export interface FakeOkta {
  /** What the bot talks to. */
  readonly front: Front;
  asAdmin<T>(method: string, path: string, body?: object): Promise<T>;
  /** The id of the user who has a login now. */
  idOf(login: string): Promise<string>;
  /** @returns the id of the new user */
  addUser(login: string): Promise<string>;
  /** Gives a user another login. */
  rename(id: string, login: string): Promise<unknown>;
  /** Deactivates and deletes. */
  removeUser(id: string): Promise<void>;
  /** @returns the id of the new group */
  addGroup(name: string): Promise<string>;
  renameGroup(id: string, name: string): Promise<unknown>;
  /** Ids of the people in a group. */
  members(group: string): Promise<string[]>;
  put(group: string, user: string): Promise<unknown>;
  takeOut(group: string, user: string): Promise<unknown>;
  close(): Promise<void>;
}

/** @param logins users who are there from the start */
export async function startOkta(logins: readonly string[]): Promise<FakeOkta> {
  const person = (login: string) => ({ login, email: login, first_name: 'A', last_name: 'B' });
  const emulator = await createEmulator({
    service: 'okta',
    port: await freePort(),
    seed: { okta: { users: logins.map(person) } },
  });

  async function asAdmin<T>(method: string, path: string, body?: object): Promise<T> {
    const response = await fetch(`${emulator.url}/api/v1${path}`, {
      method,
      headers: { authorization: 'SSWS admin', 'content-type': 'application/json' },
      ...(body && { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    return (text ? JSON.parse(text) : null) as T;
  }
  const profile = (login: string) => ({ profile: { login, email: login, firstName: 'A', lastName: 'B' } });
  const members = async (group: string) => (await asAdmin<User[]>('GET', `/groups/${group}/users`)).map(({ id }) => id);

  /** Okta's own count of the people in a group, which the fake does not have. */
  async function counted({ path }: Asked): Promise<Answered> {
    const id = /id eq "(\w+)"/.exec(new URL(path, 'http://okta').searchParams.get('filter') ?? '')?.[1] ?? '';
    return { status: 200, body: [{ id, _embedded: { stats: { usersCount: (await members(id)).length } } }] };
  }
  /** One person a page, so that whoever forgets the rest is noticed. The fake itself has no pages here. */
  async function page(asked: Asked, group: string): Promise<Answered> {
    const all = await asAdmin<User[]>('GET', `/groups/${group}/users`);
    const after = new URL(asked.path, 'http://okta').searchParams.get('after');
    const from = after === null ? 0 : all.findIndex(({ id }) => id === after) + 1;
    const body = all.slice(from, from + 1);
    const next = `<${front.url}/api/v1/groups/${group}/users?limit=1&after=${body[0]?.id}>; rel="next"`;
    return { status: 200, body, ...(from + 1 < all.length && { headers: { link: next } }) };
  }
  const front = await startFront(emulator.url, async (asked, pass) => {
    if (asked.path.includes('expand=stats')) return counted(asked);
    const group = /\/groups\/(\w+)\/users\?/.exec(asked.path)?.[1];
    if (asked.method !== 'GET' || group === undefined) return pass(asked);
    const whole = await pass(asked);
    return whole.status === 200 ? page(asked, group) : whole;
  });
  return {
    front,
    asAdmin,
    idOf: async (login) => (await asAdmin<User>('GET', `/users/${login}`)).id,
    addUser: async (login) => (await asAdmin<User>('POST', '/users', profile(login))).id,
    rename: (id, login) => asAdmin('POST', `/users/${id}`, profile(login)),
    removeUser: async (id) => {
      await asAdmin('DELETE', `/users/${id}`);
      await asAdmin('DELETE', `/users/${id}`);
    },
    addGroup: async (name) => (await asAdmin<{ id: string }>('POST', '/groups', { profile: { name } })).id,
    renameGroup: (id, name) => asAdmin('PUT', `/groups/${id}`, { profile: { name } }),
    members,
    put: (group, user) => asAdmin('PUT', `/groups/${group}/users/${user}`),
    takeOut: (group, user) => asAdmin('DELETE', `/groups/${group}/users/${user}`),
    close: async () => {
      await front.close();
      await emulator.close();
    },
  };
}
