import type { Octokit } from 'octokit';
import { z } from 'zod';
import { errorText } from '../../domain/text.ts';
import { TARGET_DEADLINE } from '../provisioner.ts';
import type { Target } from './provisioner.ts';

export const PUBLIC_API = 'https://api.github.com';
const PAGE_SIZE = 100;
const NOT_FOUND = 404;

/** The package is loaded with the first call: who uses no such target need not have it. */
export async function connectGitHub(target: Target): Promise<Octokit> {
  const { App, Octokit } = await import('octokit');
  const options = {
    baseUrl: target.api_url,
    // What is to be tried again, and when, is for the bot's own due work to say.
    retry: { enabled: false },
    throttle: { enabled: false },
    request: { fetch: withDeadline },
  };
  if ('token' in target && target.token !== undefined) return new Octokit({ ...options, auth: target.token });
  const { id, private_key: privateKey, installation } = target.app ?? { id: 0, private_key: '', installation: 0 };
  const app = new App({ appId: id, privateKey, Octokit: Octokit.defaults(options) });
  return app.getInstallationOctokit(installation);
}

const withDeadline: typeof fetch = (input, init) =>
  fetch(input, { ...init, signal: AbortSignal.timeout(TARGET_DEADLINE) });

const identified = z.object({ id: z.number().int() });
const user = z.object({ id: z.number().int(), login: z.string().min(1) });

/** What is asked: a route with its parameters, such as `GET /user/{account_id}`. */
export type Parameters = Readonly<Record<string, string | number>>;

export type Asking = ReturnType<typeof askingOf>;

/** Questions to one GitHub, answered in a form that is understood or not at all. */
export function askingOf(target: Target, octokit: () => Promise<Octokit>) {
  const where = `GitHub at ${new URL(target.api_url).host}`;

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
    throw new Error(`${where}: ${route} was answered in an unknown form`);
  }

  /** @throws with the target's name, also for what is not found */
  async function ask<T>(route: string, parameters: Parameters, schema: z.ZodType<T>): Promise<T> {
    return understood(route, schema, (await send(route, parameters)).data);
  }

  /** Null: GitHub says 404, of what is not there as of what one may not see. */
  const askOrNull = <T>(route: string, parameters: Parameters, schema: z.ZodType<T>): Promise<T | null> =>
    ask(route, parameters, schema).catch((error: unknown) => {
      if (isNotFound(error)) return null;
      throw error;
    });

  async function pages<T extends { id: number }>(
    route: string,
    parameters: Parameters,
    item: z.ZodType<T>,
  ): Promise<{ found: T[]; count: number }> {
    const found: T[] = [];
    for (let page = 1; ; page += 1) {
      const { data, link } = await send(route, { ...parameters, per_page: PAGE_SIZE, page });
      found.push(...understood(route, z.array(item), data));
      if (!link.includes('rel="next"')) return { found, count: page };
    }
  }

  /**
   * Everything of a list. One of several pages is read twice: where something goes from an earlier page meanwhile, what stood
   * first on the next one is passed over.
   */
  async function all<T extends { id: number }>(
    route: string,
    parameters: Parameters,
    item: z.ZodType<T>,
  ): Promise<T[]> {
    const { found, count } = await pages(route, parameters, item);
    const again = count > 1 ? (await pages(route, parameters, item)).found : [];
    return [...new Map([...found, ...again].map((one) => [one.id, one])).values()];
  }

  return {
    where,
    ask,
    askOrNull,
    all,
    /** Does something that has no answer worth reading. What is gone already is done. */
    act: async (route: string, parameters: Parameters): Promise<void> => {
      await askOrNull(route, parameters, z.unknown());
    },
    /** Who is called so now. Null: nobody. */
    userOf: (login: string) => askOrNull('GET /users/{username}', { username: login }, user),
    /** What somebody is called now. Null: they have deleted their account. */
    loginOf: async (id: string): Promise<string | null> => {
      const found = await askOrNull('GET /user/{account_id}', { account_id: id }, user);
      if (found && String(found.id) !== id)
        throw new Error(`${where}: asked for the user ${id}, it answers ${found.id}`);
      return found?.login ?? null;
    },
    /** The id of whatever a route leads to. @throws where nothing is shown */
    idOf: async (route: string, parameters: Parameters): Promise<string> =>
      String((await ask(route, parameters, identified)).id),
  };
}

/** Whether GitHub said 404. */
export const isNotFound = (error: unknown): boolean =>
  error instanceof Error && error.cause instanceof Error && 'status' in error.cause && error.cause.status === NOT_FOUND;
