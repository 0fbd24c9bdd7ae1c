import type { WebClient } from '@slack/web-api';
import { z } from 'zod';
import { errorText } from '../../domain/text.ts';
import { SLACK_GROUPS } from '../../wording/targets/slackGroups.ts';
import { TargetRefusal } from '../provisioner.ts';

const group = z.object({ id: z.string().min(1), team_id: z.string().min(1), date_delete: z.number() });
const listed = z.object({ ok: z.literal(true), usergroups: z.array(group) });
type Shown = z.infer<typeof group>;
const people = z.object({ ok: z.literal(true), users: z.array(z.string().regex(/^[UW][A-Z0-9]+$/)) });
const told = z.object({ ok: z.literal(true) });

interface Group {
  /** All people on its list, even while it is disabled: enabling it would bring them back. */
  readonly users: readonly string[];
  readonly isDisabled: boolean;
}

/** The group of a place `WORKSPACE/GROUP`, because ids of groups belong to a workspace. */
export const groupOf = (place: string): string => place.slice(place.indexOf('/') + 1);

/** User groups of the workspaces that a token sees, through Slack's client. */
export class UserGroups {
  readonly #client: WebClient;

  constructor(client: WebClient) {
    this.#client = client;
  }

  /** @throws if the token sees no such group */
  async placeOf(id: string): Promise<string> {
    return `${(await this.#find(id, '')).team_id}/${id}`;
  }

  async read(place: string): Promise<Group> {
    const isDisabled = (await this.#shown(place)).date_delete !== 0;
    const question = { usergroup: groupOf(place), include_disabled: true };
    const { users } = await ask(people, () => this.#client.usergroups.users.list(question));
    return { users, isDisabled };
  }

  /** @param users the complete list, at least one */
  async write(place: string, users: readonly string[]): Promise<void> {
    const whole = { usergroup: groupOf(place), users: users.join(',') };
    await ask(told, () => this.#client.usergroups.users.update(whole));
  }

  async enable(place: string): Promise<void> {
    await ask(told, () => this.#client.usergroups.enable({ usergroup: groupOf(place) }));
  }

  async disable(place: string): Promise<void> {
    await ask(told, () => this.#client.usergroups.disable({ usergroup: groupOf(place) }));
  }

  /** Exactly this group of exactly this workspace. */
  #shown(place: string): Promise<Shown> {
    const team = place.slice(0, place.indexOf('/'));
    return this.#find(groupOf(place), SLACK_GROUPS.ofWorkspace(team), (one) => one.team_id === team);
  }

  async #find(id: string, where: string, isIt: (one: Shown) => boolean = () => true): Promise<Shown> {
    const { usergroups } = await ask(listed, () => this.#client.usergroups.list({ include_disabled: true }));
    const found = usergroups.find((one) => one.id === id && isIt(one));
    if (!found) throw new TargetRefusal(SLACK_GROUPS.noGroup(id, where));
    return found;
  }
}

/** @throws on every refusal, and on an unknown answer, which must not count as an empty group */
async function ask<T>(schema: z.ZodType<T>, call: () => Promise<unknown>): Promise<T> {
  let answer: unknown;
  try {
    answer = await call();
  } catch (error) {
    throw new Error(SLACK_GROUPS.problem(errorText(error)), { cause: error });
  }
  const parsed = schema.safeParse(answer);
  if (parsed.success) return parsed.data;
  throw new Error(SLACK_GROUPS.unknownForm);
}
