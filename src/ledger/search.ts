import type { EventFilter, EventSearch } from '../ports.ts';
import type { EventRow } from './chain.ts';
import { toEvent } from './events.ts';
import type { OpenLedger } from './open.ts';

/** Finds events by what auditors ask about. One read of the table; a million events take about a second. */
export function eventSearch({ sqlite }: OpenLedger): EventSearch {
  const query = sqlite.prepare<
    {
      person: string | null;
      role: string | null;
      request: string | null;
      incident: string | null;
      from: number;
      to: number;
      limit: number;
    },
    EventRow
  >(`
    SELECT seq, at, type, actor, request_id AS requestId, grant_id AS grantId, payload, prev_hash AS prevHash, hash
    FROM events
    WHERE at >= @from AND at <= @to
      AND (@request IS NULL OR request_id = @request)
      AND (@role IS NULL OR json_extract(payload, '$.role') = @role OR instr(json_extract(payload, '$.role'), @role || '/') = 1)
      AND (@incident IS NULL OR request_id IN
        (SELECT request_id FROM events WHERE type = 'request.submitted' AND json_extract(payload, '$.incidentId') = @incident))
      AND (@person IS NULL
        OR json_extract(actor, '$.id') = @person
        OR instr(lower(json_extract(actor, '$.name')), lower(@person)) > 0
        OR instr(lower(json_extract(payload, '$.person')), lower(@person)) > 0
        OR instr(lower(json_extract(payload, '$.requester')), lower(@person)) > 0)
    ORDER BY seq DESC LIMIT @limit`);
  const card = sqlite.prepare<[string], { channel: string; ts: string }>(
    "SELECT channel, ts FROM requests JOIN posts ON posts.key = 'card:' || requests.bundle WHERE requests.id = ?",
  );
  return {
    cardOf: (requestId) => card.get(requestId) ?? null,
    find: ({ person, role, requestId, incidentId, from, to, limit }: EventFilter) =>
      query
        .all({
          person: person ?? null,
          role: role ?? null,
          request: requestId ?? null,
          incident: incidentId ?? null,
          from: from ?? 0,
          to: to ?? Number.MAX_SAFE_INTEGER,
          limit,
        })
        .reverse()
        .map(toEvent),
  };
}
