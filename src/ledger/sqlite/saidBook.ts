import type { Database } from 'better-sqlite3';
import type { Instant } from '../../domain/terms.ts';
import { nothingSaid, type Said, type SaidGrant, take } from '../book/said.ts';

/** The state according to the events, read once from first to newest and kept up to date. */
export interface SaidBook {
  /** Reads at most `window` more events. @returns whether there are any left */
  readOn(window: number): boolean;
  /** @returns undefined if the grant is not live */
  grant(id: string): SaidGrant | undefined;
  grants(): Iterable<string>;
  /** Number of the event that froze all access. @returns null if there is none, or it was lifted since */
  freeze(): number | null;
  /** Numbers of the events with owners' answers that currently remove a rule. */
  removals(): readonly number[];
  /** Somebody's stand-in. @returns null if it ended; undefined if no event is about one */
  delegation(from: string): { readonly to: string; readonly until: Instant } | null | undefined;
}

const ENDS_AT = "('grant.provisioning', 'grant.activated', 'grant.extended', 'grant.shortened')";
const OTHERS = "('access.frozen', 'access.unfrozen', 'delegation.set', 'delegation.ended', 'access_review.answered')";

export function saidBook(sqlite: Database): SaidBook {
  const state = nothingSaid();
  let last: number | null = null;
  const bounds = sqlite.prepare<[], { first: number | null; newest: number | null }>(
    'SELECT (SELECT min(seq) FROM events) AS first, (SELECT max(seq) FROM events) AS newest',
  );
  // The check of the chain reports events that are no JSON any more.
  const window = sqlite.prepare<[number, number], Said>(
    `SELECT seq, type, request_id AS requestId, grant_id AS grantId,
       CASE WHEN type IN ${ENDS_AT} AND json_valid(payload) THEN json_extract(payload, '$.endsAt') END AS endsAt,
       CASE WHEN type IN ${OTHERS} AND json_valid(payload) THEN payload END AS payload
     FROM events WHERE seq > ? AND seq <= ? AND (grant_id IS NOT NULL OR type IN ${OTHERS}) ORDER BY seq`,
  );
  return {
    readOn: (size) => {
      const { first, newest } = bounds.get() ?? { first: null, newest: null };
      last ??= (first ?? 1) - 1;
      if (newest === null || last >= newest) return false;
      const to = Math.min(newest, last + size);
      for (const event of window.all(last, to)) take(state, event);
      last = to;
      return last < newest;
    },
    grant: (id) => state.grants.get(id),
    grants: () => state.grants.keys(),
    freeze: () => state.frozen,
    removals: () => [...state.removals.values()],
    delegation: (from) => state.delegations.get(from),
  };
}
