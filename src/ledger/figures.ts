import type { AccessSpan, Approval, Figures, Mark } from '../domain/report.ts';
import type { Instant } from '../domain/terms.ts';
import { atOnce, gently, type Steps } from './gently.ts';
import { nameReader } from './names.ts';
import type { OpenLedger } from './open.ts';

interface Row {
  readonly seq: number;
  readonly at: number;
  readonly type: string;
  readonly requestId: string | null;
  readonly grantId: string | null;
  readonly role: string | null;
  readonly person: string | null;
  readonly name: string | null;
  readonly extra: string | null;
}

type Draft = { -readonly [K in keyof AccessSpan]: AccessSpan[K] };

/** What a report shows of a period, in one walk over the events before its end. */
export const figuresOf = (ledger: OpenLedger, period: Period): Figures => atOnce(walk(ledger, period));

/** The same, a little at a time. */
export const figuresGently = (ledger: OpenLedger, period: Period): Promise<Figures> => gently(walk(ledger, period));

interface Period {
  readonly from: Instant;
  readonly to: Instant;
}

/** Rows between two pauses. */
const STEP = 2_000;

function* walk(ledger: OpenLedger, { from, to }: Period): Steps<Figures> {
  const { sqlite } = ledger;
  const named = nameReader(ledger);
  const rows = sqlite.prepare<[number], Row>(`
    SELECT seq, at, type, request_id AS requestId, grant_id AS grantId,
      json_extract(payload, '$.role') AS role,
      CASE type
        WHEN 'review.recorded' THEN json_extract(actor, '$.id')
        WHEN 'grant.activated' THEN json_extract(payload, '$.person.slackId')
      END AS person,
      CASE type
        WHEN 'review.recorded' THEN json_extract(actor, '$.name')
        WHEN 'grant.activated' THEN json_extract(payload, '$.person.name')
      END AS name,
      CASE type
        WHEN 'review.recorded' THEN json_extract(payload, '$.verdict')
        WHEN 'request.approved' THEN json_extract(payload, '$.by')
      END AS extra
    FROM events
    WHERE at < ? AND type IN ('request.submitted', 'request.approved', 'request.denied', 'review.recorded',
      'grant.activated', 'grant.ended', 'grant.overdue', 'credential.issued',
      'break_glass.invoked', 'break_glass.reviewed', 'drift.found', 'signals.raised')
    ORDER BY seq`);
  const asked = new Map<string, Instant>();
  const approvedBy = new Map<string, Approval>();
  const spans = new Map<string, Draft>();
  const unreviewed = new Map<string, Mark>();
  const marks: Record<'denied' | 'overdue' | 'drift' | 'signals', Mark[]> = {
    denied: [],
    overdue: [],
    drift: [],
    signals: [],
  };
  const reviews: Figures['reviews'][number][] = [];
  let requests = 0;

  let walked = 0;
  for (const row of rows.iterate(to)) {
    walked += 1;
    if (walked % STEP === 0) yield;
    const { seq, at, type, extra } = row;
    const requestId = row.requestId ?? '';
    const grantId = row.grantId ?? '';
    const isWithin = at >= from;
    const mark = { seq, at };
    switch (type) {
      case 'request.submitted':
        asked.set(requestId, at);
        if (isWithin) requests += 1;
        break;
      case 'request.approved':
        approvedBy.set(requestId, APPROVAL[extra ?? ''] ?? 'automatic');
        break;
      case 'request.denied':
        if (isWithin) marks.denied.push(mark);
        break;
      case 'review.recorded':
        if (isWithin)
          reviews.push({
            ...mark,
            reviewer: named({ slackId: row.person ?? '', name: row.name ?? '' }),
            verdict: extra ?? '',
            after: at - (asked.get(requestId) ?? at),
          });
        break;
      case 'grant.activated':
        spans.set(grantId, {
          grantId,
          requestId,
          role: row.role ?? '',
          person: named({ slackId: row.person ?? '', name: row.name ?? '' }),
          approval: approvedBy.get(requestId) ?? 'automatic',
          requestedAt: asked.get(requestId) ?? at,
          from: at,
          to: null,
          credential: false,
          seq,
        });
        break;
      case 'grant.ended':
        endSpan(spans, grantId, at, from);
        // What is over and done with need not be remembered for a report on a later time.
        asked.delete(requestId);
        approvedBy.delete(requestId);
        break;
      case 'credential.issued': {
        const span = spans.get(grantId);
        if (span) span.credential = true;
        break;
      }
      case 'grant.overdue':
        if (isWithin) marks.overdue.push(mark);
        break;
      case 'break_glass.invoked':
        unreviewed.set(requestId, mark);
        break;
      case 'break_glass.reviewed':
        unreviewed.delete(requestId);
        break;
      case 'drift.found':
        if (isWithin) marks.drift.push(mark);
        break;
      default:
        if (isWithin) marks.signals.push(mark);
    }
  }
  const head =
    sqlite
      .prepare<[number], { seq: number; hash: string }>(
        'SELECT seq, hash FROM events WHERE at < ? ORDER BY seq DESC LIMIT 1',
      )
      .get(to) ?? null;
  return {
    from,
    to,
    head,
    spans: [...spans.values()],
    requests,
    reviews,
    unreviewed: [...unreviewed.values()],
    ...marks,
  };
}

const APPROVAL: Readonly<Record<string, Approval>> = {
  policy: 'automatic',
  reviewers: 'reviewed',
  break_glass: 'break_glass',
};

function endSpan(spans: Map<string, Draft>, grantId: string, at: Instant, from: Instant): void {
  const span = spans.get(grantId);
  if (!span) return;
  if (at < from) spans.delete(grantId);
  else span.to = at;
}
