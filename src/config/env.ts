import { z } from 'zod';
import { plainForms, SECRET_NAME } from '../domain/secrets.ts';
import { counted } from '../domain/text.ts';

/** The environment, checked. This file alone says which variables there are. */

const url = z.url({ protocol: /^https?$/, error: 'expected an http or https address' });

/** Slack's kinds of tokens, by how they begin, and where each belongs. */
const TOKENS = {
  'xoxb-': 'a bot token, which belongs in SLACK_BOT_TOKEN',
  'xapp-': 'an app-level token, which belongs in SLACK_APP_TOKEN',
  'xoxp-': 'a user token: the bot needs none',
  'xoxe.': 'a token that expires, or one to renew such: switch token rotation off',
  'xoxe-': 'a token that expires, or one to renew such: switch token rotation off',
  'xoxc-': 'a token of a browser: the bot needs none',
} as const;

/** A token of one kind. Anything else is told for what it is; the token itself is never shown. */
function isToken(prefix: 'xoxb-' | 'xapp-'): (text: string, context: z.RefinementCtx) => void {
  const expected = `expected ${prefix === 'xoxb-' ? 'a bot token' : 'an app-level token'}, which starts with ${prefix}`;
  return (text, context) => {
    const say = (problem: string) => void context.addIssue({ code: 'custom', message: `${expected}; ${problem}` });
    const bare = text.trim().replace(/^["'`“”‘’]+|["'`“”‘’]+$/g, '');
    const kind = Object.entries(TOKENS).find(([start]) => bare.startsWith(start));
    if (kind && kind[0] !== prefix) say(`this is ${kind[1]}`);
    else if (!kind) say(bare === '' ? 'this is empty' : 'this is no token of Slack’s');
    else if (bare !== text) say('take the quotes or spaces around it away');
    else if (/\s/.test(text)) say('there is a space or a line break in it');
  };
}

const schema = z.object({
  SLACK_BOT_TOKEN: z
    .string({ error: 'missing: api.slack.com/apps → your app → OAuth & Permissions → Bot User OAuth Token' })
    .superRefine(isToken('xoxb-')),
  SLACK_APP_TOKEN: z.string().superRefine(isToken('xapp-')).optional(),
  SLACK_SIGNING_SECRET: z
    .string()
    .min(8, 'expected the signing secret from api.slack.com/apps → your app → Basic Information')
    .optional(),
  PORT: z.coerce
    .number({ error: 'expected a port number' })
    .int()
    .min(0)
    .max(65_535, 'expected a port number')
    .optional(),
  SLACK_API_URL: url.default('https://slack.com/api/'),
  PAGERDUTY_TOKEN: z
    .string({ error: 'missing: PagerDuty → Integrations → API Access Keys → a read-only key is enough' })
    .min(1, 'is empty'),
  PAGERDUTY_API_URL: url.default('https://api.pagerduty.com'),
  PAGERDUTY_FROM: z.email('expected the e-mail address of a PagerDuty user').optional(),
  PAGERDUTY_WEBHOOK_SECRET: z
    .string()
    .min(16, 'expected the secret that PagerDuty showed when the webhook subscription was made')
    .optional(),
  JIT_CHECKPOINT_KEY: z.string().min(1).optional(),
  JIT_CHECKPOINTS: z.string().min(1).optional(),
  JIT_FORWARD_WEBHOOK: url.optional(),
  JIT_FORWARD_SECRET: z
    .string()
    .min(16, 'expected at least 16 characters, for example from: openssl rand -hex 32')
    .optional(),
  JIT_FORWARD_SYSLOG: z
    .string()
    .regex(/^(?:udp|tcp|tls):\/\/[^/?#@\s]+:\d{1,5}$/, 'expected udp://host:514, tcp://host:601 or tls://host:6514')
    .optional(),
  JIT_SECRET_KEY: z
    .string()
    .regex(/^[0-9a-f]{64}$/i, 'expected 64 hexadecimal digits, for example from: openssl rand -hex 32')
    .optional(),
  JIT_POLICY: z
    .string({ error: 'missing: the path of your policy file; the README has one to start from' })
    .min(1, 'is empty'),
  JIT_DATABASE: z
    .string({ error: 'missing: where to keep the ledger, for example /var/lib/jitbot/jit.db' })
    .min(1, 'is empty'),
  LOG_LEVEL: z.enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace']).default('info'),
});

const TRANSPORT_MISSING =
  'missing: Basic Information → App-Level Tokens → generate one with connections:write (Socket Mode); or set SLACK_SIGNING_SECRET and PORT (HTTP mode)';

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
    /** In whose name notes and incidents are written; null: nothing is written. */
    readonly from: string | null;
    /** Signs what PagerDuty sends to /pagerduty/events; null: nothing is listened for. */
    readonly webhookSecret: string | null;
  };
  /** Where to listen, in HTTP mode or for PagerDuty's webhooks. */
  readonly port: number | null;
  /** Signs positions of the ledger, which are kept at a path or an address; null: they are not. */
  readonly checkpoints: { readonly keyPath: string; readonly place: string } | null;
  /** Where events are sent on to. */
  readonly forwarding: {
    readonly webhook: { readonly url: string; readonly secret: string } | null;
    readonly syslog: string | null;
  };
  /** Encrypts what must be kept and stay secret: 32 bytes. */
  readonly secretKey: Buffer | null;
  readonly policyPath: string;
  readonly databasePath: string;
  readonly logLevel: string;
}

/** Something in the configuration that has to be put right before the bot can start. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
}

/** @throws ConfigError naming every variable that is missing or wrong, with where to get it */
export function parseEnv(variables: NodeJS.ProcessEnv): Env {
  // An empty variable is how many tools say "unset".
  const given = Object.fromEntries(Object.entries(variables).filter(([, value]) => value !== ''));
  const parsed = schema.safeParse(given);
  const issues = parsed.error?.issues.map((issue) => ({ name: issue.path.join('.'), message: issue.message })) ?? [];
  if (!given.SLACK_APP_TOKEN && !given.SLACK_SIGNING_SECRET)
    issues.push({ name: 'SLACK_APP_TOKEN', message: TRANSPORT_MISSING });
  if (!given.SLACK_APP_TOKEN && given.SLACK_SIGNING_SECRET && given.PORT === undefined) {
    issues.push({
      name: 'PORT',
      message: 'missing: HTTP mode (SLACK_SIGNING_SECRET without SLACK_APP_TOKEN) needs the port to listen on',
    });
  }
  if (given.SLACK_APP_TOKEN && given.PAGERDUTY_WEBHOOK_SECRET && given.PORT === undefined)
    issues.push({
      name: 'PORT',
      message: "missing: PagerDuty's webhooks (PAGERDUTY_WEBHOOK_SECRET) need a port to arrive at",
    });
  if ((given.JIT_CHECKPOINT_KEY === undefined) !== (given.JIT_CHECKPOINTS === undefined))
    issues.push({
      name: given.JIT_CHECKPOINT_KEY === undefined ? 'JIT_CHECKPOINT_KEY' : 'JIT_CHECKPOINTS',
      message: 'missing: checkpoints need both a key to sign with and a place to keep them; see docs/ledger.md',
    });
  if ((given.JIT_FORWARD_WEBHOOK === undefined) !== (given.JIT_FORWARD_SECRET === undefined))
    issues.push({
      name: given.JIT_FORWARD_WEBHOOK === undefined ? 'JIT_FORWARD_WEBHOOK' : 'JIT_FORWARD_SECRET',
      message: 'missing: events are forwarded to an address, signed with a secret; see docs/ledger.md',
    });
  if (!parsed.success || issues.length > 0) {
    const lines = issues.map(({ name, message }) => `  ${name}  ${message}`).join('\n');
    throw new ConfigError(`${counted(issues.length, 'environment variable')} to set or correct:\n${lines}`);
  }
  const env = parsed.data;
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
    port: env.SLACK_APP_TOKEN && !env.PAGERDUTY_WEBHOOK_SECRET ? null : (env.PORT ?? null),
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
    policyPath: env.JIT_POLICY,
    databasePath: env.JIT_DATABASE,
    logLevel: env.LOG_LEVEL,
  };
}

/** What of the bot's own configuration is a secret. */
export function secretsOfEnv({ slack, pagerDuty, forwarding, checkpoints, secretKey }: Env): string[] {
  const { transport } = slack;
  return [
    slack.botToken,
    transport.mode === 'socket' ? transport.appToken : transport.signingSecret,
    pagerDuty.token,
    pagerDuty.webhookSecret,
    forwarding.webhook?.secret,
    secretKey?.toString('hex'),
    // Addresses may hold a password, and are otherwise no secret.
    ...[forwarding.webhook?.url, checkpoints?.place].flatMap((address) =>
      plainForms(address ?? '').filter((form) => form !== address),
    ),
  ].flatMap((secret) => secret ?? []);
}

/** Shorter values of variables that are only named like a secret are left alone. */
const SHORTEST_NAMED = 8;

/** Whatever in the environment is named like a secret, for programs and libraries that read it themselves. */
export const secretsNamed = (variables: NodeJS.ProcessEnv): string[] =>
  Object.entries(variables).flatMap(([name, value = '']) =>
    SECRET_NAME.test(name) && value.length >= SHORTEST_NAMED ? [value] : [],
  );
