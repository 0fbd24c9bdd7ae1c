import type { Octokit } from 'octokit';
import { z } from 'zod';
import { errorText } from '../../domain/text.ts';
import { GITHUB } from '../../wording/targets/github.ts';
import { readAll } from './lists.ts';
import type { Target } from './schemas.ts';

const PAGE_SIZE = 100;
const NOT_FOUND = 404;

const user = z.object({ id: z.number().int(), login: z.string().min(1) });

/** A route with its parameters, such as `GET /user/{account_id}`. */
type Parameters = Readonly<Record<string, string | number>>;

export type Asking = ReturnType<typeof askingOf>;

/** Calls to one GitHub. Answers are validated. */
export function askingOf(target: Target, octokit: () => Promise<Octokit>) {
  const where = GITHUB.place(new URL(target.api_url).host);

  async function send(route: string, parameters: Parameters): Promise<{ data: unknown; link: string }> {
    try {
      const client = await octokit();
      const { data, headers } = await client.request(route, parameters);
      return { data, link: headers.link ?? '' };
    } catch (error) {
      throw new Error(`${where}: ${errorText(error)}`, { cause: error });
    }
  }

  function understood<T>(route: string, schema: z.ZodType<T>, data: unknown): T {
    const parsed = schema.safeParse(data);
    if (parsed.success) return parsed.data;
    throw new Error(GITHUB.unknownForm(where, route));
  }

  /** @throws with the target's name, also if it is not found */
  async function ask<T>(route: string, parameters: Parameters, schema: z.ZodType<T>): Promise<T> {
    return understood(route, schema, (await send(route, parameters)).data);
  }

  /** All entries of a list. @param under the field of the list if the answer is an object, such as `runners` */
  function all<T extends { id: number }>(
    route: string,
    parameters: Parameters,
    item: z.ZodType<T>,
    under?: string,
  ): Promise<T[]> {
    return readAll(async (page) => {
      const { data, link } = await send(route, { ...parameters, per_page: PAGE_SIZE, page });
      return { items: understood(route, listOf(item, under), data), isLast: !link.includes('rel="next"') };
    });
  }

  return { where, ask, all, ...shortcuts(where, ask) };
}

function listOf<T>(item: z.ZodType<T>, under: string | undefined): z.ZodType<T[]> {
  if (under === undefined) return z.array(item);
  return z
    .record(z.string(), z.unknown())
    .transform((whole) => whole[under])
    .pipe(z.array(item));
}

type Ask = <T>(route: string, parameters: Parameters, schema: z.ZodType<T>) => Promise<T>;

/** Calls that are used in several places. */
function shortcuts(where: string, ask: Ask) {
  /** @returns null on 404, which GitHub answers both for what does not exist and for what one may not see */
  const askOrNull = <T>(route: string, parameters: Parameters, schema: z.ZodType<T>): Promise<T | null> =>
    ask(route, parameters, schema).catch((error: unknown) => {
      if (isNotFound(error)) return null;
      throw error;
    });
  return {
    askOrNull,
    /** Makes a change whose answer is not needed. Already gone is success. */
    act: async (route: string, parameters: Parameters): Promise<void> => {
      await askOrNull(route, parameters, z.unknown());
    },
    /** The id of the account with this login now, or null. */
    userOf: (login: string) => askOrNull('GET /users/{username}', { username: login }, user),
    /** The login of an account now, or null if the account was deleted. */
    loginOf: async (id: string): Promise<string | null> => {
      const found = await askOrNull('GET /user/{account_id}', { account_id: id }, user);
      if (found && String(found.id) !== id) throw new Error(GITHUB.otherUser(where, id, found.id));
      return found?.login ?? null;
    },
  };
}

/** Whether GitHub said 404. */
export const isNotFound = (error: unknown): boolean =>
  error instanceof Error && error.cause instanceof Error && 'status' in error.cause && error.cause.status === NOT_FOUND;
