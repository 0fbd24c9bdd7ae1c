import { createServer } from 'node:http';
import { WebSocketServer } from 'ws';
import { createFaults, type Faults } from '../faults.ts';
import { closeServer, listen } from '../http.ts';
import { type AppLink, createAppLink } from './delivery.ts';
import { createLimits } from './limits.ts';
import { createTriggers } from './methods/triggers.ts';
import { createPeople } from './people/createPeople.ts';
import type { People } from './people/people.ts';
import { handlerOf } from './requests.ts';
import { createResponses } from './responses.ts';
import { createTokens } from './tokens.ts';
import { createWebApi } from './webApi.ts';
import { type InstalledApp, Workspace, type WorkspaceData } from './workspace.ts';

export interface SlackSandboxOptions {
  readonly data: WorkspaceData;
  readonly now: () => number;
  readonly tokens: { readonly bot: string; readonly app: string; readonly signingSecret: string };
  /** Scopes of the bot token, as the app's manifest asks for them. */
  readonly scopes: readonly string[];
  /** Slack's rate limits, which hold where nothing is said. */
  readonly limited?: boolean;
}

/** A Slack workspace on the wire: Web API over HTTP, Socket Mode, signed requests. */
export interface SlackSandbox {
  readonly workspace: Workspace;
  readonly people: People;
  readonly link: AppLink;
  readonly faults: Faults;
  /** `http://127.0.0.1:PORT/api/` */
  readonly apiUrl: string;
  /** Every call so far: method names, in order. */
  readonly calls: readonly string[];
  /** Installs another app with the same scopes. @returns the token of its bot */
  installApp(app: InstalledApp): string;
  /** A person lets an app act in their name. @returns the token */
  authorize(user: string, app: InstalledApp): string;
  /** From now on Slack refuses both tokens of the bot. */
  revokeTokens(): void;
  restoreTokens(): void;
  close(): Promise<void>;
}

export async function startSlack(options: SlackSandboxOptions): Promise<SlackSandbox> {
  const workspace = new Workspace(options.data, options.now);
  const triggers = createTriggers(workspace);
  const link = createAppLink({ signingSecret: options.tokens.signingSecret, now: options.now });
  const faults = createFaults();
  const calls: string[] = [];
  const limits = options.limited === false ? { wait: () => 0 } : createLimits();
  const tokens = createTokens(workspace, options);
  let base = '';
  const responses = createResponses(workspace, () => base);
  const methods = createWebApi({
    workspace,
    triggers,
    socketUrl: () => `${base.replace('http', 'ws')}/socket?ticket=${workspace.newId('w')}`,
    baseUrl: () => base,
  });

  const handle = handlerOf({ workspace, faults, calls, limits, responses, methods, tokens });
  const server = createServer((request, response) => {
    handle(request, response).catch((error: unknown) => {
      response.writeHead(500).end(String(error));
    });
  });

  const sockets = new WebSocketServer({ noServer: true });
  server.on('upgrade', (request, socket, head) => {
    sockets.handleUpgrade(request, socket, head, (connection) => link.connect(connection));
  });

  base = `http://127.0.0.1:${await listen(server)}`;
  return {
    workspace,
    link,
    faults,
    calls,
    people: createPeople({ workspace, triggers, responses, link }),
    apiUrl: `${base}/api/`,
    installApp: (app) => {
      workspace.addBot(app);
      return tokens.issue('xoxb', { user: app.botUserId, app });
    },
    authorize: (user, app) => tokens.issue('xoxp', { user, app }),
    revokeTokens: () => tokens.revoke(true),
    restoreTokens: () => tokens.revoke(false),
    close: async () => {
      link.dropAll();
      sockets.close();
      await closeServer(server);
    },
  };
}
