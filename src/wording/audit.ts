/** `/jit audit`, and everything in the audit channel except events. */

import type { Figures, Summary } from '../domain/report.ts';
import { HASTY } from '../domain/report.ts';
import { type Instant, MINUTE, type Millis, SECOND } from '../domain/terms.ts';
import { counted } from '../domain/text.ts';
import { code, lasting, type Sentence, say, time } from './pieces.ts';

export const AUDIT = {
  range: (first: number, last: number): string => (first === last ? `#${first}` : `#${first} to #${last}`),
  footer: (range: string, hash: string): Sentence => say`Ledger ${range} · ${code(hash)}`,
  found: say`From the ledger`,
  nothing: say`The ledger has nothing that matches all of that.`,
  more: (most: number): Sentence =>
    say`These are the newest ${most}. There are more: narrow your search, or use ${code('jitbot audit')} in the terminal.`,
  thread: 'thread',
} as const;

const waitText = (ms: Millis): string => (ms < MINUTE ? `${(ms / SECOND).toFixed(1)} s` : lasting(ms));

const WAITS = { automatic: 'Automatic', reviewed: 'Approved', break_glass: 'Break-glass' } as const;

export const DIGEST = {
  text: (begun: number): Sentence => say`The week: ${counted(begun, 'grant')} started`,
  head: (from: Instant, to: Instant): Sentence => say`:bar_chart: *The week from ${time(from)} to ${time(to)}*`,
  begun: (
    begun: number,
    by: { readonly automatic: number; readonly reviewed: number; readonly break_glass: number },
    { denied, requests }: Pick<Figures, 'denied' | 'requests'>,
  ): Sentence =>
    say`*${counted(begun, 'grant')} started*: ${by.automatic} automatic, ${by.reviewed} approved by reviewers, ${by.break_glass} by break-glass. ${denied.length} of ${counted(requests, 'request')} denied.`,
  wait: ({ approval, median, p95 }: Summary['waits'][number]): Sentence =>
    say`${WAITS[approval]}: half had access within ${waitText(median)} of asking, 95 of 100 within ${waitText(p95)}.`,
  state: (active: number, unused: number): Sentence => say`Active at the end: ${active}. Never used: ${unused}.`,
  overdue: (count: number): Sentence =>
    say`:warning: *${counted(count, 'grant that could not be ended in time', 'grants that could not be ended in time')}*`,
  unreviewed: (count: number): Sentence =>
    say`:warning: *${counted(count, 'break-glass use that nobody reviewed', 'break-glass uses that nobody reviewed')}*`,
  hasty: (count: number): Sentence =>
    say`:warning: *${counted(count, `decision in under ${HASTY / SECOND} s`, `decisions in under ${HASTY / SECOND} s`)}*`,
  drift: (count: number): Sentence =>
    say`:warning: *${counted(count, 'difference between a target and the ledger', 'differences between targets and the ledger')}*`,
  canary: (failed: number, passed: number): Sentence =>
    say`:warning: *The canary failed ${counted(failed, 'time')}*, and passed ${counted(passed, 'time')}`,
  pictureTitle: 'Grants started, by day',
  pictureText: 'Grants started, by day: automatic, approved by reviewers, by break-glass',
  small: say`${code('jitbot report')} in the terminal has every figure, with the events behind it.`,
} as const;
