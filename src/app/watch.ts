/** Watches a bot from another machine, and raises the alarm when it stops. */

import { durationText, type Instant, type Millis, SECOND } from '../domain/terms.ts';
import { errorText } from '../domain/text.ts';
import type { Clock, Log } from '../ports/host.ts';
import { WATCH } from '../wording/health.ts';

export interface WatchOptions {
  /** The bot's /readyz address. */
  readonly url: string;
  readonly every: Millis;
  /** How long the bot may be silent or not ready before the alarm, in ms. */
  readonly after: Millis;
  /** An integration key of PagerDuty's Events API v2. If null, nobody is paged. */
  readonly routingKey: string | null;
  readonly pagerDutyEventsUrl: string;
  /** Where the alarm and its end are posted as JSON. If null, they are not. */
  readonly webhook: string | null;
  readonly clock: Clock;
  readonly log: Log;
}

export interface Watch {
  /** Checks now, and then regularly. */
  begin(): void;
  /** Resolves when a running check is over. */
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
  /** Since when there is an alarm, and whether everybody was reached. null if there is no alarm. */
  let alarm: { readonly since: Instant; isTold: boolean } | null = null;

  async function look(): Promise<void> {
    const problem = await problemWith(options.url);
    const now = clock.now();
    if (problem === null) {
      wellAt = now;
      if (alarm !== null && (await tell(options, { kind: 'resolve', since: alarm.since, problem: WATCH.again })))
        alarm = null;
      return;
    }
    log.warn({ problem }, 'the bot is not well');
    if (now - wellAt < after) return;
    alarm ??= { since: wellAt, isTold: false };
    // An alarm that was not delivered is raised again.
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

/** @returns why the answer does not count as ready, or null if it does */
async function problemWith(url: string): Promise<string | null> {
  try {
    const answer = await fetch(url, { signal: AbortSignal.timeout(TIMEOUT), redirect: 'error' });
    if (answer.status === 200) return null;
    return WATCH.answers(answer.status, (await answer.text()).slice(0, 500));
  } catch (error) {
    return WATCH.noAnswer(errorText(error));
  }
}

interface Said {
  readonly kind: 'trigger' | 'resolve';
  readonly since: Instant;
  readonly problem: string;
}

/** @returns whether all receivers were reached */
async function tell(options: WatchOptions, said: Said): Promise<boolean> {
  const { url, clock, log, routingKey, pagerDutyEventsUrl, webhook } = options;
  const silent = durationText(clock.now() - said.since);
  const summary = said.kind === 'trigger' ? WATCH.unwell(silent) : WATCH.well(silent);
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
