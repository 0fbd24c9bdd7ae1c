import type { LedgerEvent, NewEvent } from '../domain/events.ts';
import type { Grant } from '../domain/grant.ts';
import { BOT, mailboxOf } from '../domain/person.ts';
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
import { canonical } from './canonical.ts';
import { type EventRow, GENESIS_HASH, hashEvent } from './chain.ts';
import { and, desc, eq, sql } from './drizzle.ts';
import { storageFault } from './errors.ts';
import { nameBook } from './names.ts';
import type { OpenLedger } from './open.ts';
import { pacer } from './pace.ts';
import { events, grants, jobs, records, requests } from './schema.ts';
import { WRITE_PATIENCE } from './writeGate.ts';

export interface CommitOptions {
  readonly clock: Pick<Clock, 'now'>;
  /** Work that follows from an event, such as the Slack messages about it; committed with it. */
  readonly followUps: (event: LedgerEvent) => readonly Job[];
  /** Told after each commit that made work due. */
  readonly onDue: (jobs: readonly Job[]) => void;
}

/** How a change gets into the database: states, events and due work, all of it in one transaction, or nothing. */
export function committer(ledger: OpenLedger, { clock, followUps, onDue }: CommitOptions): Store['commit'] {
  const { db, sqlite, gate } = ledger;
  const names = nameBook(ledger);
  let tail = db
    .select({ seq: events.seq, hash: events.hash })
    .from(events)
    .orderBy(desc(events.seq))
    .limit(1)
    .get() ?? { seq: 0, hash: GENESIS_HASH };

  interface Applied {
    readonly events: readonly LedgerEvent[];
    /** Work that became due. */
    readonly due: readonly Job[];
    readonly tail: typeof tail;
  }
  function apply(change: Change, at: Instant, before: typeof tail): Applied {
    for (const one of change.requests ?? []) writeRequest(one);
    for (const one of change.grants ?? []) writeGrant(one);
    for (const one of change.records ?? []) writeRecord(one);
    let last = before;
    const recorded = (change.events ?? []).map((event) => {
      const { stored, people } = names.put({ actor: event.actor, payload: event.payload });
      const row = chainEvent(event, stored, at, last);
      const { seq, type, actor, requestId, grantId, payload, prevHash, hash } = row;
      insertEvent.run(seq, at, type, actor, requestId, grantId, payload, prevHash, hash);
      for (const person of people) mention.run(person, seq);
      last = { seq, hash };
      return { ...event, seq, at, prevHash, hash } as LedgerEvent;
    });
    for (const job of change.done ?? []) deleteJob.run({ ...job });
    const due = [...(change.jobs ?? []), ...recorded.flatMap(followUps)];
    for (const job of due) putJob.run({ ...job });
    return { events: recorded, due, tail: last };
  }

  function writeRequest({ value, version }: Versioned<Request>): void {
    const row = {
      id: value.id,
      version,
      state: value.state,
      submissionKey: value.submissionKey,
      requester: value.requester.slackId,
      mailbox: mailboxOf(value.requester.email),
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
      mailbox: mailboxOf(value.person.email),
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
      mailbox: p('mailbox'),
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
      mailbox: p('mailbox'),
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
  const insertEvent = sqlite.prepare(
    'INSERT INTO events (seq, at, type, actor, request_id, grant_id, payload, prev_hash, hash) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)',
  );
  // Where events were cut off and what was about them was not, there is one already; it must not keep an end from being recorded.
  const mention = sqlite.prepare<[string, number]>('INSERT OR IGNORE INTO event_people (person, seq) VALUES (?, ?)');
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
    /** By the process's own clock, in milliseconds: until then it waits for a database that another program holds. */
    readonly waitsUntil: number;
    readonly resolve: (events: readonly LedgerEvent[]) => void;
    readonly reject: (error: unknown) => void;
  }
  let waiting: Waiting[] = [];
  let postponed = false;

  const alone = sqlite.transaction(apply);
  /** What came together is made durable together; each change still happens by itself, or not at all. */
  const together = sqlite.transaction((all: readonly Waiting[]) => {
    let last = tail;
    return all.map(({ change, at }): Applied | { error: unknown } => {
      try {
        // Within the other transaction this one is a savepoint.
        const applied = alone(change, at, last);
        last = applied.tail;
        return applied;
      } catch (error) {
        names.rolledBack();
        // A full disk ends the whole transaction, and with it what went before.
        if (!sqlite.inTransaction) throw error;
        return { error };
      }
    });
  });

  function applyAll(all: readonly Waiting[]): readonly (Applied | { error: unknown })[] {
    const [first] = all;
    if (!first || all.length > 1) return together.immediate(all);
    return [alone.immediate(first.change, first.at, tail)];
  }

  /** @returns how many changes were waiting */
  function flush(): number {
    if (postponed) return 0;
    const all = waiting;
    waiting = [];
    if (all.length === 0) return 0;
    let outcomes: ReturnType<typeof applyAll>;
    try {
      outcomes = gate.write(() => applyAll(all));
    } catch (error) {
      names.rolledBack();
      if (gate.isClosed()) return postpone(all, error);
      outcomes = all.map(() => ({ error }));
    }
    for (const [index, outcome] of outcomes.entries()) {
      if ('error' in outcome) all[index]?.reject(storageFault(outcome.error, ledger.path));
      else {
        tail = outcome.tail;
        all[index]?.resolve(outcome.events);
        if (outcome.due.length > 0) onDue(outcome.due);
      }
    }
    return all.length;
  }

  /** Another program holds the database: all of it is tried again together, for as long as each has patience. */
  function postpone(all: readonly Waiting[], error: unknown): number {
    const now = performance.now();
    for (const one of all) if (one.waitsUntil <= now) one.reject(error);
    waiting = [...all.filter(({ waitsUntil }) => waitsUntil > now), ...waiting];
    postponed = true;
    gate.whenOpen(() => {
      postponed = false;
      flush();
    });
    return all.length;
  }

  const begin = pacer(flush);
  return (change) =>
    new Promise((resolve, reject) => {
      if (waiting.length === 0 && !postponed) begin();
      waiting.push({ change, at: clock.now(), waitsUntil: performance.now() + WRITE_PATIENCE, resolve, reject });
    });
}

function chainEvent(
  { type, requestId, grantId }: Pick<NewEvent, 'type' | 'requestId' | 'grantId'>,
  stored: { readonly actor: object; readonly payload: object },
  at: Instant,
  before: { readonly seq: number; readonly hash: string },
): EventRow {
  const row = {
    seq: before.seq + 1,
    at,
    type,
    actor: stored.actor === BOT ? BOT_TEXT : canonical(stored.actor),
    requestId,
    grantId,
    payload: canonical(stored.payload),
    prevHash: before.hash,
  };
  return { ...row, hash: hashEvent(row) };
}

/** Who most events are by. */
const BOT_TEXT = canonical(BOT);

const unreviewedUntil = (request: Request): Instant | null =>
  request.state === 'approved' && request.useReview?.verdict === null ? request.useReview.dueAt : null;
