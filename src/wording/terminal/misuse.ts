/** What was typed wrong after `jitbot`, and how to type it right. The usage line follows. */

const noDuration = (option: string, typed: string, example: string): string =>
  `${option} ${typed} is not a duration such as ${example}`;

export const MISUSE = {
  usage: (line: string, path: string): string => `Usage: ${line}\n"${path} --help" explains each part.`,
  // Words and options
  more: (problem: string, path: string): string =>
    `${problem}${/[.?]$/.test(problem) ? '' : '.'} "${path} --help" shows what there is.`,
  unknownCommand: (typed: string, meant: string | null, path: string): string =>
    `there is no command "${typed}".${meant === null ? '' : ` Did you mean "${meant}"?`} "${path} --help" shows all of them.`,
  notUnderstood: (words: readonly string[]): string => `not understood: ${words.join(' ')}`,
  noneOf: (option: string, typed: string, choices: string): string => `${option} ${typed} is none of ${choices}`,
  didYouMean: (meant: string): string => `. Did you mean "${meant}"?`,
  notADuration: noDuration,
  notADate: (option: string, typed: string): string =>
    `${option} ${typed} is not a date such as 2026-01-31 or 2026-01-31T18:00Z`,
  fromAfterTo: '--from must be before --to',
  longReport: 'a report covers ten years at most: a page has every day',
  limit: (typed: string): string => `--limit ${typed} is not a number of events, such as 200`,
  // Files
  oneDatabase: (count: number): string => `name one database, not ${count}`,
  oneFile: (count: number): string => `name one file, not ${count}`,
  noPolicy: 'name the policy file, or set JIT_POLICY',
  noDatabase: 'name the database (--help says where), or set JIT_DATABASE',
  // One command each
  archive: 'archive needs --before and --to',
  move: 'move needs --to with a file or an address',
  erase: 'erase needs --person with a Slack id such as U012AB3CD',
  auditBundle: 'audit-bundle needs --from, --to, --key and --out',
  backup: 'name the file to write, which must not exist yet, and at most one database',
  restore: 'name the copy, and at most one database',
  rotateKey: 'rotate-key needs --checkpoints, --old and --new',
  revokeAll: '--from names a copy of the database',
  drain: 'use either --for, which starts a window, or --off, which ends it',
  replayDecisions: '--decisions replaces the database and has its own period: leave --database and --since out',
  exportDecisions: '--export names the file to write',
  policyDiff: 'name two policy files',
  policyExplain: 'say which: --case NAME or --request ID',
  watch: 'name the address to ask, such as http://bot:3000/readyz',
  start: 'start takes no arguments: the environment says what it needs',
  shell: (shells: readonly string[]): string => `name one shell: ${shells.join(', ')}`,
  address: (typed: string): string => `--http ${typed} is not an address such as https://jit.example.com`,
  initAnswer: (option: string, typed: string, expected: string): string =>
    `--${option} ${typed} does not look right. Expected: ${expected}`,
  initMissing: (options: readonly string[]): string =>
    `there is no terminal to ask on, so init needs ${options.join(', ')}`,
} as const;
