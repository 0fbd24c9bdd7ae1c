/** All environment variables of the bot. Only this file defines them. */

import { z } from 'zod';
import { SETTINGS, TOKEN_PROBLEMS, TOKENS } from '../wording/terminal/settings.ts';

const url = z.url({ protocol: /^https?$/, error: SETTINGS.httpAddress });

/** A token of one kind. The error says what was found instead, but never shows the token. */
function isToken(prefix: 'xoxb-' | 'xapp-'): (text: string, context: z.RefinementCtx) => void {
  return (text, context) => {
    const say = (problem: string) =>
      void context.addIssue({ code: 'custom', message: TOKEN_PROBLEMS.expected(prefix, problem) });
    const bare = text.trim().replace(/^["'`“”‘’]+|["'`“”‘’]+$/g, '');
    const kind = Object.entries(TOKENS).find(([start]) => bare.startsWith(start));
    if (kind && kind[0] !== prefix) say(TOKEN_PROBLEMS.other(kind[1]));
    else if (!kind) say(bare === '' ? TOKEN_PROBLEMS.empty : TOKEN_PROBLEMS.none);
    else if (bare !== text) say(TOKEN_PROBLEMS.quoted);
    else if (/\s/.test(text)) say(TOKEN_PROBLEMS.broken);
  };
}

export const envSchema = z.object({
  SLACK_BOT_TOKEN: z.string({ error: SETTINGS.botToken }).superRefine(isToken('xoxb-')),
  SLACK_APP_TOKEN: z.string().superRefine(isToken('xapp-')).optional(),
  SLACK_SIGNING_SECRET: z.string().min(8, SETTINGS.signingSecret).optional(),
  PORT: z.coerce.number({ error: SETTINGS.port }).int().min(0).max(65_535, SETTINGS.port).optional(),
  SLACK_API_URL: url.default('https://slack.com/api/'),
  PAGERDUTY_TOKEN: z.string({ error: SETTINGS.pagerDutyToken }).min(1, SETTINGS.empty),
  PAGERDUTY_API_URL: url.default('https://api.pagerduty.com'),
  PAGERDUTY_FROM: z.email(SETTINGS.pagerDutyFrom).optional(),
  PAGERDUTY_WEBHOOK_SECRET: z.string().min(16, SETTINGS.webhookSecret).optional(),
  JIT_CHECKPOINT_KEY: z.string().min(1).optional(),
  JIT_CHECKPOINTS: z.string().min(1).optional(),
  JIT_FORWARD_WEBHOOK: url.optional(),
  JIT_FORWARD_SECRET: z.string().min(16, SETTINGS.longSecret).optional(),
  JIT_FORWARD_SYSLOG: z
    .string()
    .regex(/^(?:udp|tcp|tls):\/\/[^/?#@\s]+:\d{1,5}$/, SETTINGS.syslog)
    .optional(),
  JIT_SECRET_KEY: z
    .string()
    .regex(/^[0-9a-f]{64}$/i, SETTINGS.secretKey)
    .optional(),
  /**
   * The previous key: decrypts what it encrypted, which is encrypted with the new key when the next code is entered.
   */
  JIT_SECRET_KEY_BEFORE: z
    .string()
    .regex(/^[0-9a-f]{64}$/i, SETTINGS.secretKeyBefore)
    .optional(),
  JIT_HEARTBEAT_URL: url.optional(),
  JIT_METRICS_TOKEN: z.string().min(16, SETTINGS.longSecret).optional(),
  JIT_POLICY: z.string({ error: SETTINGS.policy }).min(1, SETTINGS.empty),
  JIT_DATABASE: z.string({ error: SETTINGS.database }).min(1, SETTINGS.empty),
  JIT_STANDBY: z.enum(['yes', 'no'], SETTINGS.standby).default('no'),
  LOG_LEVEL: z.enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace']).default('info'),
});

export type Variables = z.infer<typeof envSchema>;

export const VARIABLES = Object.keys(envSchema.shape);
