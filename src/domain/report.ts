/** The contents of a report: every access of a period, and notable events. Computed from events alone. */

import { dayOf, daysOf } from './calendar.ts';
import type { Named } from './person.ts';
import type { Instant, Millis, RoleKey } from './terms.ts';
import { MINUTE, SECOND } from './terms.ts';

/** How access was approved. */
export type Approval = 'automatic' | 'reviewed' | 'break_glass';
export const APPROVALS: readonly Approval[] = ['automatic', 'reviewed', 'break_glass'];

export interface AccessSpan {
  readonly grantId: string;
  readonly requestId: string;
  readonly role: RoleKey;
  readonly person: Named;
  readonly approval: Approval;
  readonly requestedAt: Instant;
  readonly from: Instant;
  /** null if it has not ended. */
  readonly to: Instant | null;
  /** Whether the holder got its password or certificate. */
  readonly credential: boolean;
  /** The event that began it. */
  readonly seq: number;
}

/** A notable event, to be looked up. */
export interface Mark {
  readonly seq: number;
  readonly at: Instant;
}

export interface Figures {
  readonly from: Instant;
  readonly to: Instant;
  /** The newest event before `to`. null if there is none. */
  readonly head: { readonly seq: number; readonly hash: string } | null;
  /** All access that was live at some time in the period. */
  readonly spans: readonly AccessSpan[];
  readonly requests: number;
  readonly denied: readonly Mark[];
  readonly reviews: readonly (Mark & { readonly reviewer: Named; readonly verdict: string; readonly after: Millis })[];
  readonly overdue: readonly Mark[];
  /** Uses of break-glass that nobody had reviewed at the end of the period. */
  readonly unreviewed: readonly Mark[];
  readonly drift: readonly Mark[];
  readonly signals: readonly Mark[];
  /** Runs of the canary, which count nowhere else. */
  readonly canary: { readonly passed: number; readonly failed: readonly Mark[] };
}

/** A review that comes sooner than this after its request: too soon to have read it. */
export const HASTY: Millis = 5 * SECOND;

export interface Counted {
  readonly key: string;
  readonly count: number;
  readonly marks: readonly Mark[];
}

export interface Summary {
  readonly begun: readonly AccessSpan[];
  /** Live at the end of the period. */
  readonly live: readonly AccessSpan[];
  readonly waits: readonly {
    readonly approval: Approval;
    readonly count: number;
    readonly median: Millis;
    readonly p95: Millis;
  }[];
  readonly perDay: readonly { readonly day: string; readonly approval: Approval; readonly count: number }[];
  /** The maximum of live access, in steps. */
  readonly liveOverTime: readonly { readonly at: Instant; readonly live: number }[];
  readonly byRole: readonly (Counted & { readonly approval: Approval })[];
  readonly byPerson: readonly (Counted & { readonly approval: Approval })[];
  /** Access with a password that nobody ever asked for. */
  readonly unused: readonly AccessSpan[];
  readonly hasty: Figures['reviews'];
}

/** @param zone the time zone of its days */
export function summarize(figures: Figures, zone = 'UTC'): Summary {
  const { from, to, spans } = figures;
  const begun = spans.filter((span) => span.from >= from && span.from < to);
  const withCredentials = new Set(spans.filter(({ credential }) => credential).map(({ role }) => role));
  return {
    begun,
    live: spans.filter((span) => isLiveAt(span, to)),
    waits: APPROVALS.flatMap((approval) => {
      const waits = begun
        .filter((span) => span.approval === approval)
        .map((span) => span.from - span.requestedAt)
        .sort((a, b) => a - b);
      return waits.length === 0
        ? []
        : [{ approval, count: waits.length, median: quantile(waits, 0.5), p95: quantile(waits, 0.95) }];
    }),
    perDay: perDay(begun, figures, zone),
    liveOverTime: liveOverTime(spans, from, to),
    byRole: counted(begun, ({ role }) => role),
    byPerson: counted(begun, ({ person }) => person.name),
    unused: begun.filter((span) => !span.credential && withCredentials.has(span.role)),
    hasty: figures.reviews.filter(({ after }) => after < HASTY),
  };
}

const isLiveAt = (span: AccessSpan, at: Instant): boolean => span.from < at && (span.to === null || span.to >= at);

/** The smallest value with at least a share `q` of all values at or below it (nearest rank). */
export const quantile = (sorted: readonly number[], q: number): number =>
  sorted[Math.max(0, Math.ceil(q * sorted.length) - 1)] ?? 0;

const QUARTER: Millis = 15 * MINUTE;

function perDay(begun: readonly AccessSpan[], period: Figures, zone: string): Summary['perDay'] {
  const counts = new Map<string, number>();
  const days = new Map<number, string>();
  for (const span of begun) {
    // No zone changes its clocks within a quarter of an hour, and there are many spans in each.
    const quarter = Math.floor(span.from / QUARTER);
    const day = days.get(quarter) ?? dayOf(span.from, zone);
    days.set(quarter, day);
    const key = `${day} ${span.approval}`;
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  return daysOf(period, zone).flatMap((day) =>
    APPROVALS.map((approval) => ({ day, approval, count: counts.get(`${day} ${approval}`) ?? 0 })),
  );
}

/** Maximum of steps to draw. */
const STEPS = 200;

function liveOverTime(spans: readonly AccessSpan[], from: Instant, to: Instant): Summary['liveOverTime'] {
  // At the same instant, starts sort before ends.
  const changes = [
    ...spans.map((span) => ({ at: span.from, by: 1 })),
    ...spans.flatMap((span) => (span.to === null ? [] : [{ at: span.to, by: -1 }])),
  ].sort((a, b) => a.at - b.at);
  let live = 0;
  let next = 0;
  return Array.from({ length: STEPS }, (_, step) => {
    const at = from + ((to - from) * step) / STEPS;
    const until = from + ((to - from) * (step + 1)) / STEPS;
    let most = live;
    for (let change = changes[next]; change && change.at < until; change = changes[next]) {
      live += change.by;
      most = Math.max(most, live);
      next += 1;
    }
    return { at, live: most };
  });
}

function counted(
  spans: readonly AccessSpan[],
  keyOf: (span: AccessSpan) => string,
): (Counted & { approval: Approval })[] {
  return [...Map.groupBy(spans, (span) => `${span.approval} ${keyOf(span)}`).values()].flatMap((group) => {
    const [first] = group;
    if (!first) return [];
    const marks = group.map(({ seq, from }) => ({ seq, at: from }));
    return [{ key: keyOf(first), approval: first.approval, count: group.length, marks }];
  });
}
