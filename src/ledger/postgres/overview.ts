import type { Canary } from '../../domain/canary.ts';
import { type Grant, LIVE_STATES } from '../../domain/grant.ts';
import type { Instant } from '../../domain/terms.ts';
import { CURSORS } from '../../ports/keys.ts';
import type { Overview, OverviewReader } from '../../ports/overview.ts';
import { drainNow } from '../book/drainNow.ts';
import { jsonIn } from '../book/jsonIn.ts';
import { readDrain } from './drain.ts';
import { type PostgresLedger, readingFrom } from './open.ts';

/** The state of the work in one statement, so that it is of one moment. */
const OVERVIEW = `
  WITH tail AS (SELECT coalesce((SELECT max(seq) FROM events), 0) AS seq),
    shown AS (SELECT coalesce((SELECT seq FROM cursors WHERE name = $3), 0) AS seq)
  SELECT
    (SELECT json_object_agg(state, n) FROM (SELECT state, count(*) AS n FROM grants WHERE state = ANY($2) GROUP BY state) AS live) AS live,
    (SELECT count(*) FROM grants WHERE state = 'overdue') AS overdue,
    (SELECT min((jit_json(body) ->> 'endsAt')::bigint) FROM grants WHERE state = 'overdue') AS "overdueSince",
    (SELECT json_agg(at ORDER BY at) FROM (SELECT (jit_json(body) ->> 'submittedAt')::bigint AS at FROM requests WHERE state = 'pending') AS open
      WHERE at IS NOT NULL) AS pending,
    (SELECT json_agg(json_build_object('kind', kind, 'count', n, 'since', since) ORDER BY kind) FROM
      (SELECT kind, count(*) AS n, min(due_at) AS since FROM jobs WHERE due_at <= $1 AND lease_until <= $1 GROUP BY kind) AS waiting) AS due,
    (SELECT count(*) FROM jobs WHERE attempts > 1) AS retried,
    (SELECT at FROM events WHERE seq > (SELECT seq FROM shown) ORDER BY seq LIMIT 1) AS "behindSince",
    (SELECT seq FROM shown) AS shown,
    (SELECT seq FROM tail) AS newest,
    (SELECT body FROM records WHERE kind = 'canary' AND key = 'bot') AS canary,
    (SELECT (jit_json(body) ->> 'at')::bigint FROM records WHERE kind = 'freeze' AND body <> 'null' LIMIT 1) AS "frozenSince",
    (SELECT seq FROM cursors WHERE name = $4) AS beat,
    (SELECT at FROM events WHERE type = 'ledger.anchored' ORDER BY seq DESC LIMIT 1) AS anchored`;

interface Row {
  readonly live: Partial<Record<Grant['state'], number>> | null;
  readonly overdue: number;
  readonly overdueSince: Instant | null;
  readonly pending: readonly Instant[] | null;
  readonly due: Overview['due'] | null;
  readonly retried: number;
  readonly behindSince: Instant | null;
  readonly shown: number;
  readonly newest: number;
  readonly canary: string | null;
  readonly frozenSince: Instant | null;
  readonly beat: Instant | null;
  readonly anchored: Instant | null;
  readonly [column: string]: unknown;
}

export function createOverviewReader(ledger: PostgresLedger): OverviewReader {
  const guarded = readingFrom(ledger);
  return {
    read: (now) =>
      guarded(async () => {
        const drain = await readDrain(ledger);
        const { rows } = await ledger.pool.query<Row>(OVERVIEW, [now, LIVE_STATES, CURSORS.audit, CURSORS.clock]);
        const [row] = rows;
        if (!row) throw new Error('one row was to come');
        return { ...toOverview(row, now), drain: drainNow(drain, now) };
      }),
  };
}

const toOverview = (row: Row, now: Instant): Omit<Overview, 'drain'> => ({
  live: row.live ?? {},
  // Overdue access whose rows name no time counts from now.
  overdue: row.overdue === 0 ? null : { count: row.overdue, since: row.overdueSince ?? now },
  pending: row.pending ?? [],
  due: row.due ?? [],
  retried: row.retried,
  // Event numbers have no gaps, so that the backlog is a subtraction.
  auditBehind: row.behindSince === null ? null : { count: row.newest - row.shown, since: row.behindSince },
  canary: (jsonIn(row.canary ?? 'null') ?? null) as Canary | null,
  newestSeq: row.newest,
  frozenSince: row.frozenSince,
  lastBeat: row.beat ?? 0,
  lastAnchor: row.anchored,
});
