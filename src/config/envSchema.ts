/** All environment variables of the bot. Only this file defines them. */

import { z } from 'zod';

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

/** A token of one kind. The error says what was found instead, but never shows the token. */
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

export const envSchema = z.object({
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
  /**
   * The previous key: decrypts what it encrypted, which is encrypted with the new key when the next code is entered.
   */
  JIT_SECRET_KEY_BEFORE: z
    .string()
    .regex(/^[0-9a-f]{64}$/i, 'expected the 64 hexadecimal digits that JIT_SECRET_KEY had before')
    .optional(),
  JIT_HEARTBEAT_URL: url.optional(),
  JIT_METRICS_TOKEN: z
    .string()
    .min(16, 'expected at least 16 characters, for example from: openssl rand -hex 32')
    .optional(),
  JIT_POLICY: z
    .string({ error: 'missing: the path of your policy file; the README has one to start from' })
    .min(1, 'is empty'),
  JIT_DATABASE: z
    .string({ error: 'missing: where to keep the ledger, for example /var/lib/jitbot/jit.db' })
    .min(1, 'is empty'),
  LOG_LEVEL: z.enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace']).default('info'),
});

export type Variables = z.infer<typeof envSchema>;

export const VARIABLES = Object.keys(envSchema.shape);
