import { inSlices } from '../../concurrency/slices.ts';
import { CANARY_ID } from '../../domain/canary.ts';
import { LIVE_STATES } from '../../domain/grant.ts';
import type { RoleKey } from '../../domain/terms.ts';
import type { Store } from '../../ports/store.ts';
import { liveOnly, type StoredRow, toGrant } from '../book/stateRows.ts';
import { and, desc, eq, inArray, sql } from './drizzle.ts';
import { readingAt } from './errors.ts';
import type { OpenLedger } from './open.ts';
import { AMONG_MAILBOXES, amongAccounts, IS_LIVE, type Whose, whose } from './rows.ts';
import { grants } from './schema.ts';

/** Rows that are parsed in one turn of the event loop: about 5 ms. */
const AT_A_TIME = 500;

/** Grants by themselves, and those of a person. */
export function grantReads({
  db,
  sqlite,
  path,
}: OpenLedger): Pick<Store, 'grant' | 'liveGrantOf' | 'liveGrants' | 'recentGrants'> {
  const read = readingAt(path);
  const p = sql.placeholder;
  const byId = db
    .select()
    .from(grants)
    .where(eq(grants.id, p('id')))
    .prepare();
  const newest = db
    .select()
    .from(grants)
    .where(eq(grants.person, p('person')))
    .orderBy(desc(sql`rowid`))
    .limit(p('limit'))
    .prepare();
  // Two queries, each with its own index: with one condition SQLite would scan all live grants.
  const liveOf = sqlite.prepare<Whose & { role: RoleKey }, StoredRow>(
    `SELECT version, body FROM grants WHERE ${amongAccounts('person')} AND role = @role AND ${IS_LIVE}
     UNION ALL SELECT version, body FROM grants WHERE ${AMONG_MAILBOXES} AND role = @role AND ${IS_LIVE} LIMIT 1`,
  );
  return {
    grant: (id) => read(() => toGrant(byId.get({ id }))),
    liveGrantOf: (human, role) => read(() => liveOnly(toGrant(liveOf.get({ ...whose(human), role })))),
    liveGrants: async ({ slackId, resourceId }) => {
      const isTheirs = slackId ? eq(grants.person, slackId) : undefined;
      const isOn = resourceId ? eq(grants.resource, resourceId) : undefined;
      const isLive = inArray(grants.state, [...LIVE_STATES]);
      const { version, body } = grants;
      const rows = await read(() =>
        db
          .select({ version, body })
          .from(grants)
          .where(and(isLive, isTheirs, isOn))
          .all(),
      );
      const loaded = await inSlices(rows, AT_A_TIME, async (row) => liveOnly(toGrant(row)));
      return loaded.filter((one) => one !== null);
    },
    recentGrants: (slackId, limit) =>
      read(() => newest.all({ person: slackId, limit }).flatMap((row) => toGrant(row)?.value ?? [])),
  };
}

type LiveReads = Pick<
  Store,
  'livePlaces' | 'liveWithoutPlace' | 'liveResources' | 'livePeople' | 'liveForIncident' | 'peopleAt'
>;

/** Live grants by place and holder. A body that is no JSON hides no other, until mendState corrects it. */
export function liveReads({ sqlite, path }: OpenLedger): LiveReads {
  const read = readingAt(path);
  const resources = sqlite
    .prepare<[], string>(`SELECT DISTINCT resource FROM grants INDEXED BY grants_live_resource WHERE ${IS_LIVE}`)
    .pluck();
  const people = sqlite
    .prepare<[string, number], string>(
      `SELECT DISTINCT person FROM grants INDEXED BY grants_one_live WHERE ${IS_LIVE} AND person > ? AND person <> '${CANARY_ID}' ORDER BY person LIMIT ?`,
    )
    .pluck();
  const places = sqlite.prepare<[], { place: string | null; resourceId: string }>(
    `SELECT DISTINCT json_extract(body, '$.place') AS place, resource AS resourceId FROM grants WHERE ${IS_LIVE} AND json_valid(body)`,
  );
  const withoutPlace = sqlite.prepare<[string, number], StoredRow>(
    `SELECT body, version FROM grants WHERE ${IS_LIVE} AND json_valid(body) AND json_extract(body, '$.place') IS NULL AND id > ? ORDER BY id LIMIT ?`,
  );
  const forIncident = sqlite
    .prepare<[string], string>(
      `SELECT id FROM grants WHERE ${IS_LIVE} AND json_valid(body) AND coalesce(json_extract(body, '$.ties.incident.id'),
        (SELECT json_extract(requests.body, '$.incidentId') FROM requests
         WHERE requests.id = json_extract(grants.body, '$.requestId') AND json_valid(requests.body))) = ?`,
    )
    .pluck();
  const everAt = sqlite.prepare<[string], { slackId: string; mailbox: string }>(
    'SELECT DISTINCT person AS slackId, mailbox FROM grants INDEXED BY grants_people WHERE resource = ?',
  );
  return {
    livePlaces: () => read(() => places.all()),
    liveWithoutPlace: (after, limit) =>
      read(() => withoutPlace.all(after, limit).flatMap((row) => liveOnly(toGrant(row)) ?? [])),
    liveResources: () => read(() => resources.all()),
    livePeople: (after, limit) => read(() => people.all(after, limit)),
    liveForIncident: (incidentId) => read(() => forIncident.all(incidentId)),
    peopleAt: (resourceId) => read(() => everAt.all(resourceId)),
  };
}
