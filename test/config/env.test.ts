import { expect, test } from 'vitest';
import { parseEnv } from '../../src/config/env.ts';

const SOCKET = {
  SLACK_BOT_TOKEN: 'xoxb-1',
  SLACK_APP_TOKEN: 'xapp-1',
  PAGERDUTY_TOKEN: 'pd',
  JIT_POLICY: 'policy.yaml',
  JIT_DATABASE: 'jit.db',
};

test('an empty environment names every variable that is missing, and where to get it', () => {
  expect(() => parseEnv({})).toThrow(
    /5 environment variables.*SLACK_BOT_TOKEN.*api\.slack\.com.*PAGERDUTY_TOKEN.*API Access Keys.*JIT_POLICY.*JIT_DATABASE.*SLACK_APP_TOKEN.*connections:write/s,
  );
});

test('an app token means Socket Mode, and a signing secret with a port means HTTP', () => {
  expect(parseEnv(SOCKET).slack.transport).toEqual({ mode: 'socket', appToken: 'xapp-1' });
  const { SLACK_APP_TOKEN: _unused, ...rest } = SOCKET;
  const http = parseEnv({ ...rest, SLACK_SIGNING_SECRET: 'secret-secret', PORT: '3000' });
  expect(http.slack.transport).toEqual({ mode: 'http', signingSecret: 'secret-secret' });
  expect(http.port).toBe(3000);
  // In Socket Mode a port is for PagerDuty's webhooks, and for those who ask how the bot is.
  expect(parseEnv(SOCKET).port).toBeNull();
  expect(parseEnv({ ...SOCKET, PORT: '3000' }).port).toBe(3000);
  const webhooks = { ...SOCKET, PAGERDUTY_WEBHOOK_SECRET: 'sixteen-characters' };
  expect(parseEnv({ ...webhooks, PORT: '3000' }).port).toBe(3000);
  expect(() => parseEnv(webhooks)).toThrow(/PORT.*webhooks/);
  expect(() => parseEnv({ ...rest, SLACK_SIGNING_SECRET: 'secret-secret' })).toThrow(/PORT/);
});

test.each([
  ['a user token in place of the bot token', { SLACK_BOT_TOKEN: 'xoxp-1' }, /SLACK_BOT_TOKEN.*xoxb-/],
  ['16 a user token, told for what it is', { SLACK_BOT_TOKEN: 'xoxp-1' }, /SLACK_BOT_TOKEN.*this is a user token/],
  ['16 an app token as bot token', { SLACK_BOT_TOKEN: 'xapp-1' }, /SLACK_BOT_TOKEN.*belongs in SLACK_APP_TOKEN/],
  ['16 a bot token as app token', { SLACK_APP_TOKEN: 'xoxb-1' }, /SLACK_APP_TOKEN.*belongs in SLACK_BOT_TOKEN/],
  ['16 a token in quotes', { SLACK_BOT_TOKEN: '"xoxb-1"' }, /SLACK_BOT_TOKEN.*take the quotes/],
  ['16 a token in curly quotes', { SLACK_APP_TOKEN: '“xapp-1”' }, /SLACK_APP_TOKEN.*take the quotes/],
  ['16 a token with a line break behind it', { SLACK_APP_TOKEN: 'xapp-1\n' }, /SLACK_APP_TOKEN.*quotes or spaces/],
  ['16 swapped tokens in quotes', { SLACK_BOT_TOKEN: "'xapp-1'" }, /SLACK_BOT_TOKEN.*belongs in SLACK_APP_TOKEN/],
  ['16 what is no token', { SLACK_BOT_TOKEN: 'secret' }, /SLACK_BOT_TOKEN.*no token of Slack/],
  ['a bot token in place of the app token', { SLACK_APP_TOKEN: 'xoxb-1' }, /SLACK_APP_TOKEN.*xapp-/],
  ['an address that is none', { PAGERDUTY_API_URL: 'api.pagerduty.com' }, /PAGERDUTY_API_URL.*http/],
  ['a log level that does not exist', { LOG_LEVEL: 'loud' }, /LOG_LEVEL/],
  ['a port that is none', { PORT: 'http' }, /PORT/],
  ['events forwarded unsigned', { JIT_FORWARD_WEBHOOK: 'https://siem.example/jit' }, /JIT_FORWARD_SECRET.*missing/],
  ['a syslog without a port', { JIT_FORWARD_SYSLOG: 'tcp://siem.example' }, /JIT_FORWARD_SYSLOG.*tcp:\/\/host:601/],
  ['an empty value', { PAGERDUTY_TOKEN: '' }, /PAGERDUTY_TOKEN.*missing/],
])('refused: %s', (_name, change, message) => {
  expect(() => parseEnv({ ...SOCKET, ...change })).toThrow(message);
});
