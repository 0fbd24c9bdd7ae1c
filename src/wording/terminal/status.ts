/** `jitbot status`. */

import { durationText, type Millis } from '../../domain/terms.ts';
import { counted } from '../../domain/text.ts';

/** What needs a look. */
export const STATUS_PROBLEMS = {
  notRunning: 'no bot runs on this database: nothing ends on time',
  neverAlive: 'the bot has never written the time down',
  silent: (ago: Millis): string => `the bot has written nothing for ${durationText(ago)}`,
  doubt: (problem: string): string => `nothing new is granted, because of the ledger: ${problem}`,
  overdue: (count: number, ago: Millis): string =>
    `${counted(count, 'grant is', 'grants are')} overdue, the oldest for ${durationText(ago)}`,
  late: (count: number, kind: string, ago: Millis): string =>
    `${counted(count, 'job')} of kind ${kind} ${count === 1 ? 'is' : 'are'} late, the oldest for ${durationText(ago)}`,
  auditBehind: (count: number, ago: Millis): string =>
    `the audit channel lacks ${counted(count, 'event')}, the oldest from ${durationText(ago)} ago`,
  canary: (problem: string): string => `canary: ${problem}`,
} as const;

/** The label and the text of each row. */
export const STATUS = {
  bot: { name: 'bot', alive: 'running', silent: 'RUNNING, but it writes nothing', gone: 'NOT RUNNING' },
  live: {
    name: 'access',
    none: 'none',
    // A state of a grant, as the ledger calls it.
    some: (states: readonly (readonly [string, number])[]): string =>
      states.map(([state, count]) => `${count} ${state}`).join(', '),
  },
  newAccess: {
    name: 'new access',
    usual: 'as usual',
    doubted: 'NONE: the ledger has to be looked at',
    frozen: (since: string): string => `NONE: frozen since ${since}`,
    drained: (until: string | null): string => `NONE: drained until ${until ?? 'the window is ended'}`,
  },
  pending: 'waiting for approval',
  due: 'due now',
  retried: 'tried again',
  audit: {
    name: 'audit channel',
    complete: 'shows everything',
    behind: (count: number): string => `lacks ${counted(count, 'event')}`,
  },
  canary: {
    name: 'canary',
    none: 'no result yet',
    over: (passed: boolean, ago: Millis): string => `${passed ? 'passed' : 'FAILED'} ${durationText(ago)} ago`,
    waits: (why: string): string => `, waits: ${why}`,
    runs: ', runs now',
  },
  newest: 'newest event',
  anchor: { name: 'last anchor', never: 'never', ago: (ago: Millis): string => `${durationText(ago)} ago` },
} as const;
