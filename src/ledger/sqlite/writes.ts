import { ConflictError } from '../../ports/store.ts';
import { KEEPS_OUT } from '../../ports/targets.ts';
import type { Writes } from '../book/apply.ts';
import { grantRow, requestRow } from '../book/stateRows.ts';
import { and, eq, max, sql } from './drizzle.ts';
import { COUNTABLE } from './jobQueue.ts';
import type { OpenLedger } from './open.ts';
import { grants, jobs, records, requests } from './schema.ts';

const p = sql.placeholder;

/** The statements of a commit, prepared once. */
export function writesTo(ledger: OpenLedger): Writes {
  return {
    request: createRequestWriter(ledger),
    grant: createGrantWriter(ledger),
    record: createRecordWriter(ledger),
    unseat: createUnseater(ledger),
    event: createEventWriter(ledger),
    ...createJobWriter(ledger),
  };
}

/** @throws ConflictError unless exactly one row was written */
function assertWritten({ changes }: { readonly changes: number }, what: string): void {
  if (changes !== 1) throw new ConflictError(`${what} has changed since it was loaded`);
}

function createRequestWriter({ db }: OpenLedger): Writes['request'] {
  const insert = db
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
  const update = db
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
  return (change) =>
    assertWritten((change.version === 0 ? insert : update).run(requestRow(change)), `request ${change.value.id}`);
}

function createGrantWriter({ db }: OpenLedger): Writes['grant'] {
  const insert = db
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
  const update = db
    .update(grants)
    .set({ version: sql`${grants.version} + 1`, state: sql`${p('state')}`, body: sql`${p('body')}` })
    .where(and(eq(grants.id, p('id')), eq(grants.version, p('version'))))
    .prepare();
  return (change) =>
    assertWritten((change.version === 0 ? insert : update).run(grantRow(change)), `grant ${change.value.id}`);
}

function createRecordWriter({ db }: OpenLedger): Writes['record'] {
  const insert = db
    .insert(records)
    .values({ kind: p('kind'), key: p('key'), version: 1, body: p('body') })
    .prepare();
  const update = db
    .update(records)
    .set({ version: sql`${records.version} + 1`, body: sql`${p('body')}` })
    .where(and(eq(records.kind, p('kind')), eq(records.key, p('key')), eq(records.version, p('version'))))
    .prepare();
  return ({ kind, key, value, version }) => {
    const row = { kind, key, version, body: JSON.stringify(value) };
    assertWritten((version === 0 ? insert : update).run(row), `${kind} ${key}`);
  };
}

function createUnseater({ sqlite }: OpenLedger): Writes['unseat'] {
  const unseat = sqlite.prepare('DELETE FROM seats WHERE grant_id = ? AND place NOT LIKE ?');
  return (grantId) => void unseat.run(grantId, `${KEEPS_OUT}%`);
}

/** Every commit appends events, so that they bypass drizzle for speed. */
function createEventWriter({ sqlite }: OpenLedger): Writes['event'] {
  const insert = sqlite.prepare(
    'INSERT INTO events (seq, at, type, actor, request_id, grant_id, payload, prev_hash, hash) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)',
  );
  // After a cut tail such a row may remain; it must not keep an end from being recorded.
  const mention = sqlite.prepare<[string, number]>('INSERT OR IGNORE INTO event_people (person, seq) VALUES (?, ?)');
  return ({ seq, at, type, actor, requestId, grantId, payload, prevHash, hash }, people) => {
    insert.run(seq, at, type, actor, requestId, grantId, payload, prevHash, hash);
    for (const person of people) mention.run(person, seq);
  };
}

/**
 * Every put has a new generation, even if its row is new: work that was claimed earlier and ends
 * late settles nothing that was put since. Claims do not outlive the process, so counting on from the maximum is enough.
 */
function createJobWriter({ db }: OpenLedger): Pick<Writes, 'putJob' | 'deleteJob'> {
  const [newest] = db
    .select({ generation: max(jobs.generation) })
    .from(jobs)
    .all();
  let generation = Math.min(newest?.generation ?? 0, COUNTABLE);
  const remove = db
    .delete(jobs)
    .where(and(eq(jobs.kind, p('kind')), eq(jobs.key, p('key'))))
    .prepare();
  const put = db
    .insert(jobs)
    .values({
      kind: p('kind'),
      key: p('key'),
      dueAt: p('dueAt'),
      attempts: 0,
      leaseUntil: 0,
      generation: p('generation'),
    })
    .onConflictDoUpdate({
      target: [jobs.kind, jobs.key],
      set: { dueAt: sql`excluded.due_at`, generation: sql`excluded.generation` },
    })
    .prepare();
  return {
    putJob: (job) => {
      generation += 1;
      put.run({ ...job, generation });
    },
    deleteJob: (job) => void remove.run({ ...job }),
  };
}
