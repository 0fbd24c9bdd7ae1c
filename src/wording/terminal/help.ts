/** What `--help` says of each command: what it is for, the files that it takes, and its exit codes. */

interface Help {
  readonly about: string;
  /** Arguments as in the usage line, such as `[FILE]` or `OLD NEW`, and what each one is. */
  readonly files?: Readonly<Record<string, string>>;
  readonly exits: Readonly<Record<number, string>>;
}

const DATABASE = { '[FILE]': 'the bot’s database: a file, a copy, or an address (default: JIT_DATABASE)' };
const POLICY = { '[FILE]': 'the policy file (default: JIT_POLICY)' };

export const GROUPS = {
  ledger: 'the ledger: verify, export, archive, move',
  policy: 'the policy file: check, test, compare',
} as const;

export const HELP = {
  ledgerVerify: {
    about:
      'check that the ledger is whole: each event continues the one before, and agrees with what is kept elsewhere',
    files: DATABASE,
    exits: { 0: 'whole', 1: 'not whole', 2: 'could not be checked' },
  },
  ledgerRotateKey: {
    about: 'let a new key sign checkpoints',
    exits: { 0: 'the new key may sign', 2: 'could not be done' },
  },
  ledgerExport: {
    about: 'write events to standard output, however many there are',
    files: DATABASE,
    exits: { 0: 'written', 2: 'could not be written' },
  },
  ledgerArchive: {
    about: 'move old events from the database to a file; stop the bot first',
    files: DATABASE,
    exits: { 0: 'done, or nothing is that old', 2: 'could not be done; nothing was taken out' },
  },
  ledgerErase: {
    about: 'erase a person’s name and address from the ledger; stop the bot first',
    files: DATABASE,
    exits: { 0: 'erased', 1: 'the ledger has no such name', 2: 'could not be done' },
  },
  ledgerMove: {
    about: 'move the ledger from a file to PostgreSQL, or back; stop the bot first',
    files: { '[PLACE]': 'the file, or the address of the database, that it is in (default: JIT_DATABASE)' },
    exits: { 0: 'moved', 2: 'could not be moved; it is where it was' },
  },
  ledgerSetup: {
    about: 'make the tables of a ledger on PostgreSQL as their owner, and give the bot’s role its rights',
    files: { '[ADDRESS]': 'the database, with the role that owns it (default: JIT_DATABASE)' },
    exits: { 0: 'done', 2: 'could not be done' },
  },
  policyCheck: {
    about: 'check that the policy file is valid and makes sense',
    files: POLICY,
    exits: { 0: 'no errors; there may be warnings', 1: 'errors', 2: 'could not be checked' },
  },
  policyTest: {
    about: 'run the test cases next to the policy, and show which rules they cover',
    files: POLICY,
    exits: { 0: 'all as expected', 1: 'some are not', 2: 'could not be run' },
  },
  policyExplain: {
    about: 'show one decision as a tree: of a test case, or of a recorded request',
    files: POLICY,
    exits: { 0: 'explained', 2: 'could not be explained' },
  },
  policyReplay: {
    about: 'decide recorded requests again, under another policy',
    exits: { 0: 'nothing changes', 1: 'something changes', 2: 'could not be replayed' },
  },
  policyDecisions: {
    about: 'write recorded decisions to a file, with pseudonyms for people, to replay them elsewhere',
    exits: { 0: 'written', 2: 'could not be written' },
  },
  policyDiff: {
    about: 'compare two policies by what they mean: who gains what, and who loses what',
    files: { OLD: 'the policy file as it was', NEW: 'the policy file as it will be' },
    exits: { 0: 'nothing changes in meaning', 1: 'something changes', 2: 'could not be compared' },
  },
  policySchema: {
    about: 'write the JSON Schema of the policy file, for editors',
    exits: { 0: 'written' },
  },
  audit: {
    about: 'who had access to what, when, why, and who decided',
    files: DATABASE,
    exits: { 0: 'something was found', 1: 'nothing was found', 2: 'could not be looked up' },
  },
  auditBundle: {
    about: 'a signed zip for the auditor: events, policies, evidence, access reviews',
    files: DATABASE,
    exits: { 0: 'made', 1: 'the ledger is not whole', 2: 'could not be made' },
  },
  backup: {
    about: 'make a complete, checked copy of the database while the bot runs',
    files: { TO: 'the file to write; it must not exist yet', ...DATABASE },
    exits: { 0: 'made, and its ledger is whole', 1: 'made, but its ledger is not whole', 2: 'could not be made' },
  },
  completion: {
    about: 'write a script that lets your shell complete commands and options',
    files: { SHELL: 'bash, zsh or fish' },
    exits: { 0: 'written', 2: 'there is none for that shell' },
  },
  doctor: {
    about: 'check that targets, Slack and PagerDuty answer, and that the bot has every right it needs; changes nothing',
    files: { '[POLICY]': 'the policy file (default: JIT_POLICY)' },
    exits: { 0: 'everything that was checked is fine', 1: 'something needs a look', 2: 'could not be checked' },
  },
  drain: {
    about: 'before maintenance: grant nothing new for a while, and list the access that ends meanwhile',
    files: DATABASE,
    exits: { 0: 'no access ends in that time', 1: 'some access does', 2: 'could not be done' },
  },
  init: {
    about: 'write a policy file with a first resource, and say what to do next; asks for what no option says',
    files: { '[FILE]': 'the file to write (default: policy.yaml); it must not exist yet' },
    exits: { 0: 'written', 2: 'could not be written' },
  },
  manifest: {
    about: 'write the manifest of the Slack app, to paste at api.slack.com/apps',
    exits: { 0: 'written', 2: 'the address was not understood' },
  },
  report: {
    about: 'write a page about a period, for a browser or for print; by default, about the last 30 days',
    files: DATABASE,
    exits: { 0: 'made', 2: 'could not be made' },
  },
  restore: {
    about: 'put a copy in the database’s place and end all access, with the bot stopped',
    files: {
      COPY: 'what jitbot backup made; it is not changed',
      '[FILE]': 'the database that the copy replaces (default: JIT_DATABASE)',
    },
    exits: { 0: 'put back', 2: 'could not be put back; nothing was changed' },
  },
  revokeAll: {
    about: 'when the bot is gone for good: end at the targets, from any machine, what a copy says is active',
    files: { '[POLICY]': 'the policy file, with its secrets in the environment (default: JIT_POLICY)' },
    exits: { 0: 'everything is gone', 1: 'something needs a look', 2: 'could not start' },
  },
  start: {
    about: 'run the bot until it is told to stop, as npm start does in a checkout',
    exits: { 0: 'it was told to stop', 1: 'it could not start, or a fault stopped it' },
  },
  status: {
    about: 'show whether the bot runs, and what is active, due, overdue and behind',
    files: DATABASE,
    exits: { 0: 'all is well', 1: 'something needs a look', 2: 'could not be read' },
  },
  support: {
    about: 'collect facts for somebody who looks for a fault, without names and secrets',
    files: DATABASE,
    exits: { 0: 'made', 2: 'could not be made' },
  },
  watch: {
    about: 'watch the bot from another machine, and raise the alarm when it stops',
    files: { URL: 'what to ask, such as http://bot:3000/readyz' },
    exits: { 0: 'stopped', 2: 'could not start' },
  },
} as const satisfies Readonly<Record<string, Help>>;

export const PROGRAM = {
  about: 'Just-in-time access from Slack: everything that an operator or auditor does in a terminal.',
  version: 'show the version',
  help: 'show this help',
  helpCommand: 'show the help of a command',
  ending: `
"jitbot COMMAND --help" explains the options and exit codes of a command.
Exit code 2 always means: not understood, or could not be done.
`,
  exits: 'Exit codes:',
} as const;
