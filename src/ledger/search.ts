import type { EventFilter, EventSearch } from '../ports.ts';
import { EVENT_COLUMNS, type EventRow } from './chain.ts';
import { eventMaker } from './events.ts';
import type { OpenLedger } from './open.ts';

/** Finds events by what auditors ask about: by person through an index, otherwise in one read of the table. */
export function eventSearch(ledger: OpenLedger): EventSearch {
  const { sqlite } = ledger;
  const toEvent = eventMaker(ledger);
  const query = sqlite.prepare<
    {
      people: string | null;
      role: string | null;
      request: string | null;
      incident: string | null;
      from: number;
      to: number;
      limit: number;
    },
    EventRow
  >(`
    SELECT ${EVENT_COLUMNS}
    FROM events
    WHERE at >= @from AND at <= @to
      AND (@request IS NULL OR request_id = @request)
      AND (@role IS NULL OR json_extract(payload, '$.role') = @role OR instr(json_extract(payload, '$.role'), @role || '/') = 1)
      AND (@incident IS NULL OR request_id IN
        (SELECT request_id FROM events WHERE type = 'request.submitted' AND json_extract(payload, '$.incidentId') = @incident))
      AND (@people IS NULL OR seq IN (SELECT seq FROM event_people WHERE person IN (SELECT value FROM json_each(@people))))
    ORDER BY seq DESC LIMIT @limit`);
  const byPerson = sqlite.prepare<{ people: string; from: number; to: number; limit: number }, EventRow>(`
    SELECT ${EVENT_COLUMNS}
    FROM events
    WHERE seq IN (SELECT seq FROM event_people WHERE person IN (SELECT value FROM json_each(@people)))
      AND at >= @from AND at <= @to
    ORDER BY seq DESC LIMIT @limit`);
  const called = sqlite
    .prepare<[string], string>('SELECT DISTINCT person FROM names WHERE instr(lower(value), lower(?)) > 0')
    .pluck();
  const card = sqlite.prepare<[string], { channel: string; ts: string }>(
    "SELECT channel, ts FROM requests JOIN posts ON posts.key = 'card:' || requests.bundle WHERE requests.id = ?",
  );
  const peopleBy = (text: string): readonly string[] => (/^[UW][A-Z0-9]+$/.test(text) ? [text] : called.all(text));

  return {
    cardOf: (requestId) => card.get(requestId) ?? null,
    find: ({ person, role, requestId, incidentId, from = 0, to = Number.MAX_SAFE_INTEGER, limit }: EventFilter) => {
      const people = person === undefined ? null : JSON.stringify(peopleBy(person));
      const rows =
        people !== null && role === undefined && requestId === undefined && incidentId === undefined
          ? byPerson.all({ people, from, to, limit })
          : query.all({
              people,
              role: role ?? null,
              request: requestId ?? null,
              incident: incidentId ?? null,
              from,
              to,
              limit,
            });
      return rows.reverse().map(toEvent);
    },
  };
}
