/** Each variable of the environment: what it may hold, what follows where it is left out, and what of it is a secret. */

import { describe, expect, test } from 'vitest';
import { ConfigError } from '../../src/config/configError.ts';
import { parseEnv } from '../../src/config/env.ts';
import { secretsNamed, secretsOfEnv } from '../../src/config/secrets.ts';
import { SECRET_VARIABLES } from '../../src/config/secretVariables.ts';

const WITHOUT_TRANSPORT = {
  SLACK_BOT_TOKEN: 'xoxb-1',
  PAGERDUTY_TOKEN: 'pd',
  JIT_POLICY: 'policy.yaml',
  JIT_DATABASE: 'jit.db',
};
const SOCKET = { ...WITHOUT_TRANSPORT, SLACK_APP_TOKEN: 'xapp-1' };
const HTTP = { ...WITHOUT_TRANSPORT, SLACK_SIGNING_SECRET: 'signing-secret', PORT: '3000' };
const KEY = '0123456789abcdef'.repeat(4);
const BEFORE = 'b4'.repeat(32);

const problem = (variables: NodeJS.ProcessEnv): string => {
  try {
    parseEnv(variables);
    return '';
  } catch (error) {
    if (error instanceof ConfigError) return error.message;
    throw error;
  }
};

test('what is not set is as the documentation says', () => {
  expect(parseEnv(SOCKET)).toEqual({
    slack: {
      botToken: 'xoxb-1',
      apiUrl: 'https://slack.com/api/',
      transport: { mode: 'socket', appToken: 'xapp-1' },
    },
    pagerDuty: { token: 'pd', apiUrl: 'https://api.pagerduty.com', from: null, webhookSecret: null },
    port: null,
    checkpoints: null,
    forwarding: { webhook: null, syslog: null },
    secretKey: null,
    secretKeyBefore: null,
    policyPath: 'policy.yaml',
    databasePath: 'jit.db',
    heartbeatUrl: null,
    metricsToken: null,
    isStandby: false,
    logLevel: 'info',
  });
});

test('what is set is what the bot goes by', () => {
  const all = parseEnv({
    ...HTTP,
    SLACK_API_URL: 'http://127.0.0.1:1/api',
    PAGERDUTY_API_URL: 'http://127.0.0.1:2//',
    PAGERDUTY_FROM: 'jit@harbor.example',
    PAGERDUTY_WEBHOOK_SECRET: 'pagerduty-webhook-secret',
    JIT_CHECKPOINT_KEY: '/keys/ledger.pem',
    JIT_CHECKPOINTS: '/checkpoints',
    JIT_FORWARD_WEBHOOK: 'https://siem.example/jit',
    JIT_FORWARD_SECRET: 'forwarding-secret',
    JIT_FORWARD_SYSLOG: 'tls://siem.example:6514',
    JIT_SECRET_KEY: KEY.toUpperCase(),
    JIT_SECRET_KEY_BEFORE: BEFORE,
    JIT_HEARTBEAT_URL: 'https://beat.example/1',
    JIT_METRICS_TOKEN: 'a-token-of-the-metrics',
    LOG_LEVEL: 'debug',
  });
  expect(all).toEqual({
    slack: {
      botToken: 'xoxb-1',
      apiUrl: 'http://127.0.0.1:1/api/',
      transport: { mode: 'http', signingSecret: 'signing-secret' },
    },
    pagerDuty: {
      token: 'pd',
      apiUrl: 'http://127.0.0.1:2',
      from: 'jit@harbor.example',
      webhookSecret: 'pagerduty-webhook-secret',
    },
    port: 3000,
    checkpoints: { keyPath: '/keys/ledger.pem', place: '/checkpoints' },
    forwarding: {
      webhook: { url: 'https://siem.example/jit', secret: 'forwarding-secret' },
      syslog: 'tls://siem.example:6514',
    },
    secretKey: Buffer.from(KEY, 'hex'),
    secretKeyBefore: Buffer.from(BEFORE, 'hex'),
    policyPath: 'policy.yaml',
    databasePath: 'jit.db',
    heartbeatUrl: 'https://beat.example/1',
    metricsToken: 'a-token-of-the-metrics',
    isStandby: false,
    logLevel: 'debug',
  });
});

test('a second bot waits only for a ledger on PostgreSQL', () => {
  const address = 'postgres://jitbot:p@db.harbor.example/jitbot';
  expect(parseEnv({ ...SOCKET, JIT_DATABASE: address, JIT_STANDBY: 'yes' }).isStandby).toBe(true);
  expect(problem({ ...SOCKET, JIT_STANDBY: 'yes' })).toMatch(
    /JIT_STANDBY {2}a second bot can only wait for a ledger on/,
  );
  expect(problem({ ...SOCKET, JIT_DATABASE: address, JIT_STANDBY: 'maybe' })).toMatch(
    /JIT_STANDBY {2}expected yes or no/,
  );
});

test('an address of Slack that ends with a slash keeps the one', () => {
  expect(parseEnv({ ...SOCKET, SLACK_API_URL: 'http://slack/api/' }).slack.apiUrl).toBe('http://slack/api/');
});

test('with both an app token and a signing secret it is Socket Mode', () => {
  const both = parseEnv({ ...HTTP, SLACK_APP_TOKEN: 'xapp-1' });
  expect(both.slack.transport).toEqual({ mode: 'socket', appToken: 'xapp-1' });
});

describe('what belongs together', () => {
  test.each<[string, NodeJS.ProcessEnv, string[]]>([
    ['neither transport', WITHOUT_TRANSPORT, ['SLACK_APP_TOKEN  missing']],
    ['a port alone is no transport', { ...WITHOUT_TRANSPORT, PORT: '1' }, ['SLACK_APP_TOKEN  missing']],
    [
      'HTTP mode without a port',
      { ...WITHOUT_TRANSPORT, SLACK_SIGNING_SECRET: 'signing-secret' },
      ['PORT  missing: HTTP mode'],
    ],
    ['HTTP mode with an empty port', { ...HTTP, PORT: '' }, ['PORT  missing: HTTP mode']],
    [
      'HTTP mode and webhooks without a port, told once',
      { ...WITHOUT_TRANSPORT, SLACK_SIGNING_SECRET: 'signing-secret', PAGERDUTY_WEBHOOK_SECRET: 'webhook-secret-16' },
      ['PORT  missing: HTTP mode'],
    ],
    [
      'webhooks in Socket Mode without a port',
      { ...SOCKET, PAGERDUTY_WEBHOOK_SECRET: 'webhook-secret-16' },
      ["PORT  missing: PagerDuty's webhooks"],
    ],
    ['a checkpoint key alone', { ...SOCKET, JIT_CHECKPOINT_KEY: 'k' }, ['JIT_CHECKPOINTS  missing']],
    ['a place for checkpoints alone', { ...SOCKET, JIT_CHECKPOINTS: '/c' }, ['JIT_CHECKPOINT_KEY  missing']],
    [
      'a secret for forwarding alone',
      { ...SOCKET, JIT_FORWARD_SECRET: 'forwarding-secret' },
      ['JIT_FORWARD_WEBHOOK  missing'],
    ],
    [
      'an address for forwarding alone',
      { ...SOCKET, JIT_FORWARD_WEBHOOK: 'http://siem' },
      ['JIT_FORWARD_SECRET  missing'],
    ],
    [
      'two things at once',
      { ...SOCKET, JIT_CHECKPOINT_KEY: 'k', LOG_LEVEL: 'loud' },
      ['LOG_LEVEL  ', 'JIT_CHECKPOINTS  missing'],
    ],
  ])('%s', (_name, variables, said) => {
    const lines = problem(variables).split('\n');
    expect(lines[0]).toBe(`${said.length} environment variable${said.length === 1 ? '' : 's'} to set or correct:`);
    expect(lines.slice(1)).toEqual(said.map((text) => expect.stringContaining(`  ${text}`)));
  });

  test.each<[string, NodeJS.ProcessEnv]>([
    ['checkpoints', { JIT_CHECKPOINT_KEY: 'k', JIT_CHECKPOINTS: '/c' }],
    ['forwarding', { JIT_FORWARD_WEBHOOK: 'http://siem', JIT_FORWARD_SECRET: 'forwarding-secret' }],
    ['webhooks and a port', { PAGERDUTY_WEBHOOK_SECRET: 'webhook-secret-16', PORT: '1' }],
    ['a syslog alone', { JIT_FORWARD_SYSLOG: 'udp://siem:514' }],
  ])('%s', (_name, variables) => {
    expect(problem({ ...SOCKET, ...variables })).toBe('');
  });
});

describe.each<[string, string[], string[]]>([
  ['SLACK_BOT_TOKEN', ['xoxb-1-2'], ['xoxb-1 2', 'xoxb-1\n', ' xoxb-1', 'xapp-1', 'xoxe.xoxb-1', 'xoxc-1', '""']],
  ['SLACK_APP_TOKEN', ['xapp-1-2'], ['xoxb-1', 'xapp-1\n2']],
  ['SLACK_SIGNING_SECRET', ['12345678'], ['1234567']],
  ['PORT', ['0', '1', '65535'], ['65536', '-1', '80.5', 'http']],
  ['SLACK_API_URL', ['http://slack', 'https://slack'], ['ftp://slack', 'slack']],
  ['PAGERDUTY_API_URL', ['http://pd'], ['pd', 'file:///pd']],
  ['PAGERDUTY_FROM', ['a@b.example'], ['a', 'a@b']],
  [
    'JIT_FORWARD_SYSLOG',
    ['udp://a:1', 'tcp://a:65535', 'tls://[::1]:6514'],
    ['http://a:1', 'udp://a', 'udp://a:1/x', 'udp://a:123456', 'xudp://a:1'],
  ],
  ['JIT_SECRET_KEY_BEFORE', [KEY], [KEY.slice(1)]],
  ['JIT_SECRET_KEY', [KEY, KEY.toUpperCase()], [KEY.slice(1), `${KEY}0`, `${KEY.slice(1)}g`]],
  ['LOG_LEVEL', ['fatal', 'error', 'warn', 'info', 'debug', 'trace'], ['silent', 'INFO']],
])('%s', (name, good, bad) => {
  test.each(good)('may be %s', (value) => {
    expect(problem({ ...SOCKET, [name]: value })).toBe('');
  });
  test.each(bad)('may not be %s', (value) => {
    expect(problem({ ...SOCKET, [name]: value })).toMatch(
      new RegExp(`^1 environment variable to set or correct:\n  ${name}  [^\n]+$`),
    );
  });
});

test.each([
  ['PAGERDUTY_WEBHOOK_SECRET', { PORT: '1' }],
  ['JIT_FORWARD_SECRET', { JIT_FORWARD_WEBHOOK: 'http://siem' }],
])('%s has 16 characters at least', (name, beside) => {
  expect(problem({ ...SOCKET, ...beside, [name]: 'x'.repeat(16) })).toBe('');
  expect(problem({ ...SOCKET, ...beside, [name]: 'x'.repeat(15) })).toContain(name);
});

test.each<[string, RegExp]>([
  ['', /missing: api\.slack\.com/],
  ['""', /this is empty/],
  ['secret', /no token of Slack/],
  ['xoxp-1', /a user token/],
  ['xoxe.xoxp-1', /a token that expires/],
  ['xoxe-1', /a token that expires/],
  ['xoxc-1', /a token of a browser/],
  ['xapp-1', /belongs in SLACK_APP_TOKEN/],
  ['“xoxb-1”', /quotes or spaces/],
  ['“"xoxb-1"”', /quotes or spaces/],
  ['xoxb-1 xoxb-2', /a space or a line break in it/],
])('a bot token that is %j is told for what it is, and not shown', (token, said) => {
  const text = problem({ ...SOCKET, SLACK_BOT_TOKEN: token });
  expect(text).toMatch(said);
  if (/\d/.test(token)) expect(text).not.toContain(token);
});

describe('secrets', () => {
  const everything = {
    ...SOCKET,
    PORT: '3000',
    PAGERDUTY_FROM: 'jit@harbor.example',
    PAGERDUTY_WEBHOOK_SECRET: 'pagerduty-webhook-secret',
    JIT_CHECKPOINT_KEY: '/keys/ledger.pem',
    JIT_CHECKPOINTS: 'https://bot:checkpoint-password@store.example/c',
    JIT_FORWARD_WEBHOOK: 'https://bot:forward-password@siem.example/jit',
    JIT_FORWARD_SECRET: 'forwarding-secret',
    JIT_SECRET_KEY: KEY,
    JIT_SECRET_KEY_BEFORE: BEFORE,
    JIT_METRICS_TOKEN: 'token-to-read-metrics',
    JIT_HEARTBEAT_URL: 'https://watch.example/ping/of-this-bot-alone',
  };

  test('each can be given as a file', () => {
    const secrets = secretsOfEnv(parseEnv({ ...HTTP, ...everything }));
    const holding = Object.entries(everything).filter(([, value]) => secrets.some((secret) => value.includes(secret)));
    expect(SECRET_VARIABLES).toEqual(expect.arrayContaining(holding.map(([name]) => name)));
  });

  test('are the tokens, the keys, and the passwords within addresses, and nothing else', () => {
    expect(new Set(secretsOfEnv(parseEnv(everything)))).toEqual(
      new Set([
        'xoxb-1',
        'xapp-1',
        'pd',
        'pagerduty-webhook-secret',
        'forwarding-secret',
        KEY,
        BEFORE,
        'token-to-read-metrics',
        // Whoever knows it can say that the bot is well.
        'https://watch.example/ping/of-this-bot-alone',
        'forward-password',
        'bot:forward-password',
        'checkpoint-password',
        'bot:checkpoint-password',
      ]),
    );
  });

  test('in HTTP mode are the signing secret in place of the app token', () => {
    expect(secretsOfEnv(parseEnv(HTTP))).toEqual(['xoxb-1', 'signing-secret', 'pd']);
  });

  test.each<[string, string, boolean]>([
    ['GITHUB_TOKEN', '12345678', true],
    ['GITHUB_TOKEN', '1234567', false],
    ['AWS_SECRET_ACCESS_KEY', '12345678', true],
    ['DB_PASSWORD', '12345678', true],
    ['TOKENS_OF_LOVE', '12345678', false],
    ['PATH', '/usr/bin:/bin', false],
    ['DB_PWD', '12345678', true],
    // The folder that a shell is in, which messages about files name.
    ['PWD', '/srv/jitbot', false],
  ])('%s, which holds %s, is named like one: %s', (name, value, isSecret) => {
    expect(secretsNamed({ HOME: '/home/jit', [name]: value })).toEqual(isSecret ? [value] : []);
  });

  test('a variable that is set to nothing is none', () => {
    expect(secretsNamed({ DB_PASSWORD: undefined, API_KEY: '' })).toEqual([]);
  });
});
