import type { Variables } from './envSchema.ts';

/**
 * Variables that are, or may contain, secrets. Each can be read from a file, named by the variable with `_FILE` at the
 * end.
 */
export const SECRET_VARIABLES = [
  'SLACK_BOT_TOKEN',
  'SLACK_APP_TOKEN',
  'SLACK_SIGNING_SECRET',
  'PAGERDUTY_TOKEN',
  'PAGERDUTY_WEBHOOK_SECRET',
  'JIT_CHECKPOINTS',
  'JIT_FORWARD_WEBHOOK',
  'JIT_FORWARD_SECRET',
  'JIT_SECRET_KEY',
  'JIT_SECRET_KEY_BEFORE',
  'JIT_HEARTBEAT_URL',
  'JIT_METRICS_TOKEN',
  'JIT_DATABASE',
] as const satisfies readonly (keyof Variables)[];
