/** A PagerDuty that says what a test tells it to, word by word; the sandbox's own is one that behaves. */

import { createServer, type IncomingHttpHeaders } from 'node:http';
import { closeServer, listen, readBody } from '../../src/sandbox/http.ts';

export interface AskedOfPagerDuty {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingHttpHeaders;
  readonly body: unknown;
}
export interface Said {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: unknown;
}
type Answer = Said | ((asked: AskedOfPagerDuty) => Said | Promise<Said>);

export async function startPagerDutyStub() {
  /** By method and path, such as `GET /users`. */
  const answers = new Map<string, Answer>();
  const asked: AskedOfPagerDuty[] = [];
  const server = createServer(async (request, response) => {
    const url = new URL(request.url ?? '/', 'http://pagerduty');
    const text = await readBody(request);
    const one: AskedOfPagerDuty = {
      method: request.method ?? '',
      path: url.pathname,
      query: url.searchParams,
      headers: request.headers,
      body: text === '' ? null : JSON.parse(text),
    };
    asked.push(one);
    const answer = answers.get(`${one.method} ${one.path}`) ?? { status: 404, body: {} };
    const { status = 200, headers = {}, body } = typeof answer === 'function' ? await answer(one) : answer;
    response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body));
  });
  return {
    apiUrl: `http://127.0.0.1:${await listen(server)}`,
    asked,
    says: (question: string, answer: Answer): void => void answers.set(question, answer),
    /** What was asked or written so far, such as `GET /users`. */
    calls: (): string[] => asked.map(({ method, path }) => `${method} ${path}`),
    close: () => closeServer(server),
  };
}
export type PagerDutyStub = Awaited<ReturnType<typeof startPagerDutyStub>>;

/** The only page of a list. */
export const pageOf = (key: string, entries: readonly unknown[]): Said => ({
  body: { [key]: entries, limit: 100, offset: 0, more: false },
});
