import type { History } from '../domain/evidence.ts';
import { type Grant, isLive, LIVE_STATES, type LiveGrant } from '../domain/grant.ts';
import type { Human } from '../domain/person.ts';
import type { Records } from '../domain/records.ts';
import type { Request } from '../domain/request.ts';
import type { Store, Versioned } from '../ports.ts';
import { type CommitOptions, committer } from './commit.ts';
import { and, asc, desc, eq, inArray, isNotNull, sql } from './drizzle.ts';
import { storageFault } from './errors.ts';
import { jsonIn } from './jsonIn.ts';
import type { OpenLedger } from './open.ts';
import { grants, records, requests } from './schema.ts';

/** States, events and due work in one SQLite file, committed together. */
export function createStore(ledger: OpenLedger, options: CommitOptions): Store {
  const { db, path } = ledger;
  const p = sql.placeholder;
  const requestById = db
    .select()
    .from(requests)
    .where(eq(requests.id, p('id')))
    .prepare();
  const requestBySubmission = db
    .select()
    .from(requests)
    .where(eq(requests.submissionKey, p('key')))
    .prepare();
  const grantById = db
    .select()
    .from(grants)
    .where(eq(grants.id, p('id')))
    .prepare();
  const recordByKey = db
    .select()
    .from(records)
    .where(and(eq(records.kind, p('kind')), eq(records.key, p('key'))))
    .prepare();
  const live = inArray(grants.state, [...LIVE_STATES]);
  const requestsOfBundle = db
    .select()
    .from(requests)
    .where(eq(requests.bundle, p('bundle')))
    .orderBy(asc(sql`rowid`))
    .prepare();
  const newestRequests = db
    .select()
    .from(requests)
    .where(eq(requests.requester, p('requester')))
    .orderBy(desc(sql`rowid`))
    .limit(p('limit'))
    .prepare();
  const newestGrants = db
    .select()
    .from(grants)
    .where(eq(grants.person, p('person')))
    .orderBy(desc(sql`rowid`))
    .limit(p('limit'))
    .prepare();

  const { sqlite } = ledger;
  // A body that is no JSON is put right by mendState; until then it must not keep the others from being found.
  const isLiveState = `state IN (${LIVE_STATES.map((state) => `'${state}'`).join(', ')})`;
  const liveResources = sqlite
    .prepare<[], string>(`SELECT DISTINCT resource FROM grants INDEXED BY grants_live_resource WHERE ${isLiveState}`)
    .pluck();
  const livePeople = sqlite
    .prepare<[string, number], string>(
      `SELECT DISTINCT person FROM grants INDEXED BY grants_one_live WHERE ${isLiveState} AND person > ? ORDER BY person LIMIT ?`,
    )
    .pluck();
  const livePlaces = sqlite.prepare<[], { place: string | null; resourceId: string }>(
    `SELECT DISTINCT json_extract(body, '$.place') AS place, resource AS resourceId FROM grants WHERE ${isLiveState} AND json_valid(body)`,
  );
  const liveWithoutPlace = sqlite.prepare<[string, number], GrantBody>(
    `SELECT body, version FROM grants WHERE ${isLiveState} AND json_valid(body) AND json_extract(body, '$.place') IS NULL AND id > ? ORDER BY id LIMIT ?`,
  );
  const pendingRequestOf = sqlite.prepare<Whose & { role: string }, StoredRow>(
    `SELECT version, body FROM requests WHERE ${requestedBy} AND role = @role AND state = 'pending' LIMIT 1`,
  );
  // Two searches, each by its own index: as one condition SQLite would scan everything that is live.
  const liveGrantOf = sqlite.prepare<Whose & { role: string }, StoredRow>(
    `SELECT version, body FROM grants WHERE ${amongAccounts('person')} AND role = @role AND ${isLiveState}
     UNION ALL SELECT version, body FROM grants WHERE ${AMONG_MAILBOXES} AND role = @role AND ${isLiveState} LIMIT 1`,
  );
  // What limits count, and all of it: whoever is denied by the policy again and again pushes nothing out of sight.
  const pastRequestsOf = sqlite.prepare<Whose & { since: number }, StoredRow>(
    `SELECT version, body FROM requests WHERE ${requestedBy} AND state IN ('approved', 'scheduled', 'denied')
     AND (state = 'denied') = (json_array_length(body, '$.reviews') > 0)
     AND coalesce(json_extract(body, '$.approvedAt'), json_extract(body, '$.deniedAt'), json_extract(body, '$.startsAt')) >= @since
     ORDER BY rowid DESC`,
  );
  const unreviewedOf = sqlite.prepare<Whose, StoredRow>(
    `SELECT version, body FROM requests WHERE ${requestedBy} AND review_due IS NOT NULL`,
  );
  const accountsWith = sqlite
    .prepare<[string], string>(
      'SELECT DISTINCT requester FROM requests WHERE mailbox IN (SELECT value FROM json_each(?))',
    )
    .pluck();
  const peopleAt = sqlite.prepare<[string], { slackId: string; mailbox: string }>(
    'SELECT DISTINCT person AS slackId, mailbox FROM grants INDEXED BY grants_people WHERE resource = ?',
  );
  const liveForIncident = sqlite
    .prepare<[string], string>(
      `SELECT id FROM grants WHERE ${isLiveState} AND json_valid(body) AND json_extract(body, '$.ties.incident.id') = ?`,
    )
    .pluck();

  const read = <T>(query: () => T): Promise<T> =>
    new Promise((resolve, reject) => {
      try {
        resolve(query());
      } catch (error) {
        reject(storageFault(error, path));
      }
    });

  return {
    commit: committer(ledger, options),
    request: (id) => read(() => toRequest(requestById.get({ id }))),
    requestBySubmission: (key) => read(() => toRequest(requestBySubmission.get({ key }))),
    pendingRequestOf: (human, role) => read(() => toRequest(pendingRequestOf.get({ ...whose(human), role }))),
    grant: (id) => read(() => toGrant(grantById.get({ id }))),
    liveGrantOf: (human, role) => read(() => liveOnly(toGrant(liveGrantOf.get({ ...whose(human), role })))),
    liveGrants: ({ slackId, resourceId }) =>
      read(() =>
        db
          .select()
          .from(grants)
          .where(
            and(
              live,
              slackId ? eq(grants.person, slackId) : undefined,
              resourceId ? eq(grants.resource, resourceId) : undefined,
            ),
          )
          .all()
          .flatMap((row) => liveOnly(toGrant(row)) ?? []),
      ),
    livePlaces: () => read(() => livePlaces.all()),
    liveWithoutPlace: (after, limit) =>
      read(() => liveWithoutPlace.all(after, limit).flatMap((row) => liveOnly(toGrant(row)) ?? [])),
    liveResources: () => read(() => liveResources.all()),
    livePeople: (after, limit) => read(() => livePeople.all(after, limit)),
    peopleAt: (resourceId) => read(() => peopleAt.all(resourceId)),
    liveForIncident: (incidentId) => read(() => liveForIncident.all(incidentId)),
    openRequests: ({ slackId }) =>
      read(() =>
        db
          .select()
          .from(requests)
          .where(
            and(
              inArray(requests.state, ['pending', 'scheduled']),
              slackId ? eq(requests.requester, slackId) : undefined,
            ),
          )
          .all()
          .flatMap((row) => toRequest(row) ?? []),
      ),
    bundle: (id) => read(() => requestsOfBundle.all({ bundle: id }).flatMap((row) => toRequest(row)?.value ?? [])),
    recentRequests: (slackId, limit) =>
      read(() => newestRequests.all({ requester: slackId, limit }).flatMap((row) => toRequest(row)?.value ?? [])),
    history: ({ human, since, resources, exceptRequest }) =>
      read(() => {
        const past = pastRequestsOf
          .all({ ...whose(human), since })
          .flatMap((row) => toRequest(row)?.value ?? [])
          .filter(({ id }) => id !== exceptRequest);
        const holders = db
          .select({ role: grants.role, slackId: grants.person, email: grants.mailbox })
          .from(grants)
          .where(and(live, inArray(grants.resource, [...resources])))
          .all()
          .map(({ role, ...person }) => ({ role, person }));
        return {
          automatic: past.flatMap((request) => approvedAlone(request)),
          denials: past.flatMap((request) => deniedByPeople(request)),
          holders,
        };
      }),
    recentGrants: (slackId, limit) =>
      read(() => newestGrants.all({ person: slackId, limit }).flatMap((row) => toGrant(row)?.value ?? [])),
    accountsOf: (human) =>
      read(() => [...new Set([...human.accounts, ...accountsWith.all(JSON.stringify(human.mailboxes))])]),
    unreviewedUses: (human) =>
      read(() => {
        const rows = human
          ? unreviewedOf.all(whose(human))
          : db.select().from(requests).where(isNotNull(requests.reviewDue)).all();
        return rows.flatMap((row) => {
          const request = toRequest(row)?.value;
          return request?.state === 'approved' ? [request] : [];
        });
      }),
    record: (kind, key) =>
      read(() => {
        const row = recordByKey.get({ kind, key });
        return row ? { value: toRecord<typeof kind>(row), version: row.version } : { value: null, version: 0 };
      }),
    records: (kind) =>
      read(() =>
        db
          .select()
          .from(records)
          .where(eq(records.kind, kind))
          .all()
          .map(toRecord<typeof kind>)
          .filter((value) => value !== null),
      ),
  };
}

/** At the time that it is for: what was approved ahead counts when it begins, not when it was asked for. */
function approvedAlone(request: Request): History['automatic'] {
  if (request.state === 'approved' && request.reviews.length === 0 && request.useReview === null)
    return [{ role: request.role, at: request.approvedAt }];
  if (request.state === 'scheduled' && request.reviews.length === 0)
    return [{ role: request.role, at: request.startsAt }];
  return [];
}

const deniedByPeople = (request: Request): History['denials'] =>
  request.state === 'denied' && request.reviews.length > 0 ? [{ role: request.role, at: request.deniedAt }] : [];

interface Whose {
  readonly accounts: string;
  readonly mailboxes: string;
}
const whose = ({ accounts, mailboxes }: Human): Whose => ({
  accounts: JSON.stringify(accounts),
  mailboxes: JSON.stringify(mailboxes),
});
const amongAccounts = (column: string): string => `${column} IN (SELECT value FROM json_each(@accounts))`;
const AMONG_MAILBOXES = 'mailbox IN (SELECT value FROM json_each(@mailboxes))';
const requestedBy = `(${amongAccounts('requester')} OR ${AMONG_MAILBOXES})`;

type StoredRow = Pick<typeof requests.$inferSelect, 'version' | 'body'>;

// Rows are written by commit.ts only, from the types they are read back as.
const toRequest = (row: StoredRow | undefined): Versioned<Request> | null =>
  row ? { value: JSON.parse(row.body) as Request, version: row.version } : null;
// What is no JSON any more is nothing; it is put right, and told of, before anything is granted: see mendState.
const toRecord = <K extends keyof Records>(row: typeof records.$inferSelect): Records[K] | null =>
  (jsonIn(row.body) ?? null) as Records[K] | null;
type GrantBody = Pick<typeof grants.$inferSelect, 'body' | 'version'>;
const toGrant = (row: GrantBody | undefined): Versioned<Grant> | null =>
  row ? { value: JSON.parse(row.body) as Grant, version: row.version } : null;
const liveOnly = (loaded: Versioned<Grant> | null): Versioned<LiveGrant> | null =>
  loaded && isLive(loaded.value) ? { value: loaded.value, version: loaded.version } : null;
