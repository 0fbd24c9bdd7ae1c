import { createHash } from 'node:crypto';
import { closeSync, fsyncSync, openSync, readFileSync, readSync, renameSync, writeSync } from 'node:fs';
import type { Database } from 'better-sqlite3';
import { z } from 'zod';
import type { EventPayloads } from '../domain/events.ts';
import type { Instant } from '../domain/terms.ts';
import { errorText } from '../domain/text.ts';
import { type Origin, StorageError } from '../ports.ts';
import { canonical } from './canonical.ts';
import { EVENT_COLUMNS, type EventRow, GENESIS_HASH, hashEvent } from './chain.ts';
import { type KeptName, rowWriter } from './export.ts';
import type { OpenLedger } from './open.ts';

/**
 * Old events in a file, a line of JSON each, as `jit ledger export` writes them. Once they are there, and have been
 * read back, they may go from the database. The event `ledger.archived` says from where on the chain goes on.
 */

export interface Position {
  readonly seq: number;
  readonly hash: string;
}

/** What the first event of all continues. */
export const BEGINNING: Position = { seq: 0, hash: GENESIS_HASH };

const firstRow = (sqlite: Database) =>
  sqlite
    .prepare<[], Pick<EventRow, 'seq' | 'at' | 'hash'>>('SELECT seq, at, hash FROM events ORDER BY seq LIMIT 1')
    .get();

/** What the chain says was archived last before an event. It is found by itself only where it is true. */
function archivedBefore(sqlite: Database, seq: number): EventPayloads['ledger.archived'] | null {
  const said = sqlite
    .prepare<[number], string>(
      "SELECT payload FROM events WHERE type = 'ledger.archived' AND json_valid(payload) AND json_extract(payload, '$.to') = ? ORDER BY seq DESC LIMIT 1",
    )
    .pluck()
    .get(seq - 1);
  return said === undefined ? null : (JSON.parse(said) as EventPayloads['ledger.archived']);
}

/** null: nothing was ever recorded. */
export function originOf(sqlite: Database): Origin | null {
  const first = firstRow(sqlite);
  if (!first) return null;
  const archived = first.seq === 1 ? null : archivedBefore(sqlite, first.seq);
  return archived
    ? { ledger: archived.ledger, began: archived.began, first: first.seq }
    : { ledger: first.hash, began: first.at, first: first.seq };
}

/** What the first event in the database has to continue: nothing, or what the chain itself says was archived. */
export function startOf(sqlite: Database): Position {
  const first = firstRow(sqlite);
  const archived = first && first.seq > 1 ? archivedBefore(sqlite, first.seq) : null;
  return archived ? { seq: archived.to, hash: archived.hash } : BEGINNING;
}

const lineSchema = z.object({
  seq: z.number().int().positive(),
  at: z.number(),
  type: z.string(),
  actor: z.looseObject({}),
  requestId: z.string().nullable(),
  grantId: z.string().nullable(),
  payload: z.looseObject({}),
  prevHash: z.string(),
  hash: z.string(),
  names: z.record(z.string(), z.object({ person: z.string(), salt: z.string(), value: z.string() })),
});

/** An event as an archive has it: the names in it stand beside it. The database has them in a table. */
export type ArchivedRow = EventRow & { readonly names?: Readonly<Record<string, KeptName>> };

/** The events of an archive, so many at a time. @throws StorageError where it cannot be read, or a line is no event */
export function* archivedRows(path: string, batch: number): Generator<ArchivedRow[]> {
  let rows: ArchivedRow[] = [];
  for (const [number, line] of linesOf(path)) {
    const parsed = lineSchema.safeParse(parseJson(line));
    if (!parsed.success)
      throw new StorageError(`${path}, line ${number}: expected an event as "jit ledger archive" writes it`);
    const { actor, payload, ...rest } = parsed.data;
    rows.push({ ...rest, actor: canonical(actor), payload: canonical(payload) });
    if (rows.length === batch) {
      yield rows;
      rows = [];
    }
  }
  if (rows.length > 0) yield rows;
}

const CHUNK_BYTES = 1 << 20;

function* linesOf(path: string): Generator<[number: number, line: string]> {
  const file = open(path, 'r');
  try {
    const chunk = Buffer.alloc(CHUNK_BYTES);
    let rest = Buffer.alloc(0);
    let number = 0;
    for (;;) {
      const length = readSync(file, chunk);
      const all = Buffer.concat([rest, chunk.subarray(0, length)]);
      let from = 0;
      for (let end = all.indexOf('\n'); end >= 0; end = all.indexOf('\n', from)) {
        number += 1;
        if (end > from) yield [number, all.toString('utf8', from, end)];
        from = end + 1;
      }
      rest = all.subarray(from);
      if (length === 0) {
        if (rest.length > 0) yield [number + 1, rest.toString('utf8')];
        return;
      }
    }
  } finally {
    closeSync(file);
  }
}

function open(path: string, flags: string): number {
  try {
    return openSync(path, flags, 0o600);
  } catch (error) {
    const why = errorText(error);
    throw new StorageError(`${path}: cannot be opened: ${why}`, { cause: error });
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Writes the events up to and including one to a file; it is on the disk, whole, when this returns. @returns its SHA-256 */
export function writeArchive(ledger: OpenLedger, path: string, upTo: number): string {
  const lineOf = rowWriter(ledger);
  const rows = ledger.sqlite.prepare<[number], EventRow>(
    `SELECT ${EVENT_COLUMNS} FROM events WHERE seq <= ? ORDER BY seq`,
  );
  const partial = `${path}.partial`;
  const file = open(partial, 'w');
  try {
    for (const row of rows.iterate(upTo)) writeSync(file, `${lineOf(row)}\n`);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  renameSync(partial, path);
  return createHash('sha256').update(readFileSync(path)).digest('hex');
}

/** Reads an archive back: the hash of its last event, where every event continues the one before; null: it does not. */
export function endOfArchive(path: string, start: Position): string | null {
  let { seq, hash } = start;
  for (const rows of archivedRows(path, 1_000)) {
    for (const row of rows) {
      if (row.seq !== seq + 1 || row.prevHash !== hash || hashEvent(row) !== row.hash) return null;
      ({ seq, hash } = row);
    }
  }
  return hash;
}

/** The last event that may go: everything before then, as far as nobody still needs it. null: there is none. */
export function lastToArchive({ sqlite }: OpenLedger, before: Instant): number | null {
  const needed = sqlite
    .prepare<{ before: number }, number | null>(
      `SELECT min(seq) FROM (
        SELECT min(seq) AS seq FROM events WHERE at >= @before
        UNION ALL SELECT max(seq) FROM events
        UNION ALL SELECT coalesce((SELECT seq FROM cursors WHERE name = 'audit-channel'), 0) + 1
        UNION ALL SELECT coalesce(cursors.seq, 0) + 1 FROM jobs LEFT JOIN cursors ON cursors.name = 'forward:' || jobs.key
          WHERE jobs.kind = 'forward'
        UNION ALL SELECT min(CAST(key AS INTEGER)) FROM jobs WHERE kind IN ('page', 'resolve_page', 'note', 'notify')
        UNION ALL SELECT min(events.seq) FROM events JOIN requests ON requests.id = events.request_id
          WHERE requests.state IN ('pending', 'scheduled') OR requests.review_due IS NOT NULL
        UNION ALL SELECT min(events.seq) FROM events JOIN grants ON grants.request_id = events.request_id
          WHERE grants.state IN ('provisioning', 'active', 'revoking', 'overdue')
      ) WHERE seq IS NOT NULL`,
    )
    .pluck()
    .get({ before });
  const first = firstRow(sqlite)?.seq ?? 1;
  return needed && needed > first ? needed - 1 : null;
}

/** Takes archived events out of the database, with the requests and grants that only they were about. */
export function prune({ sqlite }: OpenLedger, upTo: number): void {
  const trigger = sqlite
    .prepare<[], string>("SELECT sql FROM sqlite_schema WHERE name = 'events_are_never_deleted'")
    .pluck()
    .get();
  if (!trigger)
    throw new StorageError('the database lacks the rule that events are never deleted: it was tampered with');
  sqlite
    .transaction(() => {
      sqlite.exec('DROP TRIGGER events_are_never_deleted');
      sqlite.prepare('DELETE FROM event_people WHERE seq <= ?').run(upTo);
      sqlite.prepare('DELETE FROM events WHERE seq <= ?').run(upTo);
      sqlite.exec(trigger);
      const gone = 'NOT IN (SELECT request_id FROM events WHERE request_id IS NOT NULL)';
      sqlite.exec(`DELETE FROM grants WHERE request_id ${gone}`);
      sqlite.exec('DELETE FROM target_ids WHERE grant_id NOT IN (SELECT id FROM grants)');
      sqlite.exec(`DELETE FROM posts WHERE key IN (SELECT 'card:' || bundle FROM requests WHERE id ${gone})`);
      sqlite.exec(`DELETE FROM requests WHERE id ${gone}`);
    })
    .immediate();
  sqlite.exec('VACUUM');
}
