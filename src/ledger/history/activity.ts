import type { Use } from '../../domain/accessReview.ts';
import { CANARY_ID } from '../../domain/canary.ts';
import { type Activity, LOOK_BACK, type PastReview, type ReviewActivity } from '../../domain/signals.ts';
import type { Instant, RoleKey } from '../../domain/terms.ts';
import type { ActivityReader } from '../../ports/ledger.ts';
import type { OpenLedger } from '../sqlite/open.ts';

/** More events than anybody causes in the period that signals cover. */
const MOST_EVENTS = 1_000;
const MOST_REVIEWS = 10;

const ASKED = `
  SELECT events.seq, events.at, events.type
  FROM event_people JOIN events ON events.seq = event_people.seq
  WHERE event_people.person = @person AND events.at >= @since
    AND events.type IN ('request.submitted', 'request.denied')
    AND json_extract(events.payload, '$.requester.slackId') = @person
  ORDER BY event_people.seq DESC LIMIT @limit`;

const EVER_HAD = `
  SELECT 1 FROM event_people JOIN events ON events.seq = event_people.seq
  WHERE event_people.person = @person AND events.type = 'grant.activated'
    AND json_extract(events.payload, '$.person.slackId') = @person
    AND instr(json_extract(events.payload, '$.role'), @prefix) = 1
  LIMIT 1`;

const ROLES_HAD = `
  SELECT DISTINCT json_extract(events.payload, '$.role')
  FROM event_people JOIN events ON events.seq = event_people.seq
  WHERE event_people.person = @person AND events.type = 'grant.activated'
    AND json_extract(events.payload, '$.person.slackId') = @person`;

const REVIEWS = `
  SELECT events.seq, events.at, json_extract(events.payload, '$.verdict') AS verdict, events.at - asked.at AS after
  FROM event_people
    JOIN events ON events.seq = event_people.seq
    JOIN events AS asked ON asked.request_id = events.request_id AND asked.type = 'request.submitted'
  WHERE event_people.person = @person AND events.at >= @since
    AND events.type = 'review.recorded' AND json_extract(events.actor, '$.id') = @person
  ORDER BY event_people.seq DESC LIMIT @limit`;

const APPROVERS = `
  SELECT json_extract(approver.value, '$.slackId')
  FROM event_people JOIN events ON events.seq = event_people.seq, json_each(events.payload, '$.approvers') AS approver
  WHERE event_people.person = @person AND events.at >= @since
    AND events.type = 'request.approved' AND json_extract(events.payload, '$.requester.slackId') = @person`;

const USES = `
  SELECT json_extract(payload, '$.role') AS role, count(*) AS uses,
    count(DISTINCT json_extract(payload, '$.person.slackId')) AS people
  FROM events WHERE type = 'grant.activated' AND at >= ? AND json_extract(payload, '$.person.slackId') <> '${CANARY_ID}' GROUP BY 1`;

/** Reads what signals are computed from: the events of one person, through the index. */
export function createActivityReader({ sqlite }: OpenLedger): ActivityReader {
  const asked = sqlite.prepare<
    { person: string; since: Instant; limit: number },
    { seq: number; at: number; type: string }
  >(ASKED);
  const everHad = sqlite.prepare<{ person: string; prefix: string }, number>(EVER_HAD).pluck();
  const rolesHad = sqlite.prepare<{ person: string }, string>(ROLES_HAD).pluck();
  const reviews = sqlite.prepare<{ person: string; since: Instant; limit: number }, PastReview>(REVIEWS);
  const approvers = sqlite.prepare<{ person: string; since: Instant }, string>(APPROVERS).pluck();

  const uses = sqlite.prepare<[Instant], Use>(USES);

  function askedBy(accounts: readonly string[], now: Instant): Pick<Activity, 'requests' | 'denials'> {
    const since = now - LOOK_BACK;
    const seen = newestFirst(accounts.flatMap((person) => asked.all({ person, since, limit: MOST_EVENTS })));
    return {
      requests: seen.filter(({ type }) => type === 'request.submitted'),
      denials: seen.filter(({ type }) => type === 'request.denied'),
    };
  }

  return {
    uses: async (since) => uses.all(since),
    asking: async (accounts, resource, now) => ({
      ...askedBy(accounts, now),
      knowsResource: accounts.some((person) => everHad.get({ person, prefix: `${resource}/` }) !== undefined),
    }),
    askingAnywhere: async (accounts, now) => ({
      ...askedBy(accounts, now),
      resources: new Set(accounts.flatMap((person) => rolesHad.all({ person })).map(resourceOf)),
    }),
    reviewing: async ({ reviewer, requester }, now): Promise<ReviewActivity> => {
      const since = now - LOOK_BACK;
      const asOne = (id: string) => [reviewer, requester].find((ids) => ids.includes(id))?.[0] ?? id;
      const approversOf = (accounts: readonly string[]) =>
        accounts.flatMap((person) => approvers.all({ person, since })).map(asOne);
      return {
        reviews: newestFirst(reviewer.flatMap((person) => reviews.all({ person, since, limit: MOST_REVIEWS }))).slice(
          0,
          MOST_REVIEWS,
        ),
        approversOfRequester: approversOf(requester),
        approversOfReviewer: approversOf(reviewer),
      };
    },
  };
}

const resourceOf = (role: RoleKey): string => role.slice(0, role.indexOf('/'));

const newestFirst = <T extends { readonly seq: number }>(seen: readonly T[]): T[] =>
  [...seen].sort((a, b) => b.seq - a.seq);
