/** Why a command cannot do its work: which file or variable, what is wrong with it, and what to do. */

/** How to copy a database that a bot has open. */
export const HOW_TO_COPY = 'Copy the database of a running bot with jitbot backup TO, or stop the bot first';

export const PROBLEMS = {
  noSetup: (path: string): string =>
    `${path}: only a ledger on PostgreSQL is set up; a file is made by the bot’s first start`,
  exists: (path: string): string => `${path}: exists already; name a new file`,
  notWritable: (path: string): string => `${path}: cannot be written; check that its folder exists`,
  notReadable: (path: string): string => `${path}: cannot be read`,
  stopped: 'stopped; nothing was written',
  of: (path: string, problem: string): string => `${path}: ${problem}`,
  // The ledger
  unreadable: (path: string, why: string): string => `${path}: cannot be read to its end (${why}). ${HOW_TO_COPY}`,
  notArchived: (path: string, problem: string): string =>
    `${path}: ${problem}. A ledger that is not whole cannot be archived`,
  badArchive: (path: string): string =>
    `${path}: reading it back gave something else, so nothing was taken out of the database`,
  stillHasAccess: (person: string): string => `${person} still has access or open requests; end those first`,
  notBundled: (path: string, problem: string): string =>
    `${path}: ${problem}. No audit bundle is made of a ledger that is not whole.`,
  backupNotWhole: (path: string, problem: string): string => `${path}: the ledger in it is not whole: ${problem}`,
  noEvents: (path: string, from: string, to: string): string => `${path}: has no event from ${from} to ${to}`,
  emptyCopy: 'the copy has no events; start the bot on a new database instead',
  saysNothing: (path: string): string =>
    `${path}: it has no events, and so does not say what is active; name another copy`,
  unknownKey: (key: string, checkpoints: string): string =>
    `${key}: ${checkpoints} does not know this key, so it cannot introduce another one`,
  // Slack
  needsToken: (option: string): string => `${option} needs SLACK_BOT_TOKEN in the environment`,
  fromSlack: '--from-slack needs SLACK_BOT_TOKEN, and JIT_POLICY for the audit channel, in the environment',
  online: '--online needs SLACK_BOT_TOKEN and PAGERDUTY_TOKEN in the environment; keys that may only read are enough',
  channelUnreadable: (channel: string, why: string): string => `the audit channel ${channel} cannot be read: ${why}`,
  channelEmpty: (channel: string): string =>
    `the audit channel ${channel} shows no position that the bot itself posted, though this ledger was posted there; nothing was compared`,
  otherLedger: (seq: number): string =>
    `the audit channel knows another ledger, which reached event ${seq}: this one was put in its place`,
  channelNotAsked: 'the audit channel, because SLACK_BOT_TOKEN and JIT_POLICY are not both set',
  // The policy
  draftPolicy: (issues: string): string => `the policy would have mistakes: ${issues}`,
  noCase: (path: string, typed: string, names: readonly string[]): string =>
    `${path}: there is no case "${typed}"; there are: ${names.join(', ')}`,
  noRequest: (id: string): string => `the ledger has no request ${id}`,
  roleGone: (role: string): string => `the policy file no longer has ${role}`,
  // Watching
  nobodyHears: 'nobody would hear the alarm: set JIT_WATCH_ROUTING_KEY, JIT_WATCH_WEBHOOK, or both',
  routingKey: 'expected the 32 characters of an Events API v2 integration key',
  httpAddress: 'expected an http or https address',
} as const;

/** What files are called in the sentence that one cannot be read. */
export const FILES = {
  policy: 'the policy file',
  cases: 'the file of test cases',
  decisions: 'the file of decisions',
  signingKey: 'the key to sign with',
  publicKey: 'the public key',
  checkpoints: 'the checkpoint file',
  log: 'the log',
} as const;

/** Where a known position of the ledger comes from. */
export const WHERE = {
  checkpoints: (path: string): string => `the checkpoint file ${path}`,
  channel: 'the audit channel',
  replaced: 'the database that it replaces',
} as const;
