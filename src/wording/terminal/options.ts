/** The options of every command, as its help has them. Loads nothing: `--help` reads all of it. */

export interface OptionSpec {
  /** What the help shows in place of the value. Without it, the option takes none. */
  readonly value?: string;
  readonly about: string;
  /** The only values that are allowed. */
  readonly choices?: readonly string[];
}

export type Options = Readonly<Record<string, OptionSpec>>;

const from = { value: 'DATE', about: 'from this date or time on, such as 2026-01-31 or 2026-01-31T18:00Z' } as const;
const to = { value: 'DATE', about: 'up to this date (included) or time' } as const;
const database = { value: 'FILE', about: 'the bot’s database (default: JIT_DATABASE)' } as const;
const json = { about: 'as JSON, for scripts' } as const;
const cases = { value: 'FILE', about: 'the cases (default: NAME.tests.yaml next to the policy)' } as const;

export const AUDIT = {
  person: { value: 'NAME', about: 'a Slack id, or part of a name' },
  resource: { value: 'ID', about: 'all roles of this resource' },
  role: { value: 'KEY', about: 'one role, such as payments-db/read' },
  request: { value: 'ID', about: 'one request' },
  incident: { value: 'ID', about: 'requests for this PagerDuty incident' },
  since: { value: '30d', about: 'this far back from now, such as 12h or 30d' },
  from,
  to,
  limit: { value: 'NUMBER', about: 'at most this many events, the newest (default: 200)' },
  events: { about: 'show the events of each request too; --request always does' },
  json: { about: 'one event a line, as JSON, for scripts' },
  links: { about: 'with links to the threads in Slack; needs SLACK_BOT_TOKEN' },
} as const satisfies Options;

export const AUDIT_BUNDLE = {
  from,
  to,
  key: { value: 'PRIVATE.pem', about: 'the Ed25519 key to sign with' },
  out: { value: 'BUNDLE.zip', about: 'the file to write; it must not exist yet' },
  checkpoints: {
    value: 'FILE',
    about: 'a checkpoint file: the ledger is checked against it, and the bundle includes it',
  },
} as const satisfies Options;

export const SUPPORT = {
  log: { value: 'FILE', about: 'the bot’s log: only levels, times and kinds of messages are taken from it' },
  out: { value: 'FILE.zip', about: 'the file to write (default: jitbot-support.zip); it must not exist yet' },
} as const satisfies Options;

export const REPORT = {
  from,
  to,
  out: { value: 'REPORT.html', about: 'the file to write (default: standard output)' },
} as const satisfies Options;

export const NO_OPTIONS = {} as const satisfies Options;

export const LEDGER_VERIFY = {
  checkpoints: { value: 'FILE', about: 'compare with a checkpoint file that was kept elsewhere' },
  trust: { value: 'PUBLIC.pem', about: 'the public key that must have signed the first checkpoint' },
  'from-slack': { about: 'compare with the audit channel; needs SLACK_BOT_TOKEN and JIT_POLICY' },
  archives: { value: 'FILE,FILE', about: 'the archives that hold the older events' },
} as const satisfies Options;

export const LEDGER_ROTATE_KEY = {
  checkpoints: { value: 'FILE', about: 'the checkpoint file' },
  old: { value: 'OLD.pem', about: 'the private key that signs now' },
  new: { value: 'NEW.pem', about: 'the key that signs from now on' },
} as const satisfies Options;

export const LEDGER_EXPORT = {
  from,
  to,
  format: { value: 'FORMAT', about: 'jsonl, csv or ocsf (default: jsonl)', choices: ['jsonl', 'csv', 'ocsf'] },
} as const satisfies Options;

export const LEDGER_ARCHIVE = {
  before: { value: 'DATE', about: 'archive events older than this' },
  to: { value: 'ARCHIVE', about: 'the file to write; it must not exist yet' },
} as const satisfies Options;

export const LEDGER_ERASE = {
  person: { value: 'SLACK_ID', about: 'whose name and address to erase, such as U012AB3CD' },
} as const satisfies Options;

export const LEDGER_MOVE = {
  to: { value: 'PLACE', about: 'a new file, or the address of an empty database: postgres://OWNER@HOST/DATABASE' },
} as const satisfies Options;

export const LEDGER_SETUP = {
  role: { value: 'ROLE', about: 'the role of the bot, which may add to the record and change none of it' },
} as const satisfies Options;

export const POLICY_CHECK = {
  online: {
    about: 'also ask Slack and PagerDuty whether every name exists; needs SLACK_BOT_TOKEN and PAGERDUTY_TOKEN',
  },
  live: { about: 'also check in the database that all active access could still be ended' },
  database,
  json,
} as const satisfies Options;

export const POLICY_TEST = { cases, json } as const satisfies Options;

export const POLICY_EXPLAIN = {
  case: { value: 'NAME', about: 'the case to explain' },
  cases,
  request: { value: 'ID', about: 'the recorded request to explain' },
  database,
} as const satisfies Options;

export const POLICY_REPLAY = {
  since: { value: '90d', about: 'decisions from this far back (default: 90d)' },
  policy: { value: 'NEW', about: 'the policy file to decide with (default: JIT_POLICY)' },
  database,
  decisions: { value: 'FILE', about: 'decisions that policy decisions --export wrote, instead of a database' },
  json,
  html: { value: 'FILE', about: 'write a page to this file instead; it contains names' },
} as const satisfies Options;

export const POLICY_DECISIONS = {
  export: { value: 'FILE', about: 'the file to write' },
  since: { value: '90d', about: 'decisions from this far back (default: 90d)' },
  policy: { value: 'FILE', about: 'the policy file: ids that it names are kept as they are (default: JIT_POLICY)' },
  database,
} as const satisfies Options;

export const POLICY_DIFF = { json } as const satisfies Options;

export const POLICY_SCHEMA = {
  reference: { about: 'every field as a Markdown page, instead of the JSON Schema' },
} as const satisfies Options;

export const MANIFEST = {
  http: { value: 'URL', about: 'for HTTP mode: where Slack reaches the bot, such as https://jit.example.com' },
} as const satisfies Options;

export const INIT = {
  'audit-channel': { value: 'ID', about: 'the audit channel, such as C0123ABCD' },
  'approvals-channel': { value: 'ID', about: 'the approvals channel' },
  admin: { value: 'ID', about: 'an administrator: a person (U…) or a user group (S…)' },
  reviewers: { value: 'ID', about: 'who approves: a user group (S…) or a person (U…)' },
  'escalation-policy': {
    value: 'ID',
    about: 'PagerDuty escalation policy whose people on call get access automatically',
  },
  kind: { value: 'KIND', about: 'kind of the first resource', choices: ['postgres', 'mysql', 'webhook'] },
  resource: { value: 'NAME', about: 'name of the first resource, such as payments-db' },
} as const satisfies Options;

export const DRAIN = {
  for: { value: 'DURATION', about: 'start a window of this length, such as 45m; it ends on its own' },
  why: { value: 'TEXT', about: 'what people who ask meanwhile are told (default: maintenance)' },
  off: { about: 'end the window now' },
} as const satisfies Options;

/** The shells that `jitbot completion` knows. */
export const SHELLS = ['bash', 'zsh', 'fish'] as const;

export const REVOKE_ALL = {
  from: { value: 'COPY', about: 'a copy of the database, made by jitbot backup; it is not changed' },
  statements: { about: 'change nothing: show what ends each grant by hand' },
} as const satisfies Options;

export const STATUS = { json } as const satisfies Options;

export const WATCH = {
  every: { value: '30s', about: 'how often to ask (default: 30s)' },
  after: { value: '2m', about: 'how long the bot may be silent or not ready before the alarm (default: 2m)' },
} as const satisfies Options;
