import type { IncomingMessage, ServerResponse } from 'node:http';
import { type Faults, fail } from '../faults.ts';
import { readBody } from '../http.ts';
import type { Limits } from './limits.ts';
import { SlackRefusal } from './methods/refusal.ts';
import type { Responses } from './responses.ts';
import type { Tokens } from './tokens.ts';
import { receiveFile } from './uploads.ts';
import type { createWebApi } from './webApi.ts';
import type { Workspace } from './workspace.ts';

interface Parts {
  readonly workspace: Workspace;
  readonly faults: Faults;
  /** Method names, in order; each call is added. */
  readonly calls: string[];
  readonly limits: Limits;
  readonly responses: Responses;
  readonly methods: ReturnType<typeof createWebApi>;
  readonly tokens: Tokens;
}

type Handler = (request: IncomingMessage, response: ServerResponse) => Promise<void>;

/** What comes in over HTTP: calls of methods, files, answers to interactions. */
export function handlerOf({ workspace, faults, calls, limits, responses, methods, tokens }: Parts): Handler {
  return handle;

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname } = new URL(request.url ?? '/', 'http://sandbox');
    const name = pathname.replace(/^\/api\//, '');
    if (pathname.startsWith('/upload/'))
      return receiveFile(workspace, pathname.slice('/upload/'.length), request, response);
    const body = await readBody(request);
    if (pathname.startsWith('/response/')) {
      const answer = responses.use(pathname.slice('/response/'.length), body);
      response.writeHead(answer.status, { 'content-type': 'text/plain' }).end(answer.body);
      return;
    }
    const args = parseArgs(request, body);
    calls.push(name);
    // A fault may be about one channel: `chat.postMessage C0ACCESS`.
    const fault = faults.take(args.channel ? `${name} ${String(args.channel)}` : name);
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
    else
      response
        .writeHead(200, {
          'content-type': 'application/json',
          date: new Date(workspace.now()).toUTCString(),
          ...scopeHeader(answer, request.headers.authorization),
        })
        .end(JSON.stringify(answer));
  }

  /** Slack says with every answer which scopes the token has. */
  function scopeHeader(answer: Record<string, unknown>, authorization: string | undefined): Record<string, string> {
    const scopes = answer.ok === true ? tokens.scopesOf(authorization) : null;
    return scopes === null ? {} : { 'x-oauth-scopes': scopes.join(',') };
  }

  function answerTo(
    name: string,
    args: Record<string, unknown>,
    authorization: string | undefined,
  ): Record<string, unknown> {
    try {
      const method = methods.get(name);
      if (!method) throw new SlackRefusal('unknown_method', { req_method: name });
      const caller = tokens.callerOf(method.scopes, authorization);
      return { ok: true, ...method.call(args, caller) };
    } catch (error) {
      if (!(error instanceof SlackRefusal)) throw error;
      return { ok: false, error: error.code, ...error.details };
    }
  }
}

function parseArgs(request: IncomingMessage, body: string): Record<string, unknown> {
  if (request.headers['content-type']?.startsWith('application/json'))
    return JSON.parse(body || '{}') as Record<string, unknown>;
  return Object.fromEntries(new URLSearchParams(body));
}
