/** One call to PagerDuty's REST API over its own client, pdjs. */

import { createRequire } from 'node:module';
import { type Millis, SECOND } from '../domain/terms.ts';
import { type Answer, DEADLINE } from './answer.ts';

const { api } = createRequire(import.meta.url)('@pagerduty/pdjs') as typeof import('@pagerduty/pdjs');

/** pdjs tries a 429 three times more, with this pause; its own 20 s would outlast every deadline. */
const RETRY_PAUSE: Millis = 400;

export type Query = Readonly<Record<string, string | string[]>>;

export type Call =
  | { readonly method: 'GET'; readonly query: Query }
  | { readonly method: 'POST' | 'PUT'; readonly body: object; readonly from: string };

/** @throws where there is no answer before the signal fires, or none in PagerDuty's own format */
export type Send = (path: string, call: Call, signal: AbortSignal) => Promise<Answer>;

export const sendWith =
  (token: string, apiUrl: string): Send =>
  async (path, call, signal) => {
    const request = api({
      url: `${apiUrl}${path}`,
      token,
      method: call.method,
      ...(call.method === 'GET'
        ? { queryParameters: call.query as Record<string, string | string[]> }
        : { data: call.body }),
      // pdjs' own time-out only keeps the process awake; the signal is what ends a call.
      requestTimeout: 0,
      retryTimeout: RETRY_PAUSE,
      signal,
      // Its default adds a charset that the published API does not list.
      headers: {
        'Content-Type': 'application/json',
        Accept: 'application/vnd.pagerduty+json;version=2',
        ...(call.method !== 'GET' && { From: call.from }),
      },
    });
    const { status, headers, data } = await withDeadline(request, signal);
    return { status, headers, data };
  };

/** pdjs waits out its retries even after the signal fired; nobody else should. */
function withDeadline<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const late = () => reject(new Error(`no answer within ${DEADLINE / SECOND} s`));
    if (signal.aborted) late();
    signal.addEventListener('abort', late, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', late));
  });
}
