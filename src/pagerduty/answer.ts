/** Interprets answers of PagerDuty's REST API. What is not understood counts as "not known". */

import { z } from 'zod';
import { type Known, known, type Millis, SECOND, unknown } from '../domain/terms.ts';

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly data: unknown;
}

/** Maximum time of a question with all its pages, in ms. A decision does not wait longer. */
export const DEADLINE: Millis = 2 * SECOND;

/** PagerDuty's classic pagination: each page has its offset and whether there are more. */
const pagingSchema = z.object({ more: z.boolean(), offset: z.number().int().nullish() });

/** One page of a list. A page with another offset, or that does not say whether it is the last, is not understood. */
export function pageOf(
  said: unknown,
  key: string,
  offset: number,
): Known<{ readonly entries: readonly unknown[]; readonly more: boolean }> {
  const entries = z.object({ [key]: z.array(z.unknown()) }).safeParse(said).data?.[key];
  if (!entries) return unknown(`PagerDuty answered in a form that is not understood (no ${key})`);
  const paging = pagingSchema.safeParse(said).data;
  const isAsked = paging && (paging.offset ?? offset) === offset && !(paging.more && entries.length === 0);
  return isAsked
    ? known({ entries, more: paging.more })
    : unknown('PagerDuty answered in a form that is not understood (its pages do not fit together)');
}

export function judge({ status, data }: Answer, path: string): Known<unknown> {
  // Reading overrides is documented to answer 201.
  if ((status === 200 || status === 201) && typeof data === 'object' && data !== null) return known(data);
  switch (status) {
    case 401:
      return unknown('PagerDuty does not accept the key in PAGERDUTY_TOKEN (401)');
    case 403:
      return unknown(`the PagerDuty key has no right to read ${path} (403)`);
    case 404:
      return unknown(`PagerDuty knows nothing at ${path} (404)`);
    case 429:
      return unknown("PagerDuty's rate limit is used up (429)");
    default:
      return unknown(`PagerDuty answered with ${status}`);
  }
}

/** pdjs rejects with a bare Response if the body is not JSON. */
export function problemOf(error: unknown): string {
  if (error instanceof Error)
    return error.name === 'AbortError'
      ? `PagerDuty gave no answer within ${DEADLINE / SECOND} s`
      : `PagerDuty cannot be reached: ${error.message}`;
  const status =
    typeof error === 'object' && error !== null && 'status' in error
      ? String(error.status)
      : 'something that is no JSON';
  return `PagerDuty answered with ${status}, not in its own format`;
}
