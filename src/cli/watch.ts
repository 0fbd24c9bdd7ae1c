import { z } from 'zod';
import { systemClock } from '../app/clock.ts';
import { createLog } from '../app/log.ts';
import { createWatch } from '../app/watch.ts';
import { ConfigError } from '../config/configError.ts';
import { readSecretFiles } from '../config/variables.ts';
import { parseDuration } from '../domain/duration.ts';
import { MINUTE, SECOND } from '../domain/terms.ts';
import { MISUSE } from '../wording/terminal/misuse.ts';
import type { WATCH } from '../wording/terminal/options.ts';
import { PROBLEMS } from '../wording/terminal/problems.ts';
import type { Given } from './spec.ts';
import { UsageError } from './usageError.ts';

/** The key is read from the environment, because a command line is not a place for secrets. */
const envSchema = z.object({
  JIT_WATCH_ROUTING_KEY: z.string().length(32, PROBLEMS.routingKey).optional(),
  JIT_WATCH_WEBHOOK: z.url({ protocol: /^https?$/, error: PROBLEMS.httpAddress }).optional(),
  PAGERDUTY_EVENTS_URL: z.url({ protocol: /^https?$/ }).default('https://events.pagerduty.com/v2/enqueue'),
});

/** `jitbot watch URL`: watches until it is stopped. Exit codes: 0 stopped, 2 could not start. */
export function watch({ values, files }: Given<typeof WATCH>): Promise<number> {
  const [url = '', ...more] = files;
  if (more.length > 0 || !URL.canParse(url) || !/^https?:/.test(url)) throw new UsageError(MISUSE.watch);
  readSecretFiles(process.env, ['JIT_WATCH_ROUTING_KEY', 'JIT_WATCH_WEBHOOK']);
  const env = envSchema.safeParse(Object.fromEntries(Object.entries(process.env).filter(([, value]) => value !== '')));
  if (!env.success)
    throw new ConfigError(env.error.issues.map(({ path, message }) => `${path.join('.')}  ${message}`).join('\n'));
  const { JIT_WATCH_ROUTING_KEY: routingKey, JIT_WATCH_WEBHOOK: webhook, PAGERDUTY_EVENTS_URL } = env.data;
  if (routingKey === undefined && webhook === undefined) throw new ConfigError(PROBLEMS.nobodyHears);
  const { promise, resolve } = Promise.withResolvers<number>();
  const running = createWatch({
    url,
    every: duration('--every', values.every, 30 * SECOND),
    after: duration('--after', values.after, 2 * MINUTE),
    routingKey: routingKey ?? null,
    pagerDutyEventsUrl: PAGERDUTY_EVENTS_URL,
    webhook: webhook ?? null,
    clock: systemClock(0),
    log: createLog(
      'info',
      [routingKey, webhook].flatMap((secret) => secret ?? []),
    ),
  });
  const stop = () => void running.stop().then(() => resolve(0));
  process.once('SIGINT', stop);
  process.once('SIGTERM', stop);
  running.begin();
  return promise;
}

function duration(name: string, text: string | undefined, preset: number): number {
  if (text === undefined) return preset;
  const ms = parseDuration(text);
  if (ms === null || ms < SECOND) throw new UsageError(MISUSE.notADuration(name, text, '30s or 2m'));
  return ms;
}
