import { CANARY_ID } from '../../domain/canary.ts';
import { type Activity, LOOK_BACK, type ReviewActivity } from '../../domain/signals.ts';
import type { Instant } from '../../domain/terms.ts';
import type { ActivityReader } from '../../ports/ledger.ts';
import { type PostgresLedger, readingFrom } from './open.ts';

/** More events than anybody causes in the period that signals cover. */
const MOST_EVENTS = 1_000;
const MOST_REVIEWS = 10;

const ASKED = `
  SELECT seq, at, type FROM event_people JOIN events USING (seq)
  WHERE person = ANY($1) AND at >= $2 AND type IN ('request.submitted', 'request.denied')
    AND jit_json(payload) #>> '{requester,slackId}' = person
  ORDER BY seq DESC LIMIT $3`;

const EVER_HAD = `
  SELECT 1 FROM event_people JOIN events USING (seq)
  WHERE person = ANY($1) AND type = 'grant.activated' AND jit_json(payload) #>> '{person,slackId}' = person
    AND starts_with(jit_json(payload) ->> 'role', $2)
  LIMIT 1`;

const RESOURCES_HAD = `
  SELECT DISTINCT split_part(jit_json(payload) ->> 'role', '/', 1) AS resource FROM event_people JOIN events USING (seq)
  WHERE person = ANY($1) AND type = 'grant.activated' AND jit_json(payload) #>> '{person,slackId}' = person`;

const REVIEWS = `
  SELECT events.seq, events.at, jit_json(events.payload) ->> 'verdict' AS verdict, events.at - asked.at AS after
  FROM event_people JOIN events ON events.seq = event_people.seq
    JOIN events AS asked ON asked.request_id = events.request_id AND asked.type = 'request.submitted'
  WHERE person = ANY($1) AND events.at >= $2 AND events.type = 'review.recorded' AND jit_json(events.actor) ->> 'id' = person
  ORDER BY events.seq DESC LIMIT $3`;

const APPROVERS = `
  SELECT approver ->> 'slackId' AS id
  FROM event_people JOIN events USING (seq), jsonb_array_elements(jit_json(payload) -> 'approvers') AS approver
  WHERE person = ANY($1) AND at >= $2 AND type = 'request.approved' AND jit_json(payload) #>> '{requester,slackId}' = person`;

const USES = `
  SELECT jit_json(payload) ->> 'role' AS role, count(*) AS uses, count(DISTINCT jit_json(payload) #>> '{person,slackId}') AS people
  FROM events WHERE type = 'grant.activated' AND at >= $1 AND jit_json(payload) #>> '{person,slackId}' <> '${CANARY_ID}' GROUP BY 1`;

/** Reads what signals are computed from: the events of one person, through the index. */
export function createActivityReader(ledger: PostgresLedger): ActivityReader {
  const { pool } = ledger;
  const read = readingFrom(ledger);
  async function askedBy(accounts: readonly string[], now: Instant): Promise<Pick<Activity, 'requests' | 'denials'>> {
    const given = [accounts, now - LOOK_BACK, MOST_EVENTS];
    const { rows } = await pool.query<{ seq: number; at: number; type: string }>(ASKED, given);
    return {
      requests: rows.filter(({ type }) => type === 'request.submitted'),
      denials: rows.filter(({ type }) => type === 'request.denied'),
    };
  }

  return {
    uses: (since) =>
      read(async () => (await pool.query<{ role: string; uses: number; people: number }>(USES, [since])).rows),
    asking: (accounts, resource, now) =>
      read(async () => {
        const had = await pool.query(EVER_HAD, [accounts, `${resource}/`]);
        return { ...(await askedBy(accounts, now)), knowsResource: had.rows.length > 0 };
      }),
    askingAnywhere: (accounts, now) =>
      read(async () => {
        const { rows } = await pool.query<{ resource: string }>(RESOURCES_HAD, [accounts]);
        return { ...(await askedBy(accounts, now)), resources: new Set(rows.map(({ resource }) => resource)) };
      }),
    reviewing: ({ reviewer, requester }, now) =>
      read(async (): Promise<ReviewActivity> => {
        const since = now - LOOK_BACK;
        const asOne = (id: string) => [reviewer, requester].find((ids) => ids.includes(id))?.[0] ?? id;
        const approversOf = async (accounts: readonly string[]) =>
          (await pool.query<{ id: string }>(APPROVERS, [accounts, since])).rows.map(({ id }) => asOne(id));
        const { rows } = await pool.query<ReviewActivity['reviews'][number] & Record<string, unknown>>(REVIEWS, [
          reviewer,
          since,
          MOST_REVIEWS,
        ]);
        return {
          reviews: rows,
          approversOfRequester: await approversOf(requester),
          approversOfReviewer: await approversOf(reviewer),
        };
      }),
  };
}
