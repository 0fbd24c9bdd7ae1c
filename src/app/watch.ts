/** Watches a bot from another machine, and raises the alarm by itself when it stops. */

import { durationText, type Instant, type Millis, SECOND } from '../domain/terms.ts';
import { errorText } from '../domain/text.ts';
import type { Clock, Log } from '../ports/host.ts';

export interface WatchOptions {
  /** What is asked: the bot's /readyz. */
  readonly url: string;
  readonly every: Millis;
  /** How long it may be silent, or not ready, before somebody is woken. */
  readonly after: Millis;
  /** An integration key of PagerDuty's Events API v2; null: nobody is paged. */
  readonly routingKey: string | null;
  readonly pagerDutyEventsUrl: string;
  /** Where the alarm, and its end, are posted as JSON; null: nowhere. */
  readonly webhook: string | null;
  readonly clock: Clock;
  readonly log: Log;
}

export interface Watch {
  /** Looks now, and from time to time. */
  begin(): void;
  /** Resolves when the look that is under way is over. */
  idle(): Promise<void>;
  stop(): Promise<void>;
}

const TIMEOUT: Millis = 10 * SECOND;
const SOURCE = 'jitbot watch';

export function createWatch(options: WatchOptions): Watch {
  const { clock, every, after, log } = options;
  let cancel = (): void => undefined;
  let looking: Promise<void> = Promise.resolve();
  let wellAt = clock.now();
  /** Since when, and whether everybody was reached; null: there is no alarm. */
  let alarm: { readonly since: Instant; isTold: boolean } | null = null;

  async function look(): Promise<void> {
    const problem = await problemWith(options.url);
    const now = clock.now();
    if (problem === null) {
      wellAt = now;
      if (alarm !== null && (await tell(options, { kind: 'resolve', since: alarm.since, problem: 'it answers again' })))
        alarm = null;
      return;
    }
    log.warn({ problem }, 'the bot is not well');
    if (now - wellAt < after) return;
    alarm ??= { since: wellAt, isTold: false };
    // An alarm that did not get through is raised again.
    if (!alarm.isTold) alarm.isTold = await tell(options, { kind: 'trigger', since: wellAt, problem });
  }

  function begin(): void {
    looking = looking.then(look).catch((error: unknown) => log.error({ err: error }, 'the watch failed; it goes on'));
    cancel = clock.wakeAt(clock.now() + every, begin);
  }

  return {
    begin,
    idle: () => looking,
    stop: async () => {
      cancel();
      await looking;
    },
  };
}

/** @returns why it does not count as well; null: it is */
async function problemWith(url: string): Promise<string | null> {
  try {
    const answer = await fetch(url, { signal: AbortSignal.timeout(TIMEOUT), redirect: 'error' });
    if (answer.status === 200) return null;
    return `it answers ${answer.status}: ${(await answer.text()).slice(0, 500)}`;
  } catch (error) {
    return `it does not answer: ${errorText(error)}`;
  }
}

interface Said {
  readonly kind: 'trigger' | 'resolve';
  readonly since: Instant;
  readonly problem: string;
}

/** @returns whether everybody who is to be told was */
async function tell(options: WatchOptions, said: Said): Promise<boolean> {
  const { url, clock, log, routingKey, pagerDutyEventsUrl, webhook } = options;
  const silent = durationText(clock.now() - said.since);
  const summary =
    said.kind === 'trigger'
      ? `jitbot has not been well for ${silent}: access may not be taken back on time`
      : `jitbot is well again, after ${silent}`;
  log.error({ problem: said.problem, summary }, 'the watch tells of a bot that it watches');
  const about = { summary, source: url, since: new Date(said.since).toISOString(), problem: said.problem };
  const posts: [string, object][] = [];
  if (routingKey !== null)
    posts.push([
      pagerDutyEventsUrl,
      {
        routing_key: routingKey,
        event_action: said.kind,
        dedup_key: `${SOURCE} ${url}`,
        payload: { summary, source: url, severity: 'critical', custom_details: about },
      },
    ]);
  if (webhook !== null) posts.push([webhook, { alarm: said.kind, ...about }]);
  const told = await Promise.all(posts.map(([to, body]) => post(to, body, log)));
  return told.every(Boolean);
}

async function post(to: string, body: object, log: Log): Promise<boolean> {
  try {
    const answer = await fetch(to, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(TIMEOUT),
    });
    if (answer.ok) return true;
    log.error({ status: answer.status }, 'the alarm was not taken; it is raised again');
  } catch (error) {
    log.error({ problem: errorText(error) }, 'the alarm did not get through; it is raised again');
  }
  return false;
}
