import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { WebSocketServer } from 'ws';
import { createFaults, type Faults, fail } from '../faults.ts';
import { closeServer, listen, readBody, readBytes } from '../http.ts';
import { type AppLink, createAppLink } from './delivery.ts';
import { SlackRefusal } from './methods/refusal.ts';
import { createTriggers } from './methods/triggers.ts';
import { createPeople, type People } from './people.ts';
import { createResponses } from './responses.ts';
import { createWebApi } from './webApi.ts';
import { type Caller, type InstalledApp, Workspace, type WorkspaceData } from './workspace.ts';

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

/** Posting is limited per channel, with a short burst. */
const POSTS_PER_SECOND = 1;
const POST_BURST = 4;

export async function startSlack(options: SlackSandboxOptions): Promise<SlackSandbox> {
  const workspace = new Workspace(options.data, options.now);
  const triggers = createTriggers(workspace);
  const link = createAppLink({ signingSecret: options.tokens.signingSecret, now: options.now });
  const faults = createFaults();
  const calls: string[] = [];
  const limits = options.limited === false ? { wait: () => 0 } : createLimits();
  let revoked = false;
  /** Tokens of others. */
  const others = new Map<string, Caller>();
  let base = '';
  const responses = createResponses(workspace, () => base);
  const methods = createWebApi({
    workspace,
    triggers,
    socketUrl: () => `${base.replace('http', 'ws')}/socket?ticket=${workspace.newId('w')}`,
    baseUrl: () => base,
  });

  const server = createServer((request, response) => {
    handle(request, response).catch((error: unknown) => {
      response.writeHead(500).end(String(error));
    });
  });

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname } = new URL(request.url ?? '/', 'http://sandbox');
    const name = pathname.replace(/^\/api\//, '');
    if (pathname.startsWith('/upload/')) return receiveFile(pathname.slice('/upload/'.length), request, response);
    const body = await readBody(request);
    if (pathname.startsWith('/response/')) {
      const answer = responses.use(pathname.slice('/response/'.length), body);
      response.writeHead(answer.status, { 'content-type': 'text/plain' }).end(answer.body);
      return;
    }
    const args = parseArgs(request, body);
    calls.push(name);
    const fault = faults.take(name);
    if (fault && (await fail(fault, request, response, { 'retry-after': '2' }))) return;
    const method = methods.get(name);
    const wait = method
      ? limits.wait(name, method.perMinute, name === 'chat.postMessage' ? String(args.channel) : null)
      : 0;
    if (wait > 0) {
      response
        .writeHead(429, { 'retry-after': String(wait), 'content-type': 'application/json' })
        .end('{"ok":false,"error":"ratelimited"}');
      return;
    }
    const answer = answerTo(name, args, request.headers.authorization);
    if (fault?.kind === 'lost_answer') request.socket.destroy();
    else response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(answer));
  }

  /** A file comes as it is, or as the one part of a form. */
  async function receiveFile(id: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const bytes = await readBytes(request);
    const file = workspace.files.get(id);
    if (!file || file.bytes) return void response.writeHead(404).end();
    const type = request.headers['content-type'] ?? '';
    if (type.startsWith('multipart/')) {
      const form = await new Response(new Uint8Array(bytes), { headers: { 'content-type': type } }).formData();
      const [part] = [...form.values()].filter((value) => typeof value !== 'string');
      file.bytes = part ? Buffer.from(await part.arrayBuffer()) : Buffer.alloc(0);
    } else file.bytes = bytes;
    response.writeHead(200).end(`OK - ${file.bytes.length}`);
  }

  function answerTo(
    name: string,
    args: Record<string, unknown>,
    authorization: string | undefined,
  ): Record<string, unknown> {
    try {
      const method = methods.get(name);
      if (!method) throw new SlackRefusal('unknown_method', { req_method: name });
      const caller = callerOf(method.scopes, authorization);
      return { ok: true, ...method.call(args, caller) };
    } catch (error) {
      if (!(error instanceof SlackRefusal)) throw error;
      return { ok: false, error: error.code, ...error.details };
    }
  }

  /** Whom the token stands for, where it may do this. */
  function callerOf(scopes: readonly string[], authorization: string | undefined): Caller {
    const token = authorization?.replace(/^Bearer /, '');
    if (!token) throw new SlackRefusal('not_authed');
    const other = others.get(token);
    if (!other) checkToken(scopes, token);
    else if (scopes.includes('connections:write')) throw new SlackRefusal('not_allowed_token_type');
    return other ?? workspace.bot;
  }

  function checkToken(scopes: readonly string[], token: string): void {
    if (revoked) throw new SlackRefusal('token_revoked');
    if (token !== options.tokens.bot && token !== options.tokens.app) throw new SlackRefusal('invalid_auth');
    const wantsAppToken = scopes.includes('connections:write');
    if (wantsAppToken !== (token === options.tokens.app)) throw new SlackRefusal('not_allowed_token_type');
    if (wantsAppToken || scopes.length === 0) return;
    if (!scopes.some((scope) => options.scopes.includes(scope))) {
      throw new SlackRefusal('missing_scope', { needed: scopes.join(','), provided: options.scopes.join(',') });
    }
  }

  function tokenFor(kind: 'xoxb' | 'xoxp', caller: Caller): string {
    const token = `${kind}-${workspace.newId('t')}`;
    others.set(token, caller);
    return token;
  }

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
    people: createPeople(workspace, triggers, responses, link),
    apiUrl: `${base}/api/`,
    installApp: (app) => {
      workspace.addBot(app);
      return tokenFor('xoxb', { user: app.botUserId, app });
    },
    authorize: (user, app) => tokenFor('xoxp', { user, app }),
    revokeTokens: () => {
      revoked = true;
    },
    restoreTokens: () => {
      revoked = false;
    },
    close: async () => {
      link.dropAll();
      sockets.close();
      await closeServer(server);
    },
  };
}

function parseArgs(request: IncomingMessage, body: string): Record<string, unknown> {
  if (request.headers['content-type']?.startsWith('application/json'))
    return JSON.parse(body || '{}') as Record<string, unknown>;
  return Object.fromEntries(new URLSearchParams(body));
}

/** Token buckets, by real time: a method's over a minute, and one per channel for posting. */
function createLimits() {
  const buckets = new Map<string, { tokens: number; at: number }>();
  function take(key: string, perSecond: number, burst: number): number {
    const now = performance.now() / 1000;
    const bucket = buckets.get(key) ?? { tokens: burst, at: now };
    const tokens = Math.min(burst, bucket.tokens + (now - bucket.at) * perSecond);
    if (tokens < 1) {
      buckets.set(key, { tokens, at: now });
      return Math.ceil((1 - tokens) / perSecond);
    }
    buckets.set(key, { tokens: tokens - 1, at: now });
    return 0;
  }
  return {
    /** Seconds to wait before this call would be taken; 0: taken. */
    wait: (method: string, perMinute: number, channel: string | null): number =>
      take(method, perMinute / 60, perMinute) || (channel ? take(`post ${channel}`, POSTS_PER_SECOND, POST_BURST) : 0),
  };
}
