import type { Canary } from '../../domain/canary.ts';
import type { Grant } from '../../domain/grant.ts';
import type { Instant } from '../../domain/terms.ts';
import { CURSORS } from '../../ports/keys.ts';
import type { Overview, OverviewReader } from '../../ports/overview.ts';
import { drainNow } from '../book/drainNow.ts';
import { jsonIn } from '../book/jsonIn.ts';
import { readDrain } from './drainFile.ts';
import { guardFor } from './errors.ts';
import type { OpenLedger } from './open.ts';
import { IS_LIVE } from './rows.ts';

/** Reads the state of the work, from indexes alone for large tables. */
export function createOverviewReader({ sqlite, path }: Pick<OpenLedger, 'sqlite' | 'path'>): OverviewReader {
  const guarded = guardFor(path);
  const states = sqlite.prepare<[], { state: Grant['state']; count: number }>(
    `SELECT state, count(*) AS count FROM grants INDEXED BY grants_live_state WHERE ${IS_LIVE} GROUP BY state`,
  );
  const overdue = sqlite.prepare<[], { count: number; since: Instant | null }>(
    `SELECT count(*) AS count, min(iif(json_valid(body), json_extract(body, '$.endsAt'), NULL)) AS since
     FROM grants WHERE state = 'overdue'`,
  );
  const pending = sqlite
    .prepare<[], Instant>(
      `SELECT json_extract(body, '$.submittedAt') FROM requests WHERE state = 'pending' AND json_valid(body) ORDER BY 1`,
    )
    .pluck();
  const due = sqlite.prepare<[Instant, Instant], Overview['due'][number]>(
    `SELECT kind, count(*) AS count, min(due_at) AS since FROM jobs
     WHERE due_at <= ? AND lease_until <= ? GROUP BY kind ORDER BY kind`,
  );
  const retried = sqlite.prepare<[], number>('SELECT count(*) FROM jobs WHERE attempts > 1').pluck();
  const firstAfter = sqlite
    .prepare<[number], Instant>('SELECT at FROM events WHERE seq > ? ORDER BY seq LIMIT 1')
    .pluck();
  const newest = sqlite.prepare<[], number | null>('SELECT max(seq) FROM events').pluck();
  const cursor = sqlite.prepare<[string], number>('SELECT seq FROM cursors WHERE name = ?').pluck();
  const anchored = sqlite
    .prepare<[], Instant>("SELECT at FROM events WHERE type = 'ledger.anchored' ORDER BY seq DESC LIMIT 1")
    .pluck();

  const frozen = sqlite
    .prepare<[], Instant | null>(
      "SELECT json_extract(body, '$.at') FROM records WHERE kind = 'freeze' AND json_valid(body) AND body <> 'null'",
    )
    .pluck();
  const canary = sqlite.prepare<[], string>("SELECT body FROM records WHERE kind = 'canary' AND key = 'bot'").pluck();

  /** Event numbers have no gaps, so that the backlog is a subtraction. */
  function auditBehind(newestSeq: number): Overview['auditBehind'] {
    const shown = cursor.get(CURSORS.audit) ?? 0;
    const since = firstAfter.get(shown);
    return since === undefined ? null : { count: newestSeq - shown, since };
  }

  const read = (now: Instant, newestSeq = newest.get() ?? 0): Overview => ({
    live: Object.fromEntries(states.all().map(({ state, count }) => [state, count])),
    overdue: overdueOf(overdue.get(), now),
    pending: pending.all(),
    due: due.all(now, now),
    retried: retried.get() ?? 0,
    auditBehind: auditBehind(newestSeq),
    canary: (jsonIn(canary.get() ?? 'null') ?? null) as Canary | null,
    newestSeq,
    frozenSince: frozen.get() ?? null,
    drain: drainNow(readDrain(path), now),
    lastBeat: cursor.get(CURSORS.clock) ?? 0,
    lastAnchor: anchored.get() ?? null,
  });
  return { read: async (now) => guarded(() => read(now)) };
}

/** Overdue access whose rows name no time counts from now. */
const overdueOf = (row: { readonly count: number; readonly since: Instant | null } | undefined, now: Instant) =>
  row === undefined || row.count === 0 ? null : { count: row.count, since: row.since ?? now };
