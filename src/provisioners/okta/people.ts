import type { Client } from '@okta/okta-sdk-nodejs';
import { z } from 'zod';
import { errorText } from '../../domain/text.ts';
import { OKTA } from '../../wording/targets/okta.ts';

const NOT_FOUND = 404;
const PAGE_SIZE = 200;

const user = z.object({ id: z.string().min(1), status: z.string(), profile: z.object({ login: z.string().min(1) }) });
const users = z.array(user);
const group = z.object({ id: z.string().min(1) });
const counted = z.tuple([
  z.object({ id: z.string(), _embedded: z.object({ stats: z.object({ usersCount: z.number().int() }) }) }),
]);
type User = z.infer<typeof user>;

interface Page<T> {
  readonly value: T;
  /** The address of the next page. */
  readonly next: string | null;
}

/** Users and groups of one Okta, through its client. */
export class People {
  /** Its name in errors. */
  readonly where: string;
  readonly #url: string;
  readonly #client: () => Promise<Client>;

  constructor(url: string, client: () => Promise<Client>) {
    this.where = OKTA.place(new URL(url).host);
    this.#url = url;
    this.#client = client;
  }

  /** @param named an id or a login @returns null if Okta shows no such user, who may have been deleted */
  async user(named: string): Promise<User | null> {
    return (await this.#read(this.#at(`/users/${segment(named)}`), user, true))?.value ?? null;
  }

  async groupId(id: string): Promise<string> {
    return (await this.#read(this.#at(`/groups/${segment(id)}`), group))?.value.id ?? id;
  }

  /** All members of a group, over all pages. */
  async membersOf(groupId: string): Promise<User[]> {
    const found: User[] = [];
    let next: string | null = this.#at(`/groups/${segment(groupId)}/users?limit=${PAGE_SIZE}`);
    while (next !== null) {
      const page: Page<User[]> | null = await this.#read(next, users);
      found.push(...(page?.value ?? []));
      next = page?.next ?? null;
    }
    return found;
  }

  /** Whether Okta's member count equals the shown list, so that no member is hidden from the bot. */
  async showsAll(groupId: string, shown: number): Promise<boolean> {
    const question = new URLSearchParams({ filter: `id eq "${groupId}"`, expand: 'stats' });
    const page = await this.#read(this.#at(`/groups?${question}`), counted);
    return page?.value[0].id === groupId && page.value[0]._embedded.stats.usersCount === shown;
  }

  async add(groupId: string, userId: string): Promise<void> {
    await this.#ask(({ groupApi }) => groupApi.assignUserToGroup({ groupId, userId }));
  }

  /** Already gone is success. */
  async remove(groupId: string, userId: string): Promise<void> {
    await this.#ask(({ groupApi }) => groupApi.unassignUserFromGroup({ groupId, userId }), true);
  }

  #at(path: string): string {
    return `${this.#url.replace(/\/+$/, '')}/api/v1${path}`;
  }

  /** Validates a raw page. @throws if it is not understood, because the client would treat an unknown shape as empty */
  async #read<T>(address: string, schema: z.ZodType<T>, isExpected = false): Promise<Page<T> | null> {
    const response = await this.#ask((okta) => okta.http.http(address), isExpected);
    if (response === null) return null;
    const parsed = schema.safeParse(await response.json());
    if (!parsed.success) throw new Error(OKTA.unknownForm(this.where, new URL(address).pathname));
    const next = /<([^>]+)>;\s*rel="next"/.exec(response.headers.get('link') ?? '')?.[1] ?? null;
    if (next !== null && new URL(next).host !== new URL(this.#url).host)
      throw new Error(OKTA.otherHost(this.where, new URL(next).host));
    return { value: parsed.data, next };
  }

  /** An expected 404 is an answer. @throws with the target's name */
  async #ask<T>(call: (okta: Client) => Promise<T>, isExpected = false): Promise<T | null> {
    try {
      return await call(await this.#client());
    } catch (error) {
      if (isExpected && error instanceof Error && 'status' in error && error.status === NOT_FOUND) return null;
      throw new Error(`${this.where}: ${errorText(error)}`, { cause: error });
    }
  }
}

const segment = encodeURIComponent;
