/** Every command that there is. Each is imported when it runs, and not before. */

import * as options from './commandOptions.ts';
import { type Group, type Verb, verb } from './spec.ts';

const DATABASE = { '[FILE]': 'the database of the bot, or a copy (default: JIT_DATABASE)' };
const DATABASE_PLACE = { '[FILE]': 'the database that it takes the place of (default: JIT_DATABASE)' };
const POLICY = { '[FILE]': 'the policy file (default: JIT_POLICY)' };

const LEDGER: Group = {
  about: 'the record: verify, export, archive',
  verbs: {
    verify: verb({
      about:
        'whether the record is whole: every event continues the one before, and agrees with what is kept elsewhere',
      files: DATABASE,
      options: options.LEDGER_VERIFY,
      exits: { 0: 'whole', 1: 'not whole', 2: 'could not be checked' },
      load: () => import('./ledger.ts').then(({ verify }) => verify),
    }),
    'rotate-key': verb({
      about: 'let a new key sign checkpoints',
      options: options.LEDGER_ROTATE_KEY,
      exits: { 0: 'the new key may sign', 2: 'could not be done' },
      load: () => import('./ledger.ts').then(({ rotateKey }) => rotateKey),
    }),
    export: verb({
      about: 'events to standard output, any number of them',
      files: DATABASE,
      options: options.LEDGER_EXPORT,
      exits: { 0: 'written', 2: 'could not be written' },
      load: () => import('./export.ts').then(({ exportLedger }) => exportLedger),
    }),
    archive: verb({
      about: 'old events to a file, and out of the database; with the bot stopped',
      files: DATABASE,
      options: options.LEDGER_ARCHIVE,
      exits: { 0: 'done, or nothing is that old', 2: 'could not be done; nothing was taken out' },
      load: () => import('./archive.ts').then(({ archiveLedger }) => archiveLedger),
    }),
    erase: verb({
      about: 'a name and address out of the record; with the bot stopped',
      files: DATABASE,
      options: options.LEDGER_ERASE,
      exits: { 0: 'erased', 1: 'the record holds no such name', 2: 'could not be done' },
      load: () => import('./archive.ts').then(({ eraseNames }) => eraseNames),
    }),
  },
};

const POLICY_GROUP: Group = {
  about: 'the policy file: check, test, compare',
  verbs: {
    check: verb({
      about: 'form and sense of the policy file',
      files: POLICY,
      options: options.POLICY_CHECK,
      exits: { 0: 'nothing but warnings', 1: 'errors', 2: 'could not be checked' },
      load: () => import('./policy/check.ts').then(({ run }) => run),
    }),
    test: verb({
      about: 'cases beside the policy, and which rules they cover',
      files: POLICY,
      options: options.POLICY_TEST,
      exits: { 0: 'all as expected', 1: 'some are not', 2: 'could not be run' },
      load: () => import('./policy/test.ts').then(({ run }) => run),
    }),
    explain: verb({
      about: 'one decision as a tree: of a case, or of a recorded request',
      files: POLICY,
      options: options.POLICY_EXPLAIN,
      exits: { 0: 'explained', 2: 'could not be explained' },
      load: () => import('./policy/explain.ts').then(({ run }) => run),
    }),
    replay: verb({
      about: 'recorded decisions again, under another policy',
      options: options.POLICY_REPLAY,
      exits: { 0: 'nothing changes', 1: 'something does', 2: 'could not be replayed' },
      load: () => import('./policy/replay.ts').then(({ run }) => run),
    }),
    decisions: verb({
      about: 'recorded decisions to a file, with pseudonyms in place of people, for policy replay elsewhere',
      options: options.POLICY_DECISIONS,
      exits: { 0: 'written', 2: 'could not be written' },
      load: () => import('./policy/decisions.ts').then(({ run }) => run),
    }),
    diff: verb({
      about: 'what changes in meaning: who gains what, who loses what',
      files: { OLD: 'the policy file as it was', NEW: 'the policy file as it is to be' },
      options: options.POLICY_DIFF,
      exits: { 0: 'nothing changes in meaning', 1: 'something does', 2: 'could not be compared' },
      load: () => import('./policy/diff.ts').then(({ run }) => run),
    }),
    schema: verb({
      about: 'the JSON Schema of the policy file, for editors',
      options: options.POLICY_SCHEMA,
      exits: { 0: 'written' },
      load: () => import('./policy/schema.ts').then(({ run }) => run),
    }),
  },
};

export const COMMANDS: Readonly<Record<string, Verb | Group>> = {
  audit: verb({
    about: 'who had access to what, when, why, and by whose decision',
    files: DATABASE,
    options: options.AUDIT,
    exits: { 0: 'something was found', 1: 'nothing fits', 2: 'could not be looked up' },
    load: () => import('./audit.ts').then(({ audit }) => audit),
  }),
  'audit-bundle': verb({
    alias: 'bundle',
    about: 'a signed zip for the auditor: events, policies, evidence, access reviews',
    files: DATABASE,
    options: options.AUDIT_BUNDLE,
    exits: { 0: 'made', 1: 'the ledger is not whole', 2: 'could not be made' },
    load: () => import('./auditBundle.ts').then(({ auditBundle }) => auditBundle),
  }),
  backup: verb({
    about: 'a copy of the database that stands alone, checked, while the bot goes on writing',
    files: { TO: 'the file to write; it must not be there yet', ...DATABASE },
    options: options.NO_OPTIONS,
    exits: { 0: 'made, and whole', 1: 'made, and the record in it is not whole', 2: 'could not be made' },
    load: () => import('./backup.ts').then(({ backup }) => backup),
  }),
  completion: verb({
    about: 'a script for your shell that completes commands and options',
    files: { SHELL: 'bash, zsh or fish' },
    options: options.NO_OPTIONS,
    exits: { 0: 'written', 2: 'there is none for that shell' },
    load: () => import('./completion.ts').then(({ createCompletion }) => createCompletion(COMMANDS)),
  }),
  doctor: verb({
    about: 'whether targets, Slack and PagerDuty answer, and every right is there; changes nothing',
    files: { '[POLICY]': 'the policy file (default: JIT_POLICY)' },
    options: options.NO_OPTIONS,
    exits: { 0: 'what was checked is in order', 1: 'something is to look at', 2: 'could not be checked' },
    load: () => import('./doctor.ts').then(({ doctor }) => doctor),
  }),
  drain: verb({
    about: 'before maintenance: nothing new is granted for a while, and what ends meanwhile is listed',
    files: DATABASE,
    options: options.DRAIN,
    exits: { 0: 'nothing ends in that time', 1: 'something does', 2: 'could not be done' },
    load: () => import('./drain.ts').then(({ drain }) => drain),
  }),
  init: verb({
    about: 'a policy file with a first resource, and what to do next; asks for what no option says',
    files: { '[FILE]': 'the file to write (default: policy.yaml); it must not be there yet' },
    options: options.INIT,
    exits: { 0: 'written', 2: 'could not be written' },
    load: () => import('./init.ts').then(({ init }) => init),
  }),
  ledger: LEDGER,
  manifest: verb({
    about: 'the manifest of the Slack app, to paste at api.slack.com/apps',
    options: options.MANIFEST,
    exits: { 0: 'written', 2: 'the address was not understood' },
    load: () => import('./manifest.ts').then(({ manifest }) => manifest),
  }),
  policy: POLICY_GROUP,
  report: verb({
    about: 'a page about a period, both days included, by default the last 30 days, to print or to open',
    files: DATABASE,
    options: options.REPORT,
    exits: { 0: 'made', 2: 'could not be made' },
    load: () => import('./report.ts').then(({ report }) => report),
  }),
  restore: verb({
    about: 'a copy in the database’s place, with the bot stopped: all access ends, and targets are compared with it',
    files: { COPY: 'what jitbot backup made; it stays as it is', ...DATABASE_PLACE },
    options: options.NO_OPTIONS,
    exits: { 0: 'put back', 2: 'could not be put back; nothing was changed' },
    load: () => import('./restore.ts').then(({ restore }) => restore),
  }),
  'revoke-all': verb({
    about: 'with the bot gone for good: takes back at the targets what a copy calls live, from any machine',
    files: { '[POLICY]': 'the policy file, with its secrets in the environment (default: JIT_POLICY)' },
    options: options.REVOKE_ALL,
    exits: { 0: 'everything is gone', 1: 'something is to look at', 2: 'could not be begun' },
    load: () => import('./revokeAll.ts').then(({ revokeAll }) => revokeAll),
  }),
  start: verb({
    about: 'runs the bot until it is told to stop, as npm start does in a checkout',
    options: options.NO_OPTIONS,
    exits: { 0: 'it was told to stop', 1: 'it could not start, or stopped by a fault' },
    load: () => import('./start.ts').then(({ start }) => start),
  }),
  status: verb({
    about: 'whether a bot is alive on a database, what is live, due, overdue and behind',
    files: DATABASE,
    options: options.STATUS,
    exits: { 0: 'all is well', 1: 'something is to look at', 2: 'could not be read' },
    load: () => import('./status.ts').then(({ status }) => status),
  }),
  support: verb({
    about: 'facts for whoever looks for a fault, without names and secrets, to send them',
    files: DATABASE,
    options: options.SUPPORT,
    exits: { 0: 'made', 2: 'could not be made' },
    load: () => import('./support/support.ts').then(({ support }) => support),
  }),
  watch: verb({
    about: 'watch a bot from another machine, and raise the alarm when it stops; until it is stopped',
    files: { URL: 'what to ask, such as http://bot:3000/readyz' },
    options: options.WATCH,
    exits: { 0: 'stopped', 2: 'could not begin' },
    load: () => import('./watch.ts').then(({ watch }) => watch),
  }),
};
