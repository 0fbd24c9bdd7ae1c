/** The weekly digest in the audit channel: a few lines and a picture. */

import type { KnownBlock } from '@slack/types';
import type { WebClient } from '@slack/web-api';
import type { Policy } from '../../domain/policy.ts';
import { type APPROVALS, type Figures, type Summary, summarize } from '../../domain/report.ts';
import { HOUR, type Instant, type Millis } from '../../domain/terms.ts';
import { lastWeekly } from '../../domain/weekHours.ts';
import type { Clock, Log } from '../../ports/host.ts';
import type { JobHandler } from '../../ports/jobs.ts';
import { JOB_KEYS } from '../../ports/keys.ts';
import type { Store } from '../../ports/store.ts';
import { DIGEST } from '../../wording/audit.ts';
import { joined, say } from '../../wording/pieces.ts';
import type { Message } from '../kit/blocks.ts';
import { drawn, paragraph, smallPrint } from '../kit/drawn.ts';
import { slackProblem } from '../link/clients.ts';
import type { Delivery } from './delivery.ts';

const WEEK: Millis = 7 * 24 * HOUR;
/** Number of tries with the picture. After that, it is sent without. */
const PICTURE_TRIES = 3;
/** How often to check whether a digest that is off was switched on, in ms. */
const LOOK_AGAIN: Millis = HOUR;

export interface DigestDeps {
  readonly policy: () => Policy;
  readonly store: Store;
  readonly delivery: Delivery;
  readonly client: WebClient;
  readonly clock: Pick<Clock, 'now'>;
  readonly log: Log;
  readonly figures: (period: { from: Instant; to: Instant }) => Promise<Figures>;
  /** Draws the picture as PNG. */
  readonly picture: (summary: Summary) => Promise<Uint8Array>;
}

export function createDigest(deps: DigestDeps): JobHandler {
  const { store, delivery, clock } = deps;

  return async (_key, attempt) => {
    const { digest, auditChannel } = deps.policy();
    if (!digest) return { notBefore: clock.now() + LOOK_AGAIN };
    const to = lastWeekly(digest, clock.now());
    const next = { notBefore: Math.min(to + WEEK, clock.now() + LOOK_AGAIN * 24) };
    const record = await store.record('digest', JOB_KEYS.weekly);
    if (record.value && record.value.until >= to) return next;
    const figures = await deps.figures({ from: to - WEEK, to });
    // There is no digest of a week before the ledger began.
    if (figures.head) {
      const summary = summarize(figures, digest.timeZone);
      const picture = await upload(summary, attempt);
      const message = digestMessage(figures, summary, picture);
      await delivery.sync(`digest:${to}`, { channel: auditChannel }, message, attempt > 1 ? to : null);
    }
    await store.commit({
      records: [{ kind: 'digest', key: JOB_KEYS.weekly, value: { until: to }, version: record.version }],
    });
    return next;
  };

  /** @returns the id of the file in Slack, or null to send the digest without it */
  async function upload(summary: Summary, attempt: number): Promise<string | null> {
    if (attempt > PICTURE_TRIES || summary.begun.length === 0) return null;
    try {
      const file = Buffer.from(await deps.picture(summary));
      const { files } = await deps.client.filesUploadV2({ filename: 'week.png', title: DIGEST.pictureTitle, file });
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
  const by = { automatic: count('automatic'), reviewed: count('reviewed'), break_glass: count('break_glass') };
  const lines = [
    DIGEST.begun(begun.length, by, figures),
    ...waits.map(DIGEST.wait),
    DIGEST.state(live.length, unused.length),
  ];
  const alarms = [
    ...(figures.overdue.length > 0 ? [DIGEST.overdue(figures.overdue.length)] : []),
    ...(figures.unreviewed.length > 0 ? [DIGEST.unreviewed(figures.unreviewed.length)] : []),
    ...(hasty.length > 0 ? [DIGEST.hasty(hasty.length)] : []),
    ...(figures.canary.failed.length > 0 ? [DIGEST.canary(figures.canary.failed.length, figures.canary.passed)] : []),
    ...(figures.drift.length > 0 ? [DIGEST.drift(figures.drift.length)] : []),
  ];
  const blocks: KnownBlock[] = [
    paragraph(DIGEST.head(figures.from, figures.to)),
    paragraph(joined(lines, say`\n`)),
    ...(alarms.length > 0 ? [paragraph(joined(alarms, say`\n`))] : []),
    ...(picture === null
      ? []
      : [{ type: 'image', slack_file: { id: picture }, alt_text: DIGEST.pictureText } as const]),
    smallPrint(DIGEST.small),
  ];
  return { text: drawn(DIGEST.text(begun.length)), blocks };
}
