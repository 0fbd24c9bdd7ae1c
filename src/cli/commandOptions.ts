/** The options of every command, in the words of its help. */

import type { Options } from './spec.ts';

const from = { value: 'DATE', about: 'from this date or instant, such as 2026-01-31 or 2026-01-31T18:00Z' } as const;
const to = { value: 'DATE', about: 'up to this date (the day is included) or instant' } as const;
const database = { value: 'FILE', about: 'the database of the bot (default: JIT_DATABASE)' } as const;
const json = { about: 'as JSON, for machines' } as const;

export const AUDIT = {
  person: { value: 'NAME', about: 'a Slack id, or part of a name' },
  resource: { value: 'ID', about: 'all roles of this resource' },
  role: { value: 'KEY', about: 'one role, such as payments-db/read' },
  request: { value: 'ID', about: 'one request' },
  incident: { value: 'ID', about: 'requests for this PagerDuty incident' },
  since: { value: '30d', about: 'so long back from now, such as 12h or 30d' },
  from,
  to,
  limit: { value: 'NUMBER', about: 'at most this number of events, the newest (default: 200)' },
  events: { about: 'under each request, each of its events; always so with --request' },
  json: { about: 'an event a line, as JSON, in place of a line a request' },
  links: { about: 'with links to the threads at Slack; needs SLACK_BOT_TOKEN' },
} as const satisfies Options;

export const AUDIT_BUNDLE = {
  from,
  to,
  key: { value: 'PRIVATE.pem', about: 'the Ed25519 key to sign with' },
  out: { value: 'BUNDLE.zip', about: 'the file to write; it must not be there yet' },
  checkpoints: { value: 'FILE', about: 'signed positions of the ledger, to check it against and to put in' },
} as const satisfies Options;

export const SUPPORT = {
  log: { value: 'FILE', about: 'the log of the bot, of which only levels, times and kinds of messages are taken' },
  out: { value: 'FILE.zip', about: 'the file to write (default: jitbot-support.zip); it must not be there yet' },
} as const satisfies Options;

export const REPORT = {
  from,
  to,
  out: { value: 'REPORT.html', about: 'the file to write (default: standard output)' },
} as const satisfies Options;

export const NO_OPTIONS = {} as const satisfies Options;

export const LEDGER_VERIFY = {
  checkpoints: { value: 'FILE', about: 'signed positions that were kept elsewhere' },
  trust: { value: 'PUBLIC.pem', about: 'the key that the first checkpoint has to be signed with' },
  'from-slack': { about: 'compare with the audit channel; needs SLACK_BOT_TOKEN and JIT_POLICY' },
  archives: { value: 'FILE,FILE', about: 'archives that hold the older events' },
} as const satisfies Options;

export const LEDGER_ROTATE_KEY = {
  checkpoints: { value: 'FILE', about: 'the file of checkpoints' },
  old: { value: 'OLD.pem', about: 'the private key that signs now' },
  new: { value: 'NEW.pem', about: 'the key that signs from now on' },
} as const satisfies Options;

export const LEDGER_EXPORT = {
  from,
  to,
  format: { value: 'FORMAT', about: 'jsonl, csv or ocsf (default: jsonl)', choices: ['jsonl', 'csv', 'ocsf'] },
} as const satisfies Options;

export const LEDGER_ARCHIVE = {
  before: { value: 'DATE', about: 'events older than this' },
  to: { value: 'ARCHIVE', about: 'the file to write; it must not be there yet' },
} as const satisfies Options;

export const LEDGER_ERASE = {
  person: { value: 'SLACK_ID', about: 'whose name and address to erase, such as U012AB3CD' },
} as const satisfies Options;

export const POLICY_CHECK = {
  online: { about: 'ask Slack and PagerDuty whether every name is there; needs SLACK_BOT_TOKEN and PAGERDUTY_TOKEN' },
  live: { about: 'look in the database whether all live access could still be taken back' },
  database,
  json,
} as const satisfies Options;

export const POLICY_TEST = {
  cases: { value: 'FILE', about: 'the cases (default: NAME.tests.yaml beside the policy)' },
  json,
} as const satisfies Options;

export const POLICY_EXPLAIN = {
  case: { value: 'NAME', about: 'the case to explain' },
  cases: { value: 'FILE', about: 'the cases (default: NAME.tests.yaml beside the policy)' },
  request: { value: 'ID', about: 'the recorded request to explain' },
  database,
} as const satisfies Options;

export const POLICY_REPLAY = {
  since: { value: '90d', about: 'decisions of this time back from now (default: 90d)' },
  policy: { value: 'NEW', about: 'the policy file to decide with (default: JIT_POLICY)' },
  database,
  decisions: { value: 'FILE', about: 'decisions as policy decisions --export wrote them, in place of a database' },
  json,
  html: { value: 'FILE', about: 'write a page instead; it holds names' },
} as const satisfies Options;

export const POLICY_DECISIONS = {
  export: { value: 'FILE', about: 'the file to write' },
  since: { value: '90d', about: 'decisions of this time back from now (default: 90d)' },
  policy: { value: 'FILE', about: 'the policy file whose words stay as they are (default: JIT_POLICY)' },
  database,
} as const satisfies Options;

export const POLICY_DIFF = { json } as const satisfies Options;

export const POLICY_SCHEMA = {
  reference: { about: 'every field as a page, in place of the JSON Schema' },
} as const satisfies Options;

export const MANIFEST = {
  http: { value: 'URL', about: 'for HTTP mode: where Slack reaches the bot, such as https://jit.example.com' },
} as const satisfies Options;

export const INIT = {
  'audit-channel': { value: 'ID', about: 'channel for the audit record, such as C0123ABCD' },
  'approvals-channel': { value: 'ID', about: 'channel for approvals' },
  admin: { value: 'ID', about: 'an administrator: a person (U…) or a user group (S…)' },
  reviewers: { value: 'ID', about: 'who approves: a user group (S…) or a person (U…)' },
  'escalation-policy': { value: 'ID', about: 'PagerDuty escalation policy whose people on call get access at once' },
  kind: { value: 'KIND', about: 'kind of the first resource', choices: ['postgres', 'mysql', 'webhook'] },
  resource: { value: 'NAME', about: 'what to call the first resource, such as payments-db' },
} as const satisfies Options;

export const DRAIN = {
  for: { value: 'DURATION', about: 'begin a window of this length, such as 45m; it ends by itself' },
  why: { value: 'TEXT', about: 'what people are told who ask meanwhile (default: maintenance)' },
  off: { about: 'end the window now' },
} as const satisfies Options;

export const REVOKE_ALL = {
  from: { value: 'COPY', about: 'a copy of the database, as jitbot backup makes it; it stays as it is' },
  statements: { about: 'touch nothing, and say for each grant what takes it back by hand' },
} as const satisfies Options;

export const STATUS = { json } as const satisfies Options;

export const WATCH = {
  every: { value: '30s', about: 'how often to ask (default: 30s)' },
  after: { value: '2m', about: 'how long it may be silent or not ready before somebody is woken (default: 2m)' },
} as const satisfies Options;
