import type { z } from 'zod';
import { type Known, known, SECOND, unknown } from '../domain/terms.ts';
import type { Purpose } from '../ports/evidence.ts';
import type { Clock, Log } from '../ports/host.ts';
import { type Meter, metered, SILENT_METER } from '../ports/meter.ts';
import { type Answer, judge, pageOf, problemOf } from './answer.ts';
import { RateLimits, type Waiting } from './rateLimits.ts';
import { SharedAnswers } from './sharedAnswers.ts';
import { type Call, type Query, type Send, sendWith } from './wire.ts';

/** PagerDuty's largest page, and the maximum offset of its pagination. */
const PAGE_SIZE = 100;
const MAX_ENTRIES = 10_000;

/** Asks PagerDuty's REST API. Never throws: every failure is an answer. */
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
  /** Creates or changes something. A refusal by PagerDuty is an answer too, with its status. */
  write(
    method: 'POST' | 'PUT',
    path: string,
    { body, from }: { body: object; from: string },
  ): Promise<Known<{ status: number; data: unknown }>>;
}

export const createPagerDuty = ({
  token,
  apiUrl,
  ...options
}: ClientOptions & { token: string; apiUrl: string }): PagerDutyClient =>
  createClient(sendWith(token, apiUrl), options);

export interface ClientOptions {
  clock: Pick<Clock, 'now' | 'wakeAt'>;
  log: Log;
  /** When aborted, nothing waits for the rate limit any longer, because the bot stops. */
  ending?: AbortSignal;
  meter?: Meter;
  /** Called with the Date header of every answer. */
  heardDate?: (date: string | null) => void;
}

/** Over whatever carries the calls. */
export function createClient(send: Send, options: ClientOptions): PagerDutyClient {
  const { clock, log, ending, meter = SILENT_METER, heardDate } = options;
  return new LimitedClient({
    send: measured(hearing(send, heardDate), meter),
    limits: new RateLimits(clock, ending, (wait) => meter.heldOff('pagerduty', wait)),
    shared: new SharedAnswers(clock),
    log,
  });
}

class LimitedClient implements PagerDutyClient {
  readonly #send: Send;
  readonly #limits: RateLimits;
  readonly #shared: SharedAnswers;
  readonly #log: Log;

  constructor(parts: { send: Send; limits: RateLimits; shared: SharedAnswers; log: Log }) {
    this.#send = parts.send;
    this.#limits = parts.limits;
    this.#shared = parts.shared;
    this.#log = parts.log;
  }

  get<T>(path: string, query: Query, schema: z.ZodType<T>, purpose: Purpose): Promise<Known<T>> {
    return this.#shared.get(JSON.stringify([path, query]), purpose, async () =>
      this.#check(await this.#ask(path, query, this.#limits.waitingFor(purpose)), schema, path),
    );
  }

  list<T>(
    path: string,
    query: Query,
    key: string,
    schema: z.ZodType<T>,
    purpose: Purpose,
  ): Promise<Known<readonly T[]>> {
    return this.#shared.get(JSON.stringify([path, query]), purpose, async () =>
      this.#check(await this.#readPages(path, query, key, this.#limits.waitingFor(purpose)), schema.array(), path),
    );
  }

  async write(
    method: 'POST' | 'PUT',
    path: string,
    { body, from }: { body: object; from: string },
  ): Promise<Known<{ status: number; data: unknown }>> {
    const answer = await this.#attempt(path, { method, body, from }, this.#limits.waitingFor('check'));
    return answer.known ? known({ status: answer.value.status, data: answer.value.data }) : answer;
  }

  async #readPages(path: string, query: Query, key: string, waiting: Waiting): Promise<Known<unknown[]>> {
    const entries: unknown[] = [];
    for (let offset = 0; offset < MAX_ENTRIES; offset += PAGE_SIZE) {
      const answer = await this.#ask(path, { ...query, limit: String(PAGE_SIZE), offset: String(offset) }, waiting);
      if (!answer.known) return answer;
      const page = pageOf(answer.value, key, offset);
      if (!page.known) return page;
      entries.push(...page.value.entries);
      if (!page.value.more) return known(entries);
    }
    return unknown(`PagerDuty has more than ${MAX_ENTRIES} entries for this question`);
  }

  async #ask(path: string, query: Query, waiting: Waiting): Promise<Known<unknown>> {
    const answer = await this.#attempt(path, { method: 'GET', query }, waiting);
    return answer.known ? judge(answer.value, path) : answer;
  }

  async #attempt(path: string, call: Call, waiting: Waiting): Promise<Known<Answer>> {
    const operation = operationOf(call.method, path);
    for (;;) {
      const wait = await this.#limits.wait(operation, waiting);
      if (wait > 0) return unknown(`PagerDuty's rate limit is used up for another ${Math.ceil(wait / SECOND)} s`);
      try {
        const answer = await this.#send(path, call, waiting.signal);
        this.#limits.note(operation, answer);
        if (answer.status === 429 && this.#limits.isWorthWaiting(operation, waiting)) continue;
        return known(answer);
      } catch (error) {
        const problem = problemOf(error);
        this.#log.warn({ err: error instanceof Error ? error : undefined, path, problem }, 'PagerDuty did not answer');
        return unknown(problem);
      }
    }
  }

  #check<T>(answer: Known<unknown>, schema: z.ZodType<T>, path: string): Known<T> {
    if (!answer.known) return answer;
    const parsed = schema.safeParse(answer.value);
    if (parsed.success) return known(parsed.data);
    const issues = parsed.error.issues.slice(0, 5);
    this.#log.warn({ path, issues }, 'PagerDuty answered in a form that is not understood');
    const [issue] = issues;
    return unknown(
      `PagerDuty answered in a form that is not understood (${issue?.path.join('.') ?? ''}: ${issue?.message ?? ''})`,
    );
  }
}

const hearing =
  (send: Send, heard: (date: string | null) => void = () => undefined): Send =>
  async (path, call, signal) => {
    const answer = await send(path, call, signal);
    heard(answer.headers.get('date'));
    return answer;
  };

const measured =
  (send: Send, meter: Meter): Send =>
  (path, call, signal) =>
    metered(
      meter,
      { service: 'pagerduty', kind: '', verb: operationOf(call.method, path) },
      () => send(path, call, signal),
      ({ status }) => status < 400,
    );

/** The unit of PagerDuty's rate limits: the operation, with any id. */
const operationOf = (method: string, path: string): string =>
  `${method} ${path.replaceAll(/\/[A-Z0-9]+(?=\/|$)/g, '/{id}')}`;
