import type { RoleKey } from '../../domain/terms.ts';
import { POSTS } from '../../ports/keys.ts';
import type { EventFilter, EventSearch } from '../../ports/ledger.ts';
import { EVENT_COLUMNS, type EventRow } from '../book/chain.ts';
import { nameIn } from '../book/personalNames.ts';
import { createEventMaker } from '../sqlite/eventReader.ts';
import type { OpenLedger } from '../sqlite/open.ts';

const ALL = `
  SELECT ${EVENT_COLUMNS}
  FROM events
  WHERE at >= @from AND at <= @to
    AND (@request IS NULL OR request_id = @request)
    AND (@role IS NULL OR json_extract(payload, '$.role') = @role OR instr(json_extract(payload, '$.role'), @role || '/') = 1)
    AND (@incident IS NULL OR request_id IN
      (SELECT request_id FROM events WHERE type = 'request.submitted' AND json_extract(payload, '$.incidentId') = @incident))
    AND (@people IS NULL OR seq IN (SELECT seq FROM event_people WHERE person IN (SELECT value FROM json_each(@people))))
  ORDER BY seq DESC LIMIT @limit`;

const BY_PERSON = `
  SELECT ${EVENT_COLUMNS}
  FROM events
  WHERE seq IN (SELECT seq FROM event_people WHERE person IN (SELECT value FROM json_each(@people)))
    AND at >= @from AND at <= @to
  ORDER BY seq DESC LIMIT @limit`;

/** Finds events for auditors: by person through an index, otherwise in one scan of the table. */
export function eventSearch(ledger: OpenLedger): EventSearch {
  const { sqlite } = ledger;
  const toEvent = createEventMaker(ledger);
  const query = sqlite.prepare<
    {
      people: string | null;
      role: RoleKey | null;
      request: string | null;
      incident: string | null;
      from: number;
      to: number;
      limit: number;
    },
    EventRow
  >(ALL);
  const byPerson = sqlite.prepare<{ people: string; from: number; to: number; limit: number }, EventRow>(BY_PERSON);
  const called = sqlite
    .prepare<[string], string>('SELECT DISTINCT person FROM names WHERE instr(lower(value), lower(?)) > 0')
    .pluck();
  const card = sqlite.prepare<[string, string], { channel: string; ts: string }>(
    'SELECT channel, ts FROM requests JOIN posts ON posts.key = ? || requests.bundle WHERE requests.id = ?',
  );
  const newestOf = sqlite.prepare<[string], EventRow>(
    `SELECT ${EVENT_COLUMNS} FROM events WHERE seq = (SELECT max(seq) FROM event_people WHERE person = ?)`,
  );
  const ofRequest = sqlite.prepare<[string], EventRow>(
    `SELECT ${EVENT_COLUMNS} FROM events INDEXED BY events_request WHERE request_id = ? ORDER BY seq`,
  );
  const peopleBy = (text: string): readonly string[] => (/^[UW][A-Z0-9]+$/.test(text) ? [text] : called.all(text));

  return {
    namesOf: async (ids) =>
      new Map(
        ids.flatMap((id) => {
          const row = newestOf.get(id);
          const name = row && nameIn(toEvent(row), id);
          return name === undefined ? [] : [[id, name] as const];
        }),
      ),
    ofRequest: async (requestId) => ofRequest.all(requestId).map(toEvent),
    cardOf: async (requestId) => card.get(POSTS.card(''), requestId) ?? null,
    find: async (filter: EventFilter) => {
      const { person, role, requestId, incidentId, from = 0, to = Number.MAX_SAFE_INTEGER, limit } = filter;
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
