/** `jitbot doctor` on what the bot depends on besides its targets: findings, and what to do about them. */

const KEYS = 'PagerDuty → Integrations → API Access Keys';
const WEBHOOKS = 'PagerDuty → Integrations → Generic Webhooks (v3)';

/** What is not checked, and why. */
export const NOT_CHECKED = {
  disk: 'free space for the ledger (JIT_DATABASE is not set)',
  diskOfServer: 'free space for the ledger: it is on a server of its own',
  slack: 'Slack, and the channels, groups and people that the policy names (SLACK_BOT_TOKEN is not set)',
  clock: "the clock, which is compared with Slack's (SLACK_BOT_TOKEN is not set)",
  signingSecret: 'the signing secret and the addresses at Slack: type /jit, and look whether the bot answers',
  transport: 'how Slack reaches the bot (neither SLACK_APP_TOKEN nor SLACK_SIGNING_SECRET is set)',
  pagerDuty:
    'PagerDuty, and the escalation policies, schedules and services that the policy names (PAGERDUTY_TOKEN is not set)',
  pagerDutyWrites: 'whether the PagerDuty key may write (PAGERDUTY_FROM is not set, so the bot writes nothing)',
  webhooks: 'webhooks of PagerDuty (PAGERDUTY_WEBHOOK_SECRET is not set, so the bot asks instead)',
  addresses: 'whether people have the same address in Slack and PagerDuty (SLACK_BOT_TOKEN is not set)',
} as const;

export const DISK = {
  free: (mebibytes: number, folder: string): string => `${mebibytes} MiB are free in ${folder}`,
  onlyFree: (free: string): string => `only ${free}`,
  makeRoom: (mebibytes: number): string =>
    `Make room for at least ${mebibytes} MiB: nothing new is granted where the ledger cannot be written.`,
  unreadable: (folder: string, why: string): string => `free space in ${folder} could not be read: ${why}`,
  makeFolder: 'Make the folder that JIT_DATABASE names.',
} as const;

export const DATABASE = {
  look: 'Look at JIT_DATABASE; docs/postgresql.md says what the bot needs there.',
} as const;

export const SLACK = {
  accepted: (team: string): string => `the bot token is accepted, for the workspace ${team}`.trimEnd(),
  checkToken: 'Look at SLACK_BOT_TOKEN.',
  reach:
    'Look at this machine’s network, its proxy (HTTPS_PROXY) and its private CA (NODE_EXTRA_CA_CERTS), and at SLACK_API_URL if it is set.',
  scopesUnknown: 'Slack does not say which scopes the token has',
  compareScopes: 'Try again, or compare them with manifest.yml.',
  scopesComplete: 'the token has every scope that the bot needs',
  scopesMissing: (missing: readonly string[]): string => `the token lacks ${missing.join(', ')}`,
  addScopes:
    'api.slack.com/apps → your app → OAuth & Permissions → Bot Token Scopes → add it, then Reinstall to Workspace.',
  channels: { audit: 'audit channel', approvals: 'approvals channel' },
  inChannel: (channel: string, id: string): string => `the ${channel} ${id} is there, and the bot is in it`,
  channelProblem: (channel: string, id: string, why: string): string => `the ${channel} ${id}: ${why}`,
  socketMode: 'Slack, Socket Mode',
  appToken: 'the app token may open connections',
  appTokenProblem: (why: string): string => `the app token: ${why}`,
  makeAppToken:
    'api.slack.com/apps → your app → Basic Information → App-Level Tokens → one with connections:write → SLACK_APP_TOKEN; and Settings → Socket Mode on.',
} as const;

export const CLOCK = {
  unknown: 'Slack’s answer has no time to compare with',
  right: 'the clock agrees with Slack’s',
  wrong: (by: string, isAhead: boolean): string =>
    `the clock of this machine is ${by} ${isAhead ? 'ahead of' : 'behind'} Slack’s`,
  setIt: 'Keep it right with NTP (timedatectl set-ntp true): ends, one-time codes and signatures rest on it.',
  notCompared: (why: string): string => `the clock could not be compared: ${why}`,
} as const;

export const PAGERDUTY = {
  mayRead: 'the key may read who is on call',
  makeKey: `${KEYS} → create one → PAGERDUTY_TOKEN; in Europe also PAGERDUTY_API_URL.`,
  fromKnown: 'PAGERDUTY_FROM is a user there',
  fromUnknown: 'PAGERDUTY_FROM is the address of no PagerDuty user',
  setFrom: 'Set it to the e-mail address of a user in PagerDuty → People → Users.',
  fromNotLookedUp: (why: string): string => `PAGERDUTY_FROM could not be looked up: ${why}`,
  mayWrite: 'the key may write',
  mayOnlyRead: 'the key may only read, and PAGERDUTY_FROM is set',
  makeWritingKey: `Create a key that is not read-only in ${KEYS}, or leave PAGERDUTY_FROM out.`,
  mayWriteUnknown: (why: string): string => `whether the key may write is not known: ${why}`,
  subscribed: 'a webhook subscription leads to the bot',
  notSubscribed: 'no webhook subscription leads to the bot',
  subscribe: (path: string, events: readonly string[]): string =>
    `${WEBHOOKS} → https://your-host${path} with ${events.join(' and ')}.`,
  switchedOff: 'the webhook subscription is switched off',
  switchOn: `Enable it in ${WEBHOOKS}.`,
  eventsMissing: (missing: readonly string[]): string =>
    `the webhook subscription does not send ${missing.join(' and ')}`,
  subscriptionsUnreadable: (why: string): string => `webhook subscriptions could not be read: ${why}`,
  found: (name: string): string => `${name} is found in PagerDuty by their address in Slack`,
  nobodyNamed: 'the policy names nobody by whom it could be tried',
  nobodySame: (count: number): string =>
    `of ${count} people whom the policy names, none has the same address in Slack and PagerDuty`,
  nobodyFound: (why: string): string => `nobody is found in both Slack and PagerDuty: ${why}`,
  sameAddress:
    'Give people the same address in both, or write the one at PagerDuty under identities in the policy file.',
} as const;
