import type { Database } from 'better-sqlite3';
import { z } from 'zod';
import type { Instant } from '../domain/terms.ts';

/** What events say about a grant that is live. */
export interface SaidGrant {
  readonly requestId: string | null;
  /** null: an earlier version's event, which does not say. */
  readonly endsAt: Instant | null;
  /** It is being taken back. */
  readonly isEnding: boolean;
}

/** What events say is so, read once from the first to the newest and kept up to date. */
export interface SaidBook {
  /** Reads so many events more. @returns whether there are any left */
  readOn(window: number): boolean;
  /** undefined: not live. */
  grant(id: string): SaidGrant | undefined;
  grants(): Iterable<string>;
  /** The event that froze all access, where none lifted it since. */
  freeze(): number | null;
  /** Answers of owners by which a rule is taken out now. */
  removals(): readonly number[];
  /** Somebody's stand-in. null: ended; undefined: no event says anything. */
  delegation(from: string): { readonly to: string; readonly until: Instant } | null | undefined;
}

const ENDS_AT = "('grant.provisioning', 'grant.activated', 'grant.extended', 'grant.shortened')";
const OTHERS = "('access.frozen', 'access.unfrozen', 'delegation.set', 'delegation.ended', 'access_review.answered')";

interface Said {
  readonly seq: number;
  readonly type: string;
  readonly requestId: string | null;
  readonly grantId: string | null;
  readonly endsAt: unknown;
  readonly payload: string | null;
}

const delegationSchema = z.looseObject({
  from: z.looseObject({ slackId: z.string() }),
  to: z.looseObject({ slackId: z.string() }),
  until: z.number().optional(),
});

const answerSchema = z.looseObject({ role: z.string(), entitlement: z.string(), verdict: z.string() });

export function saidBook(sqlite: Database): SaidBook {
  const grants = new Map<string, SaidGrant>();
  const delegations = new Map<string, { to: string; until: Instant } | null>();
  /** By role and rule. */
  const removals = new Map<string, number>();
  let frozen: number | null = null;
  let last: number | null = null;
  const bounds = sqlite.prepare<[], { first: number | null; newest: number | null }>(
    'SELECT (SELECT min(seq) FROM events) AS first, (SELECT max(seq) FROM events) AS newest',
  );
  // What follows from an event that is no JSON any more is for the check of the chain to say.
  const window = sqlite.prepare<[number, number], Said>(
    `SELECT seq, type, request_id AS requestId, grant_id AS grantId,
       CASE WHEN type IN ${ENDS_AT} AND json_valid(payload) THEN json_extract(payload, '$.endsAt') END AS endsAt,
       CASE WHEN type IN ${OTHERS} AND json_valid(payload) THEN payload END AS payload
     FROM events WHERE seq > ? AND seq <= ? AND (grant_id IS NOT NULL OR type IN ${OTHERS}) ORDER BY seq`,
  );

  function take({ seq, type, requestId, grantId, endsAt, payload }: Said): void {
    if (type === 'access.frozen') frozen = seq;
    else if (type === 'access.unfrozen') frozen = null;
    else if (payload !== null && type === 'access_review.answered') takeAnswer(seq, payload);
    else if (payload !== null) takeDelegation(type, payload);
    if (grantId !== null) takeGrant(type, grantId, requestId, typeof endsAt === 'number' ? endsAt : null);
  }

  function takeGrant(type: string, id: string, requestId: string | null, endsAt: Instant | null): void {
    const before = grants.get(id);
    switch (type) {
      case 'grant.provisioning':
        grants.set(id, { requestId, endsAt, isEnding: false });
        return;
      case 'grant.activated':
      case 'grant.extended':
      case 'grant.shortened':
        if (before) grants.set(id, { ...before, endsAt: endsAt ?? before.endsAt });
        return;
      case 'grant.revoking':
      case 'grant.overdue':
        grants.set(id, { endsAt: null, ...before, requestId: before?.requestId ?? requestId, isEnding: true });
        return;
      case 'grant.ended':
      case 'grant.failed':
        grants.delete(id);
    }
  }

  function takeAnswer(seq: number, payload: string): void {
    const said = answerSchema.safeParse(JSON.parse(payload)).data;
    if (!said) return;
    const rule = `${said.role}\n${said.entitlement}`;
    if (said.verdict === 'remove') removals.set(rule, seq);
    else removals.delete(rule);
  }

  function takeDelegation(type: string, payload: string): void {
    const said = delegationSchema.safeParse(JSON.parse(payload)).data;
    if (!said) return;
    const { from, to, until } = said;
    delegations.set(from.slackId, type === 'delegation.set' && until !== undefined ? { to: to.slackId, until } : null);
  }

  return {
    readOn: (size) => {
      const { first, newest } = bounds.get() ?? { first: null, newest: null };
      last ??= (first ?? 1) - 1;
      if (newest === null || last >= newest) return false;
      const to = Math.min(newest, last + size);
      for (const event of window.all(last, to)) take(event);
      last = to;
      return last < newest;
    },
    grant: (id) => grants.get(id),
    grants: () => grants.keys(),
    freeze: () => frozen,
    removals: () => [...removals.values()],
    delegation: (from) => delegations.get(from),
  };
}
