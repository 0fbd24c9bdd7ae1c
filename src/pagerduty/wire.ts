/** One call to PagerDuty's REST API through its client, pdjs. */

import { createRequire } from 'node:module';
import { type Millis, SECOND } from '../domain/terms.ts';
import { type Answer, DEADLINE } from './answer.ts';

const { api } = createRequire(import.meta.url)('@pagerduty/pdjs') as typeof import('@pagerduty/pdjs');

/** pdjs retries a 429 three times with this pause. Its default of 20 s would exceed every deadline. */
const RETRY_PAUSE: Millis = 400;

export type Query = Readonly<Record<string, string | string[]>>;

export type Call =
  | { readonly method: 'GET'; readonly query: Query }
  | { readonly method: 'POST' | 'PUT'; readonly body: object; readonly from: string };

/** @throws if there is no answer before the signal aborts, or none in PagerDuty's format */
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
      // The signal ends a call. The timeout of pdjs would only keep the process alive.
      requestTimeout: 0,
      retryTimeout: RETRY_PAUSE,
      signal,
      // The default adds a charset that the API does not document.
      headers: {
        'Content-Type': 'application/json',
        Accept: 'application/vnd.pagerduty+json;version=2',
        ...(call.method !== 'GET' && { From: call.from }),
      },
    });
    const { status, headers, data } = await withDeadline(request, signal);
    return { status, headers, data };
  };

/** Stops waiting when the signal aborts: pdjs itself would finish its retries. */
function withDeadline<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const late = () => reject(new Error(`no answer within ${DEADLINE / SECOND} s`));
    if (signal.aborted) late();
    signal.addEventListener('abort', late, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', late));
  });
}
