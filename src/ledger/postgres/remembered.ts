import { HOUR, type Instant, type Millis, SECOND } from '../../domain/terms.ts';
import type { Claim, JobKind } from '../../ports/jobs.ts';
import { type Change, StorageError } from '../../ports/store.ts';
import type { SeatRecord } from '../../ports/targets.ts';
import type { StoredRow } from '../book/stateRows.ts';

/** What is to end within this time is kept in memory. */
const AHEAD: Millis = HOUR;
/** More than end in an hour anywhere. */
const MOST = 20_000;
const READ_AGAIN: Millis = 10 * SECOND;
/** After a failure, reads that memory can answer leave the database alone for this long: each would wait for its deadline. */
const REST: Millis = 3 * SECOND;

const ENDS = `
  SELECT jobs.key, jobs.due_at AS "dueAt", jobs.attempts + 1 AS attempt, jobs.generation, grants.version, grants.body
  FROM jobs JOIN grants ON grants.id = jobs.key
  WHERE jobs.kind = 'end' AND jobs.due_at <= $1 ORDER BY jobs.due_at LIMIT ${MOST}`;

/** As much of `pg` as is needed. */
interface Reader {
  query<R extends object>(sql: string, values?: readonly unknown[]): Promise<{ readonly rows: readonly R[] }>;
}

type End = Omit<Claim, 'kind'> & StoredRow;
type KeptId = { readonly grant_id: string; readonly thing: string; readonly id: string };

type NotedChange = Pick<Change, 'jobs' | 'done' | 'grants'>;

/** What takes access back while the database cannot be reached: the ends of the next while, as they were last read. */
export interface Remembered {
  /** Reads it now and then until it is stopped. */
  begin(reader: Reader): Promise<void>;
  stop(): void;
  /** A change of this process was committed: what it says of ends is newer than what was read. */
  note(change: NotedChange): void;
  /** @returns null if nothing was ever read */
  due(kinds: readonly JobKind[], now: Instant, limit: number): readonly Claim[] | null;
  nextDueAt(kinds: readonly JobKind[], after: Instant): Instant | null;
  /** Only of a grant whose end is due: nothing else may act on what may be out of date. */
  grant(id: string, now: Instant): StoredRow | undefined;
  ids(grantId: string): ReadonlyMap<string, string> | undefined;
  seats(): readonly SeatRecord[] | null;
  /**
   * Reads the database, or answers from memory if it cannot be reached.
   * @param fromMemory returns undefined if memory has no answer
   * @throws StorageError
   */
  orMemory<T>(read: () => Promise<T>, fromMemory: () => T | undefined): Promise<T>;
}

/** Its generation is not known: its outcome is recorded when it was read, by running it once more. */
const NEW = { dueAt: 0, attempt: 1, generation: 0 };

export function createRemembered(): Remembered {
  let ends: readonly End[] | null = null;
  let ids = new Map<string, Map<string, string>>();
  let seats: readonly SeatRecord[] | null = null;
  let timer: NodeJS.Timeout | undefined;
  let awayUntil = Number.NEGATIVE_INFINITY;

  async function read(reader: Reader): Promise<void> {
    ({ ends, ids, seats } = await readFrom(reader));
  }

  const known = (kinds: readonly JobKind[]): readonly End[] => (kinds.includes('end') ? (ends ?? []) : []);

  return {
    begin: async (reader) => {
      await read(reader);
      // What was read last stays when the database cannot be read; whoever needs it says so.
      const again = () => read(reader).then(plan, plan);
      const plan = () => {
        timer = setTimeout(() => void again(), READ_AGAIN).unref();
      };
      plan();
    },
    stop: () => clearTimeout(timer),
    note: (change) => {
      if (ends !== null) ends = endsAfter(ends, change);
    },
    due: (kinds, now, limit) =>
      ends === null
        ? null
        : known(kinds)
            .filter(({ dueAt }) => dueAt <= now)
            .slice(0, limit)
            .map(({ key, dueAt, attempt, generation }) => ({ kind: 'end', key, dueAt, attempt, generation })),
    nextDueAt: (kinds, after) => known(kinds).find(({ dueAt }) => dueAt > after)?.dueAt ?? null,
    grant: (id, now) => ends?.find(({ key, dueAt }) => key === id && dueAt <= now),
    ids: (grantId) => ids.get(grantId),
    seats: () => seats,
    orMemory: async (ask, fromMemory) => {
      if (performance.now() < awayUntil) {
        const answer = fromMemory();
        if (answer !== undefined) return answer;
      }
      try {
        return await ask();
      } catch (error) {
        if (!(error instanceof StorageError)) throw error;
        const answer = fromMemory();
        if (answer === undefined) throw error;
        awayUntil = performance.now() + REST;
        return answer;
      }
    },
  };
}

async function readFrom(reader: Reader) {
  const found = await reader.query<End>(ENDS, [Date.now() + AHEAD]);
  const keys = found.rows.map(({ key }) => key);
  const kept = await reader.query<KeptId>('SELECT grant_id, thing, id FROM target_ids WHERE grant_id = ANY($1)', [
    keys,
  ]);
  const taken = await reader.query<SeatRecord>(
    'SELECT grant_id AS "grantId", place, account, level, role, before FROM seats ORDER BY grant_id LIMIT $1',
    [MOST],
  );
  const ids = new Map(keys.map((key) => [key, new Map<string, string>()]));
  for (const { grant_id, thing, id } of kept.rows) ids.get(grant_id)?.set(thing, id);
  return { ends: found.rows, ids, seats: taken.rows };
}

/** The ends as they are after a change that this process committed. */
function endsAfter(ends: readonly End[], { jobs = [], done = [], grants = [] }: NotedChange): readonly End[] {
  const over = new Set(done.flatMap(({ kind, key }) => (kind === 'end' ? [key] : [])));
  const put = new Map(jobs.flatMap(({ kind, key, dueAt }) => (kind === 'end' ? [[key, dueAt] as const] : [])));
  const after = new Map(ends.map((end) => [end.key, end]));
  for (const { value, version } of grants) {
    const { id: key } = value;
    if (put.has(key) || after.has(key))
      after.set(key, { ...NEW, ...after.get(key), key, version: version + 1, body: JSON.stringify(value) });
  }
  for (const key of over) if (!put.has(key)) after.delete(key);
  return [...after.values()]
    .map((end) => ({ ...end, dueAt: put.get(end.key) ?? end.dueAt }))
    .sort((a, b) => a.dueAt - b.dueAt);
}
