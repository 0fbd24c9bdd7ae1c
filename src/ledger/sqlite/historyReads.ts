import { CANARY_ID } from '../../domain/canary.ts';
import { LIVE_STATES } from '../../domain/grant.ts';
import type { Store } from '../../ports/store.ts';
import { approvedAlone, deniedByPeople } from '../book/past.ts';
import { type StoredRow, toRequest } from '../book/stateRows.ts';
import { and, inArray, ne } from './drizzle.ts';
import { readingAt } from './errors.ts';
import type { OpenLedger } from './open.ts';
import { REQUESTED_BY, type Whose, whose } from './rows.ts';
import { grants } from './schema.ts';

export function historyReads({ db, sqlite, path }: OpenLedger): Pick<Store, 'history'> {
  const read = readingAt(path);
  // This query has no LIMIT: otherwise repeated denials by the policy could push older rows out of what limits count.
  const pastOf = sqlite.prepare<Whose & { since: number }, StoredRow>(
    `SELECT version, body FROM requests WHERE ${REQUESTED_BY} AND state IN ('approved', 'scheduled', 'denied')
     AND (state = 'denied') = (json_array_length(body, '$.reviews') > 0)
     AND coalesce(json_extract(body, '$.approvedAt'), json_extract(body, '$.deniedAt'), json_extract(body, '$.startsAt')) >= @since
     ORDER BY rowid DESC`,
  );
  const holdersOf = (resources: readonly string[]) =>
    db
      .select({ role: grants.role, slackId: grants.person, email: grants.mailbox })
      .from(grants)
      .where(
        and(
          inArray(grants.state, [...LIVE_STATES]),
          inArray(grants.resource, [...resources]),
          ne(grants.person, CANARY_ID),
        ),
      )
      .all()
      .map(({ role, ...person }) => ({ role, person }));
  return {
    history: ({ human, since, resources, exceptRequest }) =>
      read(() => {
        const past = pastOf
          .all({ ...whose(human), since })
          .flatMap((row) => toRequest(row)?.value ?? [])
          .filter(({ id }) => id !== exceptRequest);
        return {
          automatic: past.flatMap((request) => approvedAlone(request)),
          denials: past.flatMap((request) => deniedByPeople(request)),
          holders: holdersOf(resources),
        };
      }),
  };
}
