/** What is wrong with the bot's environment variables, and where to get each value. */

import { counted } from '../../domain/text.ts';

const missing = (what: string): string => `missing: ${what}`;
const RANDOM = 'for example from: openssl rand -hex 32';

/** Slack's kinds of tokens, by how they begin, and where each belongs. */
export const TOKENS = {
  'xoxb-': 'a bot token, which belongs in SLACK_BOT_TOKEN',
  'xapp-': 'an app-level token, which belongs in SLACK_APP_TOKEN',
  'xoxp-': 'a user token: the bot needs none',
  'xoxe.': 'a token that expires, or one to renew such: switch token rotation off',
  'xoxe-': 'a token that expires, or one to renew such: switch token rotation off',
  'xoxc-': 'a token of a browser: the bot needs none',
} as const;

/** What is wrong with a token, which is never shown. */
export const TOKEN_PROBLEMS = {
  expected: (prefix: 'xoxb-' | 'xapp-', problem: string): string =>
    `expected ${prefix === 'xoxb-' ? 'a bot token' : 'an app-level token'}, which starts with ${prefix}; ${problem}`,
  other: (kind: string): string => `this is ${kind}`,
  empty: 'this is empty',
  none: 'this is no token of Slack’s',
  quoted: 'take the quotes or spaces around it away',
  broken: 'there is a space or a line break in it',
} as const;

export const SETTINGS = {
  list: (problems: readonly { readonly name: string; readonly message: string }[]): string =>
    `${counted(problems.length, 'environment variable')} to set or correct:\n${problems.map(({ name, message }) => `  ${name}  ${message}`).join('\n')}`,
  empty: 'is empty',
  httpAddress: 'expected an http or https address',
  // Slack
  botToken: missing('api.slack.com/apps → your app → OAuth & Permissions → Bot User OAuth Token'),
  transport: missing(
    'Basic Information → App-Level Tokens → generate one with connections:write (Socket Mode); or set SLACK_SIGNING_SECRET and PORT (HTTP mode)',
  ),
  signingSecret: 'expected the signing secret from api.slack.com/apps → your app → Basic Information',
  port: 'expected a port number',
  portForSlack: missing('HTTP mode (SLACK_SIGNING_SECRET without SLACK_APP_TOKEN) needs the port to listen on'),
  portForPagerDuty: missing("PagerDuty's webhooks (PAGERDUTY_WEBHOOK_SECRET) need a port to arrive at"),
  // PagerDuty
  pagerDutyToken: missing('PagerDuty → Integrations → API Access Keys → a read-only key is enough'),
  pagerDutyFrom: 'expected the e-mail address of a PagerDuty user',
  webhookSecret: 'expected the secret that PagerDuty showed when the webhook subscription was made',
  // The ledger
  database: missing('where to keep the ledger, for example /var/lib/jitbot/jit.db'),
  standby: 'expected yes or no',
  standbyOnFile: 'a second bot can only wait for a ledger on PostgreSQL, and JIT_DATABASE names a file',
  checkpoints: missing('checkpoints need both a key to sign with and a place to keep them; see docs/ledger.md'),
  forwarding: missing('events are forwarded to an address, signed with a secret; see docs/ledger.md'),
  syslog: 'expected udp://host:514, tcp://host:601 or tls://host:6514',
  // Keys
  longSecret: `expected at least 16 characters, ${RANDOM}`,
  secretKey: `expected 64 hexadecimal digits, ${RANDOM}`,
  secretKeyBefore: 'expected the 64 hexadecimal digits that JIT_SECRET_KEY had before',
  // The policy
  policy: missing('the path of your policy file; docs/first-policy.md says how to write one'),
  secretKeyForPolicy: `JIT_SECRET_KEY: missing, and the policy has roles with second_factor: set it to 64 hexadecimal digits, ${RANDOM}`,
  pagerDutyFromForPolicy:
    'PAGERDUTY_FROM: missing, and the policy pages people: set it to the e-mail address of the PagerDuty user in whose name it does, with a key in PAGERDUTY_TOKEN that may write',
} as const;

/** What is wrong with a file that holds a value, such as SLACK_BOT_TOKEN_FILE. */
export const VALUE_FILES = {
  both: (name: string): string => `is set, and so is ${name}_FILE: keep one of them`,
  empty: (path: string, variable: string): string => `${path}, named by ${variable}, is empty`,
  unreadable: (path: string, variable: string, why: string): string =>
    `${path}, named by ${variable}, cannot be read (${why})`,
  envFile: (path: string, why: string): string =>
    `${path} cannot be read (${why}); check its permissions, or remove it`,
} as const;

/** Why a file cannot be read, by the system's code. */
export const WHY_UNREADABLE: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  EISDIR: 'it is a folder',
  EACCES: 'this user may not read it',
};

export const unreadableFile = (path: string, what: string, why: string): string =>
  `${path}: ${what} cannot be read: ${why}`;

/** What the bot says on its error output when it cannot start or has to stop. */
export const START = {
  threadEnded: (code: number): string => `a thread ended with ${code} before it answered`,
  policyPartLost: 'a part of the policy was lost between threads',
  policyOfOther: (problem: string): string => `this version does not accept it: ${problem}`,
  portTaken: (port: number): string =>
    `cannot listen on port ${port}: another program listens there already; set PORT to a free one`,
  portForbidden: (port: number): string =>
    `cannot listen on port ${port}: this user may not use it; set PORT to one that it may use, such as 3000`,
  portProblem: (port: number, why: string): string => `cannot listen on port ${port} (${why}); set PORT to another one`,
  cannotStart: (why: string): string => `jitbot cannot start.\n${why}\n`,
  stops: (error: string): string => `jitbot stops: something failed that nothing was prepared for.\n${error}\n`,
  oldNode: (version: string): string =>
    `HTTPS_PROXY or HTTP_PROXY is set, which needs Node.js 24.14 or newer; this is ${version}`,
  proxy: 'HTTPS_PROXY or HTTP_PROXY is no address such as http://proxy.example:3128',
} as const;
