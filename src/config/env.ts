/** The environment, checked. */

import { SETTINGS } from '../wording/terminal/settings.ts';
import { ConfigError } from './configError.ts';
import { envSchema, type Variables } from './envSchema.ts';

export interface Env {
  readonly slack: {
    readonly botToken: string;
    readonly apiUrl: string;
    readonly transport:
      | { readonly mode: 'socket'; readonly appToken: string }
      | { readonly mode: 'http'; readonly signingSecret: string };
  };
  readonly pagerDuty: {
    readonly token: string;
    readonly apiUrl: string;
    /** E-mail address of the PagerDuty user who writes notes and incidents. If null, the bot writes none. */
    readonly from: string | null;
    /** Verifies what PagerDuty posts to /pagerduty/events. If null, the bot takes no webhooks. */
    readonly webhookSecret: string | null;
  };
  /** The port for Slack in HTTP mode, for PagerDuty's webhooks, and for monitoring. */
  readonly port: number | null;
  /**
   * Called every half minute while all is well, so that silence means that the bot is gone. If null, nothing is called.
   */
  readonly heartbeatUrl: string | null;
  /** The token for reading the metrics. If null, anyone who reaches the port may read them. */
  readonly metricsToken: string | null;
  /** The key that signs checkpoints, and the path or address where they are kept. If null, there are none. */
  readonly checkpoints: { readonly keyPath: string; readonly place: string } | null;
  /** Where events are forwarded. */
  readonly forwarding: {
    readonly webhook: { readonly url: string; readonly secret: string } | null;
    readonly syslog: string | null;
  };
  /** Encrypts the secrets of one-time codes in the database. 32 bytes. */
  readonly secretKey: Buffer | null;
  /** The previous key, with which some secrets may still be encrypted. */
  readonly secretKeyBefore: Buffer | null;
  readonly policyPath: string;
  readonly databasePath: string;
  /** Whether it waits for the place of another bot on the same ledger instead of being refused. */
  readonly isStandby: boolean;
  readonly logLevel: string;
}

/** Checks the environment. @throws ConfigError that names every missing or wrong variable, and where to get it */
export function parseEnv(variables: NodeJS.ProcessEnv): Env {
  // Many tools set an empty variable to mean "unset".
  const given = Object.fromEntries(Object.entries(variables).filter(([, value]) => value !== ''));
  const parsed = envSchema.safeParse(given);
  const issues = [
    ...(parsed.error?.issues ?? []).map((issue) => ({ name: issue.path.join('.'), message: issue.message })),
    ...lackingBeside(given),
  ];
  if (parsed.success && issues.length === 0) return toEnv(parsed.data);
  throw new ConfigError(SETTINGS.list(issues));
}

interface EnvIssue {
  readonly name: string;
  readonly message: string;
}

/** Variables that are missing although others need them. */
function lackingBeside(given: NodeJS.ProcessEnv): EnvIssue[] {
  const issues: EnvIssue[] = [];
  if (!given.SLACK_APP_TOKEN && !given.SLACK_SIGNING_SECRET)
    issues.push({ name: 'SLACK_APP_TOKEN', message: SETTINGS.transport });
  if (!given.SLACK_APP_TOKEN && given.SLACK_SIGNING_SECRET && given.PORT === undefined)
    issues.push({
      name: 'PORT',
      message: SETTINGS.portForSlack,
    });
  if (given.SLACK_APP_TOKEN && given.PAGERDUTY_WEBHOOK_SECRET && given.PORT === undefined)
    issues.push({
      name: 'PORT',
      message: SETTINGS.portForPagerDuty,
    });
  const checkpoints = missingOf(given, 'JIT_CHECKPOINT_KEY', 'JIT_CHECKPOINTS');
  if (checkpoints)
    issues.push({
      name: checkpoints,
      message: SETTINGS.checkpoints,
    });
  const forwarding = missingOf(given, 'JIT_FORWARD_WEBHOOK', 'JIT_FORWARD_SECRET');
  if (forwarding)
    issues.push({
      name: forwarding,
      message: SETTINGS.forwarding,
    });
  if (given.JIT_STANDBY === 'yes' && !/^postgres(ql)?:/.test(given.JIT_DATABASE ?? 'postgres:'))
    issues.push({ name: 'JIT_STANDBY', message: SETTINGS.standbyOnFile });
  return issues;
}

/** The missing one of two variables that belong together, or null if both or neither are set. */
function missingOf(given: NodeJS.ProcessEnv, first: string, second: string): string | null {
  if ((given[first] === undefined) === (given[second] === undefined)) return null;
  return given[first] === undefined ? first : second;
}

function toEnv(env: Variables): Env {
  return {
    slack: {
      botToken: env.SLACK_BOT_TOKEN,
      apiUrl: env.SLACK_API_URL.endsWith('/') ? env.SLACK_API_URL : `${env.SLACK_API_URL}/`,
      transport: env.SLACK_APP_TOKEN
        ? { mode: 'socket', appToken: env.SLACK_APP_TOKEN }
        : { mode: 'http', signingSecret: env.SLACK_SIGNING_SECRET ?? '' },
    },
    pagerDuty: {
      token: env.PAGERDUTY_TOKEN,
      apiUrl: env.PAGERDUTY_API_URL.replace(/\/+$/, ''),
      from: env.PAGERDUTY_FROM ?? null,
      webhookSecret: env.PAGERDUTY_WEBHOOK_SECRET ?? null,
    },
    port: env.PORT ?? null,
    heartbeatUrl: env.JIT_HEARTBEAT_URL ?? null,
    metricsToken: env.JIT_METRICS_TOKEN ?? null,
    checkpoints:
      env.JIT_CHECKPOINT_KEY && env.JIT_CHECKPOINTS
        ? { keyPath: env.JIT_CHECKPOINT_KEY, place: env.JIT_CHECKPOINTS }
        : null,
    forwarding: {
      webhook:
        env.JIT_FORWARD_WEBHOOK && env.JIT_FORWARD_SECRET
          ? { url: env.JIT_FORWARD_WEBHOOK, secret: env.JIT_FORWARD_SECRET }
          : null,
      syslog: env.JIT_FORWARD_SYSLOG ?? null,
    },
    secretKey: env.JIT_SECRET_KEY ? Buffer.from(env.JIT_SECRET_KEY, 'hex') : null,
    secretKeyBefore: env.JIT_SECRET_KEY_BEFORE ? Buffer.from(env.JIT_SECRET_KEY_BEFORE, 'hex') : null,
    policyPath: env.JIT_POLICY,
    databasePath: env.JIT_DATABASE,
    isStandby: env.JIT_STANDBY === 'yes',
    logLevel: env.LOG_LEVEL,
  };
}
