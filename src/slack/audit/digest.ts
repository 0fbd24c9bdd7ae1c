import type { KnownBlock } from '@slack/types';
import type { WebClient } from '@slack/web-api';
import type { Policy } from '../../domain/policy.ts';
import { type APPROVALS, type Figures, HASTY, type Summary, summarize } from '../../domain/report.ts';
import { durationText, HOUR, type Instant, MINUTE, type Millis, SECOND } from '../../domain/terms.ts';
import { counted } from '../../domain/text.ts';
import { lastWeekly } from '../../domain/weekHours.ts';
import type { Clock, JobHandler, Log, Store } from '../../ports.ts';
import { context, type Message, section, time } from '../blocks.ts';
import { slackProblem } from '../clients.ts';
import type { Delivery } from '../delivery.ts';

/** The week in the audit channel: a few lines and a picture. */

const WEEK: Millis = 7 * 24 * HOUR;
/** Tries with the picture; then the words go alone. */
const PICTURE_TRIES = 3;
/** How often the policy is looked at, for a digest that is switched off. */
const LOOK_AGAIN: Millis = HOUR;

export interface DigestDeps {
  readonly policy: Policy;
  readonly store: Store;
  readonly delivery: Delivery;
  readonly client: WebClient;
  readonly clock: Pick<Clock, 'now'>;
  readonly log: Log;
  readonly figures: (period: { from: Instant; to: Instant }) => Promise<Figures>;
  /** Draws it as PNG. */
  readonly picture: (summary: Summary) => Promise<Uint8Array>;
}

export function createDigest(deps: DigestDeps): JobHandler {
  const { store, delivery, clock } = deps;

  return async (_key, attempt) => {
    const { digest, auditChannel } = deps.policy;
    if (!digest) return { notBefore: clock.now() + LOOK_AGAIN };
    const to = lastWeekly(digest, clock.now());
    const next = { notBefore: Math.min(to + WEEK, clock.now() + LOOK_AGAIN * 24) };
    const record = await store.record('digest', 'weekly');
    if (record.value && record.value.until >= to) return next;
    const figures = await deps.figures({ from: to - WEEK, to });
    // A week before the ledger began has nothing to tell.
    if (figures.head) {
      const summary = summarize(figures);
      const picture = await upload(summary, attempt);
      const message = digestMessage(figures, summary, picture);
      await delivery.sync(`digest:${to}`, { channel: auditChannel }, message, attempt > 1 ? to : null);
    }
    await store.commit({ records: [{ kind: 'digest', key: 'weekly', value: { until: to }, version: record.version }] });
    return next;
  };

  /** @returns its id at Slack; null: it goes without */
  async function upload(summary: Summary, attempt: number): Promise<string | null> {
    if (attempt > PICTURE_TRIES || summary.begun.length === 0) return null;
    try {
      const file = Buffer.from(await deps.picture(summary));
      const { files } = await deps.client.filesUploadV2({ filename: 'week.png', title: 'Access begun, by day', file });
      return files[0]?.files?.[0]?.id ?? null;
    } catch (error) {
      deps.log.warn({ problem: slackProblem(error) }, 'the digest goes without its picture');
      return null;
    }
  }
}

export function digestMessage(figures: Figures, summary: Summary, picture: string | null): Message {
  const { begun, live, waits, unused, hasty } = summary;
  const count = (approval: (typeof APPROVALS)[number]) => begun.filter((span) => span.approval === approval).length;
  const lines = [
    `*${counted(begun.length, 'access', 'accesses')} begun*: ${count('automatic')} at once, ${count('reviewed')} reviewed, ${count('break_glass')} by break-glass. ${figures.denied.length} denied, of ${figures.requests} asked for.`,
    ...waits.map(
      ({ approval, median, p95 }) =>
        `${WAIT_NAMES[approval]}: ${waitText(median)} from request to access at the median, 95 of 100 within ${waitText(p95)}.`,
    ),
    `Live at the end: ${live.length}. Never used: ${unused.length}.`,
  ];
  const alarms = [
    alarm(figures.overdue.length, 'overdue revocation'),
    alarm(figures.unreviewed.length, 'break-glass use that nobody reviewed', 'break-glass uses that nobody reviewed'),
    alarm(hasty.length, `review in under ${HASTY / SECOND} s`, `reviews in under ${HASTY / SECOND} s`),
    alarm(figures.drift.length, 'difference at a target', 'differences at targets'),
  ].filter((line) => line !== null);
  const blocks: KnownBlock[] = [
    section(`:bar_chart: *The week from ${time(figures.from)} to ${time(figures.to)}*`),
    section(lines.join('\n')),
    ...(alarms.length > 0 ? [section(alarms.join('\n'))] : []),
    ...(picture === null
      ? []
      : [
          {
            type: 'image',
            slack_file: { id: picture },
            alt_text: 'Access begun, by day: at once, reviewed, by break-glass',
          } as const,
        ]),
    context('`jit report` in the terminal has all of it, each figure with the events behind it.'),
  ];
  return { text: `The week: ${counted(begun.length, 'access', 'accesses')} begun`, blocks };
}

const WAIT_NAMES = { automatic: 'At once', reviewed: 'Reviewed', break_glass: 'By break-glass' } as const;

const alarm = (count: number, one: string, many?: string): string | null =>
  count === 0 ? null : `:warning: *${counted(count, one, many)}*`;

const waitText = (ms: Millis): string => (ms < MINUTE ? `${(ms / SECOND).toFixed(1)} s` : durationText(ms));
