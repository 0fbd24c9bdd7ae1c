import canonicalize from 'canonicalize';
import type { LedgerEvent, NewEvent } from '../domain/events.ts';
import type { History } from '../domain/evidence.ts';
import { type Grant, isLive, LIVE_STATES, type LiveGrant } from '../domain/grant.ts';
import type { Records } from '../domain/records.ts';
import type { Request } from '../domain/request.ts';
import type { Instant } from '../domain/terms.ts';
import {
  type Change,
  type Clock,
  ConflictError,
  type Job,
  type RecordChange,
  type Store,
  type Versioned,
} from '../ports.ts';
import { type EventRow, GENESIS_HASH, hashEvent } from './chain.ts';
import { and, asc, desc, eq, inArray, isNotNull, sql } from './drizzle.ts';
import { storageFault } from './errors.ts';
import type { OpenLedger } from './open.ts';
import { events, grants, jobs, records, requests } from './schema.ts';

export interface StoreOptions {
  readonly clock: Pick<Clock, 'now'>;
  /** Work that follows from an event, such as the Slack messages about it; committed with it. */
  readonly followUps: (event: LedgerEvent) => readonly Job[];
  /** Told after each commit that made work due. */
  readonly onDue: (jobs: readonly Job[]) => void;
}

/** States, events and due work in one SQLite file, committed together. */
export function createStore({ db, sqlite, path }: OpenLedger, options: StoreOptions): Store {
  let tail = db
    .select({ seq: events.seq, hash: events.hash })
    .from(events)
    .orderBy(desc(events.seq))
    .limit(1)
    .get() ?? { seq: 0, hash: GENESIS_HASH };

  const apply = sqlite.transaction(
    (change: Change, at: Instant): { recorded: LedgerEvent[]; due: Job[]; tail: typeof tail } => {
      for (const one of change.requests ?? []) writeRequest(one);
      for (const one of change.grants ?? []) writeGrant(one);
      for (const one of change.records ?? []) writeRecord(one);
      let last = tail;
      const recorded = (change.events ?? []).map((event) => {
        const row = chainEvent(event, at, last);
        insertEvent.run(row);
        last = { seq: row.seq, hash: row.hash };
        return { ...event, seq: row.seq, at, prevHash: row.prevHash, hash: row.hash } as LedgerEvent;
      });
      for (const job of change.done ?? []) deleteJob.run({ ...job });
      const due = [...(change.jobs ?? []), ...recorded.flatMap(options.followUps)];
      for (const job of due) putJob.run({ ...job });
      return { recorded, due, tail: last };
    },
  );

  function writeRequest({ value, version }: Versioned<Request>): void {
    const row = {
      id: value.id,
      version,
      state: value.state,
      submissionKey: value.submissionKey,
      requester: value.requester.slackId,
      role: value.role,
      bundle: value.bundle,
      reviewDue: unreviewedUntil(value),
      body: JSON.stringify(value),
    };
    const { changes } = (version === 0 ? insertRequest : updateRequest).run(row);
    if (changes !== 1) throw new ConflictError(`request ${value.id} has changed since it was loaded`);
  }

  function writeGrant({ value, version }: Versioned<Grant>): void {
    const row = {
      id: value.id,
      version,
      state: value.state,
      requestId: value.requestId,
      person: value.person.slackId,
      role: value.role,
      resource: value.resourceId,
      body: JSON.stringify(value),
    };
    const { changes } = (version === 0 ? insertGrant : updateGrant).run(row);
    if (changes !== 1) throw new ConflictError(`grant ${value.id} has changed since it was loaded`);
  }

  function writeRecord({ kind, key, value, version }: RecordChange): void {
    const row = { kind, key, version, body: JSON.stringify(value) };
    const { changes } = (version === 0 ? insertRecord : updateRecord).run(row);
    if (changes !== 1) throw new ConflictError(`${kind} ${key} has changed since it was loaded`);
  }

  const p = sql.placeholder;
  const insertRecord = db
    .insert(records)
    .values({ kind: p('kind'), key: p('key'), version: 1, body: p('body') })
    .prepare();
  const updateRecord = db
    .update(records)
    .set({ version: sql`${records.version} + 1`, body: sql`${p('body')}` })
    .where(and(eq(records.kind, p('kind')), eq(records.key, p('key')), eq(records.version, p('version'))))
    .prepare();
  const insertRequest = db
    .insert(requests)
    .values({
      id: p('id'),
      version: 1,
      state: p('state'),
      submissionKey: p('submissionKey'),
      requester: p('requester'),
      role: p('role'),
      bundle: p('bundle'),
      reviewDue: p('reviewDue'),
      body: p('body'),
    })
    .prepare();
  const updateRequest = db
    .update(requests)
    .set({
      version: sql`${requests.version} + 1`,
      state: sql`${p('state')}`,
      role: sql`${p('role')}`,
      reviewDue: sql`${p('reviewDue')}`,
      body: sql`${p('body')}`,
    })
    .where(and(eq(requests.id, p('id')), eq(requests.version, p('version'))))
    .prepare();
  const insertGrant = db
    .insert(grants)
    .values({
      id: p('id'),
      version: 1,
      state: p('state'),
      requestId: p('requestId'),
      person: p('person'),
      role: p('role'),
      resource: p('resource'),
      body: p('body'),
    })
    .prepare();
  const updateGrant = db
    .update(grants)
    .set({ version: sql`${grants.version} + 1`, state: sql`${p('state')}`, body: sql`${p('body')}` })
    .where(and(eq(grants.id, p('id')), eq(grants.version, p('version'))))
    .prepare();
  const insertEvent = db
    .insert(events)
    .values({
      seq: p('seq'),
      at: p('at'),
      type: p('type'),
      actor: p('actor'),
      requestId: p('requestId'),
      grantId: p('grantId'),
      payload: p('payload'),
      prevHash: p('prevHash'),
      hash: p('hash'),
    })
    .prepare();
  const deleteJob = db
    .delete(jobs)
    .where(and(eq(jobs.kind, p('kind')), eq(jobs.key, p('key'))))
    .prepare();
  const putJob = db
    .insert(jobs)
    .values({ kind: p('kind'), key: p('key'), dueAt: p('dueAt'), attempts: 0, leaseUntil: 0, generation: 0 })
    .onConflictDoUpdate({
      target: [jobs.kind, jobs.key],
      set: { dueAt: sql`excluded.due_at`, generation: sql`${jobs.generation} + 1` },
    })
    .prepare();

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
  const pendingRequest = db
    .select()
    .from(requests)
    .where(and(eq(requests.requester, p('requester')), eq(requests.role, p('role')), eq(requests.state, 'pending')))
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

  const read = <T>(query: () => T): Promise<T> =>
    new Promise((resolve, reject) => {
      try {
        resolve(query());
      } catch (error) {
        reject(storageFault(error, path));
      }
    });

  return {
    commit: (change) =>
      read(() => {
        const { recorded, due, tail: newTail } = apply.immediate(change, options.clock.now());
        tail = newTail;
        if (due.length > 0) options.onDue(due);
        return recorded;
      }),
    request: (id) => read(() => toRequest(requestById.get({ id }))),
    requestBySubmission: (key) => read(() => toRequest(requestBySubmission.get({ key }))),
    pendingRequest: (requester, role) => read(() => toRequest(pendingRequest.get({ requester, role }))),
    grant: (id) => read(() => toGrant(grantById.get({ id }))),
    liveGrant: (person, role) =>
      read(() =>
        liveOnly(
          toGrant(
            db
              .select()
              .from(grants)
              .where(and(eq(grants.person, person), eq(grants.role, role), live))
              .get(),
          ),
        ),
      ),
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
    bundle: (id) =>
      read(() =>
        db
          .select()
          .from(requests)
          .where(eq(requests.bundle, id))
          .orderBy(asc(sql`rowid`))
          .all()
          .flatMap((row) => toRequest(row)?.value ?? []),
      ),
    recentRequests: (slackId, limit) =>
      read(() =>
        db
          .select()
          .from(requests)
          .where(eq(requests.requester, slackId))
          .orderBy(desc(sql`rowid`))
          .limit(limit)
          .all()
          .flatMap((row) => toRequest(row)?.value ?? []),
      ),
    history: ({ slackId, since, resources, exceptRequest }) =>
      read(() => {
        const past = db
          .select()
          .from(requests)
          .where(and(eq(requests.requester, slackId), inArray(requests.state, ['approved', 'scheduled', 'denied'])))
          .orderBy(desc(sql`rowid`))
          .limit(MOST_PAST_REQUESTS)
          .all()
          .flatMap((row) => toRequest(row)?.value ?? [])
          .filter(({ id }) => id !== exceptRequest);
        const holders = db
          .select({ role: grants.role, personId: grants.person })
          .from(grants)
          .where(and(live, inArray(grants.resource, [...resources])))
          .all();
        return {
          automatic: past.flatMap((request) => approvedAlone(request)).filter(({ at }) => at >= since),
          denials: past.flatMap((request) => deniedByPeople(request)).filter(({ at }) => at >= since),
          holders,
        };
      }),
    recentGrants: (slackId, limit) =>
      read(() =>
        db
          .select()
          .from(grants)
          .where(eq(grants.person, slackId))
          .orderBy(desc(sql`rowid`))
          .limit(limit)
          .all()
          .flatMap((row) => toGrant(row)?.value ?? []),
      ),
    unreviewedUses: (slackId) =>
      read(() =>
        db
          .select()
          .from(requests)
          .where(and(isNotNull(requests.reviewDue), slackId ? eq(requests.requester, slackId) : undefined))
          .all()
          .flatMap((row) => {
            const request = toRequest(row)?.value;
            return request?.state === 'approved' ? [request] : [];
          }),
      ),
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
          .flatMap((row) => toRecord<typeof kind>(row) ?? []),
      ),
  };
}

function chainEvent(event: NewEvent, at: Instant, before: { seq: number; hash: string }): EventRow {
  const row = {
    seq: before.seq + 1,
    at,
    type: event.type,
    actor: canonical(event.actor),
    requestId: event.requestId,
    grantId: event.grantId,
    payload: canonical(event.payload),
    prevHash: before.hash,
  };
  return { ...row, hash: hashEvent(row) };
}

function canonical(value: object): string {
  const text = canonicalize(value);
  if (text === undefined) throw new TypeError('an event must be JSON');
  return text;
}

/** More requests than anybody makes within the longest period that a limit looks back. */
const MOST_PAST_REQUESTS = 500;

const approvedAlone = (request: Request): History['automatic'] =>
  (request.state === 'approved' && request.reviews.length === 0 && request.useReview === null) ||
  (request.state === 'scheduled' && request.reviews.length === 0)
    ? [{ role: request.role, at: request.submittedAt }]
    : [];

const deniedByPeople = (request: Request): History['denials'] =>
  request.state === 'denied' && request.reviews.length > 0 ? [{ role: request.role, at: request.deniedAt }] : [];

const unreviewedUntil = (request: Request): Instant | null =>
  request.state === 'approved' && request.useReview?.verdict === null ? request.useReview.dueAt : null;

// Rows are written by this file only, from the types they are read back as.
const toRequest = (row: typeof requests.$inferSelect | undefined): Versioned<Request> | null =>
  row ? { value: JSON.parse(row.body) as Request, version: row.version } : null;
const toRecord = <K extends keyof Records>(row: typeof records.$inferSelect): Records[K] =>
  JSON.parse(row.body) as Records[K];
const toGrant = (row: typeof grants.$inferSelect | undefined): Versioned<Grant> | null =>
  row ? { value: JSON.parse(row.body) as Grant, version: row.version } : null;
const liveOnly = (loaded: Versioned<Grant> | null): Versioned<LiveGrant> | null =>
  loaded && isLive(loaded.value) ? { value: loaded.value, version: loaded.version } : null;
