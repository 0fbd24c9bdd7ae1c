/** `jitbot report`: the page of figures. Plain text: the page escapes it, and puts its numbers and links in. */

import { type Approval, HASTY } from '../../domain/report.ts';
import { SECOND } from '../../domain/terms.ts';
import { counted } from '../../domain/text.ts';

export const APPROVAL_NAMES: Readonly<Record<Approval, string>> = {
  automatic: 'automatic',
  reviewed: 'approved',
  break_glass: 'break-glass',
};

export const REPORT_PAGE = {
  title: (from: string, to: string): string => `Access from ${from} to ${to}`,
  head: 'Access report',
  period: (from: string, to: string): string => `${from} to ${to}`,
  madeAt: (at: string): string => `Made ${at}.`,
  ledger: (seq: number): string => `From the ledger up to event ${seq}, with hash`,
  ledgerCheck: (command: string): string => `Check it with ${command}.`,
  noEvents: 'The ledger has no event before the end of this period.',
  note: (zone: string): string =>
    `Every number links to the events behind it. Times and days are ${zone === 'UTC' ? 'in UTC' : `those of ${zone}`}.`,
  none: 'None in this period.',
  more: (count: number): string => `And ${count} more.`,
} as const;

/** The tiles: a number, and what it counts. */
export const TILES = {
  begun: 'grants started',
  live: 'active at the end',
  denied: (requests: number): string => `denied, of ${counted(requests, 'request')}`,
  unused: 'never used',
  overdue: 'overdue',
  hasty: `reviews in under ${HASTY / SECOND} s`,
  unreviewed: 'break-glass not reviewed',
  drift: 'differences at targets',
  signals: 'unusual requests or reviews',
  canary: (runs: number): string => `canary failed, of ${counted(runs, 'run')}`,
} as const;

export const CHARTS = {
  begun: 'Grants started',
  begunAxis: 'started a day',
  live: 'Active access',
  liveAxis: 'active at a time',
  byRole: 'By role',
  byPerson: 'By person',
} as const;

export const TABLES = {
  waits: 'From request to access',
  waitColumns: ['', 'grants', 'median', '95 of 100 within'],
  holders: (at: string): string => `Who has access at ${at}`,
  holderColumns: ['person', 'role', 'how', 'since', 'grant'],
  nobody: 'Nobody has access.',
  all: 'all',
} as const;

/** The lists of events, each below its heading. */
export const BEHIND = {
  head: 'The events behind the figures',
  begun: 'Grants started',
  kind: (approval: Approval): string => `Grants: ${APPROVAL_NAMES[approval]}`,
  live: 'Active at the end',
  denied: 'Denied',
  unused: 'Never used: the role comes with a password, and nobody asked for it',
  overdue: 'Overdue',
  hasty: `Reviews in under ${HASTY / SECOND} s`,
  unreviewed: 'Break-glass that nobody has reviewed',
  drift: 'Differences at targets',
  signals: 'Unusual requests or reviews',
  canary: 'Runs of the canary that failed',
  newest: (shown: number, all: number): string => `The newest ${shown} of ${all}.`,
  rest: (commands: readonly string[]): string => `All of them: ${commands.join(' or ')}.`,
} as const;
