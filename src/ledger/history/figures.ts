import { atOnce, inSteps, type Steps } from '../../concurrency/steps.ts';
import { CANARY_ID } from '../../domain/canary.ts';
import type { AccessSpan, Approval, Figures, Mark } from '../../domain/report.ts';
import type { Instant, RoleKey } from '../../domain/terms.ts';
import { createNameReader } from '../sqlite/names.ts';
import type { OpenLedger } from '../sqlite/open.ts';

interface Row {
  readonly seq: number;
  readonly at: number;
  readonly type: string;
  readonly requestId: string | null;
  readonly grantId: string | null;
  readonly role: RoleKey | null;
  readonly person: string | null;
  readonly name: string | null;
  readonly extra: string | null;
}

type Draft = { -readonly [K in keyof AccessSpan]: AccessSpan[K] };

/** The figures of a period for a report, in one pass over the events before its end. */
export const figuresOf = (ledger: OpenLedger, period: Period): Figures => atOnce(walk(ledger, period));

/** Like `figuresOf`, in steps, so that other work can run in between. */
export const figuresInSteps = (ledger: OpenLedger, period: Period): Promise<Figures> => inSteps(walk(ledger, period));

interface Period {
  readonly from: Instant;
  readonly to: Instant;
}

/** Rows per step. */
const STEP = 2_000;

function* walk(ledger: OpenLedger, { from, to }: Period): Steps<Figures> {
  const { sqlite } = ledger;
  const sums = emptySums();
  const named = createNameReader(ledger);
  let walked = 0;
  for (const row of sqlite.prepare<[number], Row>(ROWS).iterate(to)) {
    walked += 1;
    if (walked % STEP === 0) yield;
    add(sums, row, { from, nameIn: ({ person, name }) => named({ slackId: person ?? '', name: name ?? '' }) });
  }
  const head = sqlite
    .prepare<[number], { seq: number; hash: string }>(
      'SELECT seq, hash FROM events WHERE at < ? ORDER BY seq DESC LIMIT 1',
    )
    .get(to);
  const { requests, reviews, marks, spans, unreviewed, canary } = sums;
  return {
    from,
    to,
    head: head ?? null,
    spans: [...spans.values()],
    requests,
    reviews,
    unreviewed: [...unreviewed.values()],
    canary,
    ...marks,
  };
}

const ROWS = `
  SELECT seq, at, type, request_id AS requestId, grant_id AS grantId,
    CASE type WHEN 'grant.activated' THEN json_extract(payload, '$.role') END AS role,
    CASE type
      WHEN 'review.recorded' THEN json_extract(actor, '$.id')
      WHEN 'request.submitted' THEN json_extract(payload, '$.requester.slackId')
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
    'grant.activated', 'grant.ended', 'grant.declared_gone', 'grant.overdue', 'credential.issued',
    'break_glass.invoked', 'break_glass.reviewed', 'drift.found', 'signals.raised', 'canary.passed', 'canary.failed')
  ORDER BY seq`;

/** What is collected during the pass over the events. */
interface Sums {
  requests: number;
  readonly asked: Map<string, Instant>;
  readonly approvedBy: Map<string, Approval>;
  readonly spans: Map<string, Draft>;
  readonly unreviewed: Map<string, Mark>;
  readonly reviews: Figures['reviews'][number][];
  readonly canary: { passed: number; readonly failed: Mark[] };
  readonly marks: Record<'denied' | 'overdue' | 'drift' | 'signals', Mark[]>;
}

const emptySums = (): Sums => ({
  requests: 0,
  asked: new Map(),
  approvedBy: new Map(),
  spans: new Map(),
  unreviewed: new Map(),
  reviews: [],
  canary: { passed: 0, failed: [] },
  marks: { denied: [], overdue: [], drift: [], signals: [] },
});

interface Reading {
  readonly from: Instant;
  readonly nameIn: (row: Row) => { readonly slackId: string; readonly name: string };
}

function add(sums: Sums, row: Row, { from, nameIn }: Reading): void {
  const { at, type, extra } = row;
  const requestId = row.requestId ?? '';
  const grantId = row.grantId ?? '';
  const isWithin = at >= from;
  const mark = { seq: row.seq, at };
  const noteWithin = (marks: Mark[]) => {
    if (isWithin) marks.push(mark);
  };
  if (row.person === CANARY_ID) return;
  switch (type) {
    case 'request.submitted':
      sums.asked.set(requestId, at);
      if (isWithin) sums.requests += 1;
      break;
    case 'canary.passed':
      if (isWithin) sums.canary.passed += 1;
      break;
    case 'canary.failed':
      noteWithin(sums.canary.failed);
      break;
    case 'request.approved':
      if (extra === 'canary') break;
      sums.approvedBy.set(requestId, APPROVAL[extra ?? ''] ?? 'automatic');
      break;
    case 'request.denied':
      noteWithin(sums.marks.denied);
      break;
    case 'review.recorded':
      if (isWithin)
        sums.reviews.push({
          ...mark,
          reviewer: nameIn(row),
          verdict: extra ?? '',
          after: at - (sums.asked.get(requestId) ?? at),
        });
      break;
    case 'grant.activated':
      sums.spans.set(grantId, {
        grantId,
        requestId,
        role: row.role ?? '',
        person: nameIn(row),
        approval: sums.approvedBy.get(requestId) ?? 'automatic',
        requestedAt: sums.asked.get(requestId) ?? at,
        from: at,
        to: null,
        credential: false,
        seq: row.seq,
      });
      break;
    case 'grant.ended':
    case 'grant.declared_gone':
      endSpan(sums.spans, grantId, at, from);
      // The report does not need access that ended before the period.
      sums.asked.delete(requestId);
      sums.approvedBy.delete(requestId);
      break;
    case 'credential.issued': {
      const span = sums.spans.get(grantId);
      if (span) span.credential = true;
      break;
    }
    case 'grant.overdue':
      noteWithin(sums.marks.overdue);
      break;
    case 'break_glass.invoked':
      sums.unreviewed.set(requestId, mark);
      break;
    case 'break_glass.reviewed':
      sums.unreviewed.delete(requestId);
      break;
    case 'drift.found':
      noteWithin(sums.marks.drift);
      break;
    default:
      noteWithin(sums.marks.signals);
  }
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
