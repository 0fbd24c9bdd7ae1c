import { readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createRequire, stripTypeScriptTypes } from 'node:module';
import { fileURLToPath } from 'node:url';
import { ZodError } from 'zod';
import { closeServer, listen, readBody } from '../http.ts';
import type { RunningSandbox } from '../run.ts';
import { carryOut } from './acts.ts';
import { snapshot } from './snapshot.ts';
import { targetRights } from './targets.ts';

/** The workspace in the browser: serves the page, sends it what changes, and does what it asks. */
export interface WebServer {
  readonly address: string;
  close(): Promise<void>;
}

/** Changes that come together are sent together. */
const PUSH_AFTER_MS = 15;

const require = createRequire(import.meta.url);
/** Libraries that the page imports by name, and its emoji: a bare Linux has no font for them. */
const LIBRARIES: Readonly<Record<string, string>> = {
  '/lib/emoji.woff2': require.resolve('twemoji-colr-font/twemoji.woff2'),
  '/lib/preact.js': require.resolve('preact'),
  '/lib/hooks.js': require.resolve('preact/hooks'),
  '/lib/htm.js': fileURLToPath(import.meta.resolve('htm')),
};
const PAGE = new URL('page/', import.meta.url);

export async function serveWorkspace(running: RunningSandbox, port = 0): Promise<WebServer> {
  const watching = new Set<ServerResponse>();
  let due: NodeJS.Timeout | null = null;

  const push = () => {
    due ??= setTimeout(() => {
      due = null;
      const data = `data: ${JSON.stringify(snapshot(running))}\n\n`;
      for (const response of watching) response.write(data);
    }, PUSH_AFTER_MS);
  };
  running.sandbox.slack.workspace.on('change', push);

  const server = createServer((request, response) => {
    answer(request, response).catch((error: unknown) => {
      response
        .writeHead(400, { 'content-type': 'application/json' })
        .end(JSON.stringify({ problem: problemOf(error) }));
    });
  });

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname } = new URL(request.url ?? '/', 'http://sandbox');
    // Another site open in the same browser must not act here.
    if (!/^(127\.0\.0\.1|localhost)(:\d+)?$/.test(request.headers.host ?? ''))
      throw new Error('this page is for this machine only');
    if (request.method === 'POST') {
      if (request.headers['content-type'] !== 'application/json') throw new Error('expected JSON');
      const result = await carryOut(running, JSON.parse(await readBody(request)));
      push();
      send(response, 'application/json', JSON.stringify(result ?? {}));
    } else if (pathname === '/events') {
      response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
      response.write(`data: ${JSON.stringify(snapshot(running))}\n\n`);
      watching.add(response);
      request.on('close', () => watching.delete(response));
    } else if (pathname.startsWith('/files/')) {
      const file = running.sandbox.slack.workspace.files.get(pathname.slice('/files/'.length));
      if (file?.bytes) response.writeHead(200, { 'content-type': 'image/png' }).end(file.bytes);
      else response.writeHead(404).end();
    } else if (pathname === '/targets') {
      send(response, 'application/json', JSON.stringify(await targetRights(running.sandbox)));
    } else {
      sendFile(response, pathname === '/' ? '/index.html' : pathname);
    }
  }

  const listening = await listen(server, port);
  return {
    address: `http://127.0.0.1:${listening}`,
    close: async () => {
      running.sandbox.slack.workspace.off('change', push);
      if (due) clearTimeout(due);
      await closeServer(server);
    },
  };
}

function problemOf(error: unknown): string {
  if (error instanceof ZodError) return `the page asked for something unknown: ${error.issues[0]?.path.join('.')}`;
  return error instanceof Error ? error.message : String(error);
}

/** The page's own files; its TypeScript with the types taken out. */
function sendFile(response: ServerResponse, pathname: string): void {
  const library = LIBRARIES[pathname];
  if (library) {
    const type = library.endsWith('.woff2') ? 'font/woff2' : 'text/javascript; charset=utf-8';
    response.writeHead(200, { 'content-type': type }).end(readFileSync(library));
    return;
  }
  const name = /^\/([a-z][A-Za-z]*\.(?:html|css|ts))$/.exec(pathname)?.[1];
  if (!name) {
    response.writeHead(404).end();
    return;
  }
  const source = readFileSync(new URL(name, PAGE), 'utf8');
  if (name.endsWith('.ts')) send(response, 'text/javascript', stripTypeScriptTypes(source));
  else send(response, name.endsWith('.css') ? 'text/css' : 'text/html', source);
}

const send = (response: ServerResponse, type: string, body: string) =>
  response.writeHead(200, { 'content-type': `${type}; charset=utf-8`, 'cache-control': 'no-store' }).end(body);
