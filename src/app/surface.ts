import { z } from 'zod';
import { ConfigError } from '../config/configError.ts';
import type { Env } from '../config/env.ts';
import { errorText } from '../domain/text.ts';
import type { Page } from '../http/page.ts';
import type { Route } from '../http/route.ts';
import { createHttpServer } from '../http/server.ts';
import type { Ledger } from '../ledger/open/ledger.ts';
import { PAGERDUTY_PATH, pagerDutyWebhook } from '../pagerduty/webhook.ts';
import type { Clock, Log } from '../ports/host.ts';
import type { Store } from '../ports/store.ts';
import type { SlackApp } from '../slack/app.ts';
import type { SlackDirectory } from '../slack/directory/directory.ts';
import { createHome } from '../slack/features/home/home.ts';
import { type createClients, isAuthFailure, slackProblem } from '../slack/link/clients.ts';
import { type Connection, httpConnection, SLACK_PATH, TokenRefused } from '../slack/link/signedRequests.ts';
import type { createFlow } from './flow.ts';
import { idsIn, inLogScope } from './logScope.ts';

interface SurfaceOptions {
  readonly env: Env;
  readonly flow: Pick<Awaited<ReturnType<typeof createFlow>>, 'deps' | 'posts' | 'windows'>;
  readonly client: ReturnType<typeof createClients>['interactive'];
  readonly directory: SlackDirectory;
  readonly ledger: Pick<Ledger, 'search'>;
  readonly clock: Clock;
  readonly log: Log;
  /** The monitoring pages on the bot's port. */
  readonly pages: ReadonlyMap<string, Page>;
}

/** How people and PagerDuty reach the bot. */
export interface Surface {
  /** Whether people can reach the bot over Slack now. */
  isConnected(): boolean;
  /** Opens the port if one is set, so that monitoring can ask before anything else is done. Never throws. */
  listen(): Promise<void>;
  /** @throws ConfigError if Slack refuses a token while no access is live, or the port cannot be opened */
  open(): Promise<void>;
  /** Resolves when all deliveries were handled. */
  close(): Promise<void>;
}

export function createSurface(options: SurfaceOptions): Surface {
  const { env, flow, client, directory, ledger, clock, log } = options;
  const { deps, posts, windows } = flow;
  const { store } = deps;
  const { onIncident, onChanged } = looksAtOnce(store, clock);
  const { apiUrl, botToken, transport } = env.slack;
  const { route, connect } = connectionBy(transport, { apiUrl, log });
  let connection: Connection | null = null;
  const server = env.port === null ? null : createHttpServer(env.port, routes(), log, { pages: options.pages });
  let portProblem: unknown = null;
  const refused = refusedStart(store, log);
  let slackApp: SlackApp | null = null;

  function routes(): Map<string, Route> {
    const all = new Map<string, Route>();
    const secret = env.pagerDuty.webhookSecret;
    if (route) all.set(SLACK_PATH, route);
    if (secret !== null) all.set(PAGERDUTY_PATH, pagerDutyWebhook({ secret, onIncident }));
    return all;
  }

  return {
    isConnected: () => connection?.isConnected() ?? false,
    listen: async () => {
      await server?.open().catch((error: unknown) => {
        portProblem = error;
      });
    },
    open: async () => {
      if (portProblem !== null) throw new ConfigError(errorText(portProblem), { cause: portProblem });
      // Loaded while Slack answers.
      const [{ createSlackApp }, opened] = await Promise.all([
        import('../slack/app.ts'),
        connect(),
        client.auth.test().catch((error: unknown) => refused(isAuthFailure(error), slackProblem(error), error)),
      ]);
      connection = opened;
      const showHome = createHome(deps, client, posts).show;
      const context = { deps, client, search: ledger.search, windows, showHome };
      slackApp = createSlackApp({ context, directory, onChanged, connection, botToken, apiUrl, scope: aboutDelivery });
      await connection
        .open()
        .catch((error: unknown) => refused(error instanceof TokenRefused, errorText(error), error));
    },
    close: async () => {
      await Promise.all([connection?.close(), server?.close()]);
      await slackApp?.drain();
    },
  };
}

/** What is told to the bot is looked at right away, as due work. */
export const looksAtOnce = (store: Store, clock: Pick<Clock, 'now'>) => ({
  /** Checks every grant that was given for an incident. */
  onIncident: async (incidentId: string): Promise<void> => {
    const concerned = await store.liveForIncident(incidentId);
    if (concerned.length === 0) return;
    const dueAt = clock.now();
    await store.commit({ jobs: concerned.map((key) => ({ kind: 'watch', key, dueAt }) as const) });
  },
  /** Checks whether a person may keep their access. */
  onChanged: async (slackId: string): Promise<void> => {
    if ((await store.liveGrants({ slackId })).length === 0) return;
    await store.commit({ jobs: [{ kind: 'sweep', key: slackId, dueAt: clock.now() }] });
  },
});

/** What is needed before it is made: of a socket nothing, so that Slack's library is loaded when due work was begun. */
function connectionBy(
  transport: Env['slack']['transport'],
  options: { readonly apiUrl: string; readonly log: Log },
): { readonly route: Route | undefined; connect(): Promise<Connection> } {
  if (transport.mode === 'http') {
    const connection = httpConnection(transport.signingSecret, options.log);
    return { route: connection.route, connect: async () => connection };
  }
  const { appToken } = transport;
  const connect = async () => (await import('../slack/link/connection.ts')).socketConnection(appToken, options);
  return { route: undefined, connect };
}

/** What a button or form from Slack is about. Only for the log. */
const deliverySchema = z.object({
  user: z.object({ id: z.string() }).optional().catch(undefined),
  user_id: z.string().optional().catch(undefined),
  actions: z.unknown(),
  view: z.object({ private_metadata: z.string() }).optional().catch(undefined),
});

function aboutDelivery<T>(body: unknown, work: () => T): T {
  const said = deliverySchema.safeParse(body).data;
  const personId = said?.user?.id ?? said?.user_id;
  const ids = idsIn(JSON.stringify([said?.actions, said?.view?.private_metadata]));
  return inLogScope({ ...(personId !== undefined && { personId }), ...ids }, work);
}

/** A refused token stops the start, unless there is access to end. */
const refusedStart =
  (store: Pick<Store, 'liveResources'>, log: Log) =>
  async (isToken: boolean, problem: string, cause: unknown): Promise<void> => {
    const live = await store.liveResources();
    if (isToken && live.length === 0) throw new ConfigError(problem, { cause });
    log.error(
      { problem, liveOn: live },
      'Slack did not accept the bot at start; going on, because access has to end on time',
    );
  };
