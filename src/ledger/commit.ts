import canonicalize from 'canonicalize';
import type { LedgerEvent, NewEvent } from '../domain/events.ts';
import type { Grant } from '../domain/grant.ts';
import type { Request } from '../domain/request.ts';
import type { Instant } from '../domain/terms.ts';
import { type Change, ConflictError, type Job, type RecordChange, type Versioned } from '../ports.ts';
import { type EventRow, GENESIS_HASH, hashEvent } from './chain.ts';
import { and, desc, eq, sql } from './drizzle.ts';
import { nameBook } from './names.ts';
import type { OpenLedger } from './open.ts';
import { events, grants, jobs, records, requests } from './schema.ts';

export interface Committed {
  readonly events: readonly LedgerEvent[];
  /** Work that became due. */
  readonly due: readonly Job[];
}

/** How a change gets into the database: states, events and due work, all of it in one transaction, or nothing. */
export function committer(
  ledger: OpenLedger,
  followUps: (event: LedgerEvent) => readonly Job[],
): (change: Change, at: Instant) => Promise<Committed> {
  const { db, sqlite } = ledger;
  const names = nameBook(ledger);
  let tail = db
    .select({ seq: events.seq, hash: events.hash })
    .from(events)
    .orderBy(desc(events.seq))
    .limit(1)
    .get() ?? { seq: 0, hash: GENESIS_HASH };

  const apply = sqlite.transaction(
    (change: Change, at: Instant, before: typeof tail): { recorded: LedgerEvent[]; due: Job[]; tail: typeof tail } => {
      for (const one of change.requests ?? []) writeRequest(one);
      for (const one of change.grants ?? []) writeGrant(one);
      for (const one of change.records ?? []) writeRecord(one);
      let last = before;
      const recorded = (change.events ?? []).map((event) => {
        const actor = names.put(event.actor);
        const payload = names.put(event.payload);
        const row = chainEvent({ ...event, actor: actor.stored, payload: payload.stored }, at, last);
        insertEvent.run(row);
        for (const person of new Set([...actor.people, ...payload.people])) mention.run(person, row.seq);
        last = { seq: row.seq, hash: row.hash };
        return { ...event, seq: row.seq, at, prevHash: row.prevHash, hash: row.hash } as LedgerEvent;
      });
      for (const job of change.done ?? []) deleteJob.run({ ...job });
      const due = [...(change.jobs ?? []), ...recorded.flatMap(followUps)];
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
  // Every step appends events: these two go to the driver without a detour.
  const insertEvent = sqlite.prepare<EventRow>(
    'INSERT INTO events (seq, at, type, actor, request_id, grant_id, payload, prev_hash, hash) VALUES (@seq, @at, @type, @actor, @requestId, @grantId, @payload, @prevHash, @hash)',
  );
  const mention = sqlite.prepare<[string, number]>('INSERT INTO event_people (person, seq) VALUES (?, ?)');
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

  interface Waiting {
    readonly change: Change;
    readonly at: Instant;
    readonly resolve: (committed: Committed) => void;
    readonly reject: (error: unknown) => void;
  }
  let waiting: Waiting[] = [];

  /** What came together is made durable together; each change still happens by itself, or not at all. */
  const applyAll = sqlite.transaction((all: readonly Waiting[]) => {
    let last = tail;
    const outcomes = all.map(({ change, at }) => {
      try {
        const { recorded, due, tail: next } = apply(change, at, last);
        last = next;
        return { events: recorded, due };
      } catch (error) {
        names.rolledBack();
        // A full disk ends the whole transaction, and with it what went before.
        if (!sqlite.inTransaction) throw error;
        return { error };
      }
    });
    return { outcomes, last };
  });

  function flush(): void {
    const all = waiting;
    waiting = [];
    try {
      const { outcomes, last } = applyAll.immediate(all);
      tail = last;
      for (const [index, outcome] of outcomes.entries()) {
        if ('error' in outcome) all[index]?.reject(outcome.error);
        else all[index]?.resolve(outcome);
      }
    } catch (error) {
      names.rolledBack();
      for (const { reject } of all) reject(error);
    }
  }

  return (change, at) =>
    new Promise((resolve, reject) => {
      if (waiting.length === 0) setImmediate(flush);
      waiting.push({ change, at, resolve, reject });
    });
}

function chainEvent(
  event: Pick<NewEvent, 'type' | 'requestId' | 'grantId'> & { actor: object; payload: object },
  at: Instant,
  before: { seq: number; hash: string },
): EventRow {
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

const unreviewedUntil = (request: Request): Instant | null =>
  request.state === 'approved' && request.useReview?.verdict === null ? request.useReview.dueAt : null;
