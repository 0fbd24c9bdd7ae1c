/** All commands. The code of each is imported only when it runs. */

import { GROUPS, HELP } from '../wording/terminal/help.ts';
import * as options from '../wording/terminal/options.ts';
import { type Group, type Verb, verb } from './spec.ts';

const LEDGER: Group = {
  about: GROUPS.ledger,
  verbs: {
    verify: verb({
      ...HELP.ledgerVerify,
      options: options.LEDGER_VERIFY,
      load: () => import('./ledger.ts').then(({ verify }) => verify),
    }),
    'rotate-key': verb({
      ...HELP.ledgerRotateKey,
      options: options.LEDGER_ROTATE_KEY,
      load: () => import('./ledger.ts').then(({ rotateKey }) => rotateKey),
    }),
    export: verb({
      ...HELP.ledgerExport,
      options: options.LEDGER_EXPORT,
      load: () => import('./export.ts').then(({ exportLedger }) => exportLedger),
    }),
    archive: verb({
      ...HELP.ledgerArchive,
      options: options.LEDGER_ARCHIVE,
      load: () => import('./archive.ts').then(({ archiveLedger }) => archiveLedger),
    }),
    erase: verb({
      ...HELP.ledgerErase,
      options: options.LEDGER_ERASE,
      load: () => import('./archive.ts').then(({ eraseNames }) => eraseNames),
    }),
    move: verb({
      ...HELP.ledgerMove,
      options: options.LEDGER_MOVE,
      load: () => import('./moveLedger.ts').then(({ moveLedger }) => moveLedger),
    }),
    setup: verb({
      ...HELP.ledgerSetup,
      options: options.LEDGER_SETUP,
      load: () => import('./moveLedger.ts').then(({ setUpLedger }) => setUpLedger),
    }),
  },
};

const POLICY_GROUP: Group = {
  about: GROUPS.policy,
  verbs: {
    check: verb({
      ...HELP.policyCheck,
      options: options.POLICY_CHECK,
      load: () => import('./policy/check.ts').then(({ run }) => run),
    }),
    test: verb({
      ...HELP.policyTest,
      options: options.POLICY_TEST,
      load: () => import('./policy/test.ts').then(({ run }) => run),
    }),
    explain: verb({
      ...HELP.policyExplain,
      options: options.POLICY_EXPLAIN,
      load: () => import('./policy/explain.ts').then(({ run }) => run),
    }),
    replay: verb({
      ...HELP.policyReplay,
      options: options.POLICY_REPLAY,
      load: () => import('./policy/replay.ts').then(({ run }) => run),
    }),
    decisions: verb({
      ...HELP.policyDecisions,
      options: options.POLICY_DECISIONS,
      load: () => import('./policy/decisions.ts').then(({ run }) => run),
    }),
    diff: verb({
      ...HELP.policyDiff,
      options: options.POLICY_DIFF,
      load: () => import('./policy/diff.ts').then(({ run }) => run),
    }),
    schema: verb({
      ...HELP.policySchema,
      options: options.POLICY_SCHEMA,
      load: () => import('./policy/schema.ts').then(({ run }) => run),
    }),
  },
};

export const COMMANDS: Readonly<Record<string, Verb | Group>> = {
  audit: verb({ ...HELP.audit, options: options.AUDIT, load: () => import('./audit.ts').then(({ audit }) => audit) }),
  'audit-bundle': verb({
    ...HELP.auditBundle,
    alias: 'bundle',
    options: options.AUDIT_BUNDLE,
    load: () => import('./auditBundle.ts').then(({ auditBundle }) => auditBundle),
  }),
  backup: verb({
    ...HELP.backup,
    options: options.NO_OPTIONS,
    load: () => import('./backup.ts').then(({ backup }) => backup),
  }),
  completion: verb({
    ...HELP.completion,
    choices: options.SHELLS,
    options: options.NO_OPTIONS,
    load: () => import('./completion.ts').then(({ createCompletion }) => createCompletion(COMMANDS)),
  }),
  doctor: verb({
    ...HELP.doctor,
    options: options.NO_OPTIONS,
    load: () => import('./doctor.ts').then(({ doctor }) => doctor),
  }),
  drain: verb({ ...HELP.drain, options: options.DRAIN, load: () => import('./drain.ts').then(({ drain }) => drain) }),
  init: verb({ ...HELP.init, options: options.INIT, load: () => import('./init.ts').then(({ init }) => init) }),
  ledger: LEDGER,
  manifest: verb({
    ...HELP.manifest,
    options: options.MANIFEST,
    load: () => import('./manifest.ts').then(({ manifest }) => manifest),
  }),
  policy: POLICY_GROUP,
  report: verb({
    ...HELP.report,
    options: options.REPORT,
    load: () => import('./report.ts').then(({ report }) => report),
  }),
  restore: verb({
    ...HELP.restore,
    options: options.NO_OPTIONS,
    load: () => import('./restore.ts').then(({ restore }) => restore),
  }),
  'revoke-all': verb({
    ...HELP.revokeAll,
    options: options.REVOKE_ALL,
    load: () => import('./revokeAll.ts').then(({ revokeAll }) => revokeAll),
  }),
  start: verb({
    ...HELP.start,
    options: options.NO_OPTIONS,
    load: () => import('./start.ts').then(({ start }) => start),
  }),
  status: verb({
    ...HELP.status,
    options: options.STATUS,
    load: () => import('./status.ts').then(({ status }) => status),
  }),
  support: verb({
    ...HELP.support,
    options: options.SUPPORT,
    load: () => import('./support/support.ts').then(({ support }) => support),
  }),
  watch: verb({ ...HELP.watch, options: options.WATCH, load: () => import('./watch.ts').then(({ watch }) => watch) }),
};
