import { createRequire } from 'node:module';
import type { z } from 'zod';
import { type Instant, type Known, known, MINUTE, type Millis, SECOND, unknown } from '../domain/terms.ts';
import type { Clock, Log, Purpose } from '../ports.ts';
import { type Answer, DEADLINE, judge, pageOf, problemOf } from './answer.ts';

const { api } = createRequire(import.meta.url)('@pagerduty/pdjs') as typeof import('@pagerduty/pdjs');

/** How long an answer serves previews. */
const PREVIEW_AGE: Millis = MINUTE;
/** PagerDuty's largest page, and the furthest its paging goes. */
const PAGE_SIZE = 100;
const MAX_ENTRIES = 10_000;
/** How long to hold off after a 429 that does not say. */
const DEFAULT_HOLD_OFF: Millis = 30 * SECOND;
/**
 * Longest that a decision waits for a rate limit that is used up. PagerDuty counts by the minute: whoever is on call
 * and asks during a storm is better served a minute later than by a reviewer who sleeps.
 */
const LONGEST_WAIT: Millis = 2 * MINUTE;
/** pdjs tries a 429 three times more, with this pause; its own 20 s would outlast every deadline. */
const RETRY_PAUSE_MS = 400;
const CACHE_LIMIT = 2_000;

export type Query = Readonly<Record<string, string | string[]>>;

/** One question to PagerDuty's REST API. Every failure is an answer: it never throws. */
export interface PagerDutyClient {
  /** One object. */
  get<T>(path: string, query: Query, schema: z.ZodType<T>, purpose: Purpose): Promise<Known<T>>;
  /** Every entry of a list, over all its pages. */
  list<T>(
    path: string,
    query: Query,
    key: string,
    schema: z.ZodType<T>,
    purpose: Purpose,
  ): Promise<Known<readonly T[]>>;
  /** Makes or changes something. A refusal of PagerDuty's is an answer too, with its status. */
  write(
    method: 'POST' | 'PUT',
    path: string,
    { body, from }: { body: object; from: string },
  ): Promise<Known<{ status: number; data: unknown }>>;
}

type Call =
  | { readonly method: 'GET'; readonly query: Query }
  | { readonly method: 'POST' | 'PUT'; readonly body: object; readonly from: string };

/** How long one question may take. */
interface Patience {
  /** The end of its time, begun anew after waiting for the rate limit. */
  signal: AbortSignal;
  /** The latest end of a used-up rate limit that is waited for. */
  readonly until: Instant;
}

export function createPagerDuty(options: {
  token: string;
  apiUrl: string;
  clock: Pick<Clock, 'now' | 'wakeAt'>;
  log: Log;
  /** Whoever waits for the rate limit then waits no longer: the bot stops. */
  ending?: AbortSignal;
}): PagerDutyClient {
  const { token, apiUrl, clock, log, ending } = options;
  const inFlight = new Map<string, Promise<Known<unknown>>>();
  const answers = new Map<string, { at: number; answer: Known<unknown> }>();
  /** Until when nothing more is sent, by operation: PagerDuty limits some on their own, and others then still answer. */
  const heldOff = new Map<string, Instant>();

  /** Equal questions at the same time are one call; old answers serve previews only. */
  async function share<T>(question: string, purpose: Purpose, askNow: () => Promise<Known<T>>): Promise<Known<T>> {
    const earlier = answers.get(question);
    if (purpose === 'preview' && earlier && clock.now() - earlier.at <= PREVIEW_AGE) return earlier.answer as Known<T>;
    // Who does not wait for a rate limit does not wait for a decision that does.
    const turn = purpose === 'decision' ? `waiting ${question}` : question;
    const running = inFlight.get(turn) ?? start({ question, turn }, askNow);
    return running as Promise<Known<T>>;
  }

  function start<T>(
    { question, turn }: { question: string; turn: string },
    askNow: () => Promise<Known<T>>,
  ): Promise<Known<T>> {
    const asked = askNow().finally(() => inFlight.delete(turn));
    inFlight.set(turn, asked);
    void asked.then((answer) => {
      if (!answer.known) return;
      answers.delete(question);
      answers.set(question, { at: clock.now(), answer });
      const oldest = answers.keys().next();
      if (answers.size > CACHE_LIMIT && !oldest.done) answers.delete(oldest.value);
    });
    return asked;
  }

  const ask = async (path: string, query: Query, patience: Patience): Promise<Known<unknown>> => {
    const answer = await attempt({ method: 'GET', path }, patience, (signal) =>
      send(path, signal, { method: 'GET', query }),
    );
    return answer.known ? judge(answer.value, path) : answer;
  };

  async function attempt(
    { method, path }: { method: Call['method']; path: string },
    patience: Patience,
    call: (signal: AbortSignal) => Promise<Answer>,
  ): Promise<Known<Answer>> {
    const operation = operationOf(method, path);
    for (;;) {
      const holdOffUntil = heldOff.get(operation) ?? 0;
      const wait = holdOffUntil - clock.now();
      if (wait > 0) {
        if (holdOffUntil > patience.until || ending?.aborted)
          return unknown(`PagerDuty's rate limit is used up for another ${Math.ceil(wait / SECOND)} s`);
        const { promise, resolve } = Promise.withResolvers<void>();
        const cancel = clock.wakeAt(holdOffUntil, resolve);
        const stop = () => resolve();
        ending?.addEventListener('abort', stop, { once: true });
        await promise;
        ending?.removeEventListener('abort', stop);
        cancel();
        patience.signal = AbortSignal.timeout(DEADLINE);
        continue;
      }
      const { signal } = patience;
      try {
        const answer = await withDeadline(call(signal), signal);
        noteRateLimit(operation, answer);
        if (answer.status === 429 && (heldOff.get(operation) ?? 0) <= patience.until) continue;
        return known(answer);
      } catch (error) {
        const problem = problemOf(error);
        log.warn({ err: error instanceof Error ? error : undefined, path, problem }, 'PagerDuty did not answer');
        return unknown(problem);
      }
    }
  }

  const patienceFor = (purpose: Purpose): Patience => ({
    signal: AbortSignal.timeout(DEADLINE),
    until: purpose === 'decision' ? clock.now() + LONGEST_WAIT : clock.now(),
  });

  async function send(path: string, signal: AbortSignal, call: Call): Promise<Answer> {
    const response = await api({
      url: `${apiUrl}${path}`,
      token,
      method: call.method,
      ...(call.method === 'GET'
        ? { queryParameters: call.query as Record<string, string | string[]> }
        : { data: call.body }),
      // pdjs' own time-out only keeps the process awake; the signal is what ends a call.
      requestTimeout: 0,
      retryTimeout: RETRY_PAUSE_MS,
      signal,
      // Its default adds a charset that the published API does not list.
      headers: {
        'Content-Type': 'application/json',
        Accept: 'application/vnd.pagerduty+json;version=2',
        ...(call.method !== 'GET' && { From: call.from }),
      },
    });
    return { status: response.status, headers: response.headers, data: response.data };
  }

  function noteRateLimit(operation: string, { status, headers }: Answer): void {
    const remaining = headers.get('ratelimit-remaining');
    if (status !== 429 && remaining !== '0') return;
    const reset = Number(headers.get('ratelimit-reset') ?? headers.get('retry-after') ?? Number.NaN);
    if (status === 429 || Number.isFinite(reset)) {
      heldOff.set(operation, clock.now() + (Number.isFinite(reset) ? reset * SECOND : DEFAULT_HOLD_OFF));
    }
  }

  const check = <T>(answer: Known<unknown>, schema: z.ZodType<T>, path: string): Known<T> => {
    if (!answer.known) return answer;
    const parsed = schema.safeParse(answer.value);
    if (parsed.success) return known(parsed.data);
    const issue = parsed.error.issues[0];
    log.warn({ path, issues: parsed.error.issues.slice(0, 5) }, 'PagerDuty answered in a form that is not understood');
    return unknown(
      `PagerDuty answered in a form that is not understood (${issue?.path.join('.') ?? ''}: ${issue?.message ?? ''})`,
    );
  };

  async function readPages(path: string, query: Query, key: string, patience: Patience): Promise<Known<unknown[]>> {
    const entries: unknown[] = [];
    for (let offset = 0; offset < MAX_ENTRIES; offset += PAGE_SIZE) {
      const answer = await ask(path, { ...query, limit: String(PAGE_SIZE), offset: String(offset) }, patience);
      if (!answer.known) return answer;
      const page = pageOf(answer.value, key, offset);
      if (!page.known) return page;
      entries.push(...page.value.entries);
      if (!page.value.more) return known(entries);
    }
    return unknown(`PagerDuty has more than ${MAX_ENTRIES} entries for this question`);
  }

  return {
    get: (path, query, schema, purpose) =>
      share(JSON.stringify([path, query]), purpose, async () =>
        check(await ask(path, query, patienceFor(purpose)), schema, path),
      ),
    list: (path, query, key, schema, purpose) =>
      share(JSON.stringify([path, query]), purpose, async () =>
        check(await readPages(path, query, key, patienceFor(purpose)), schema.array(), path),
      ),
    write: async (method, path, { body, from }) => {
      const answer = await attempt({ method, path }, patienceFor('check'), (signal) =>
        send(path, signal, { method, body, from }),
      );
      return answer.known ? known({ status: answer.value.status, data: answer.value.data }) : answer;
    },
  };
}

/** pdjs waits out its retries even after the signal fired; nobody else should. */
function withDeadline<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const late = () => reject(new Error(`no answer within ${DEADLINE / SECOND} s`));
    if (signal.aborted) late();
    signal.addEventListener('abort', late, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', late));
  });
}

/** What PagerDuty counts together: the same question, about whichever object. */
const operationOf = (method: string, path: string): string =>
  `${method} ${path.replaceAll(/\/[A-Z0-9]+(?=\/|$)/g, '/{id}')}`;
