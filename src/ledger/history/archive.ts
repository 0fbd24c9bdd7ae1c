/**
 * Moves old events to a file, one line of JSON each, as `jitbot ledger export` writes them. They are deleted from the
 * database only after they were read back from the file. The event `ledger.archived` says where the chain continues.
 */

import { createHash } from 'node:crypto';
import { closeSync, fsyncSync, openSync, readFileSync, readSync, renameSync, writeSync } from 'node:fs';
import type { Database } from 'better-sqlite3';
import { z } from 'zod';
import type { Instant } from '../../domain/terms.ts';
import { errorText } from '../../domain/text.ts';
import { CURSORS, POSTS } from '../../ports/keys.ts';
import { StorageError } from '../../ports/store.ts';
import { canonical } from '../book/canonical.ts';
import { EVENT_COLUMNS, type EventRow, hashEvent } from '../book/chain.ts';
import type { KeptName } from '../book/personalNames.ts';
import type { OpenLedger } from '../sqlite/open.ts';
import { firstRow, type Position } from '../sqlite/origin.ts';
import { IS_LIVE } from '../sqlite/rows.ts';
import { createRowWriter } from './export.ts';

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

/** An event in an archive, with people's names beside it, which the database has in a table. */
export type ArchivedRow = EventRow & { readonly names?: Readonly<Record<string, KeptName>> };

/** Reads the events of an archive, `batch` at a time. @throws StorageError if it cannot be read, or a line is no event */
export function* archivedRows(path: string, batch: number): Generator<ArchivedRow[]> {
  let rows: ArchivedRow[] = [];
  for (const [number, line] of linesOf(path)) {
    const parsed = lineSchema.safeParse(parseJson(line));
    if (!parsed.success)
      throw new StorageError(`${path}, line ${number}: expected an event as "jitbot ledger archive" writes it`);
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

/** Writes the events up to and including `upTo` to a file, durable on return. @returns its SHA-256 */
export function writeArchive(ledger: OpenLedger, path: string, upTo: number): string {
  const lineOf = createRowWriter(ledger);
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

/** Reads an archive back and checks its chain. @returns the hash of its last event; null if the chain is broken */
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

/**
 * The number of the last event that may be archived: all up to it are older than `before`, and no open request or live
 * grant needs them. Requests of a bundle stay together, because they share a card.
 * @returns null if none may be archived
 */
export function lastToArchive({ sqlite }: OpenLedger, before: Instant): number | null {
  const needed = sqlite
    .prepare<{ before: number; audit: string; forward: string }, number | null>(
      `SELECT min(seq) FROM (
        SELECT min(seq) AS seq FROM events WHERE at >= @before
        UNION ALL SELECT max(seq) FROM events
        UNION ALL SELECT coalesce((SELECT seq FROM cursors WHERE name = @audit), 0) + 1
        UNION ALL SELECT coalesce(cursors.seq, 0) + 1 FROM jobs LEFT JOIN cursors ON cursors.name = @forward || jobs.key
          WHERE jobs.kind = 'forward'
        UNION ALL SELECT min(CAST(key AS INTEGER)) FROM jobs WHERE kind IN ('page', 'resolve_page', 'note', 'notify')
        UNION ALL SELECT min(events.seq) FROM events JOIN jobs ON jobs.key = events.request_id WHERE jobs.kind = 'card'
        UNION ALL SELECT min(events.seq) FROM events JOIN requests ON requests.id = events.request_id
          WHERE requests.bundle IN (
            SELECT bundle FROM requests WHERE state IN ('pending', 'scheduled') OR review_due IS NOT NULL
            UNION SELECT bundle FROM requests JOIN grants ON grants.request_id = requests.id WHERE grants.${IS_LIVE})
        UNION ALL SELECT min(events.seq) FROM events JOIN grants ON grants.request_id = events.request_id
          WHERE grants.${IS_LIVE}
      ) WHERE seq IS NOT NULL`,
    )
    .pluck()
    .get({ before, audit: CURSORS.audit, forward: CURSORS.forwardTo('') });
  const first = firstRow(sqlite)?.seq ?? 1;
  return needed && needed > first ? needed - 1 : null;
}

/** Deletes archived events from the database, and the requests and grants that have no other events. */
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
      dropUnmentioned(sqlite);
    })
    .immediate();
  sqlite.exec('VACUUM');
}

/** Deletes requests and grants without events, with everything stored beside them. */
function dropUnmentioned(sqlite: Database): void {
  const gone = 'NOT IN (SELECT request_id FROM events WHERE request_id IS NOT NULL)';
  const ids = sqlite
    .prepare<[], string>(
      `SELECT id FROM grants WHERE request_id ${gone} UNION ALL SELECT id FROM requests WHERE id ${gone}`,
    )
    .pluck()
    .all();
  const cards = sqlite
    .prepare<[string], string>(
      `SELECT ? || bundle FROM requests WHERE id ${gone} AND bundle NOT IN (SELECT bundle FROM requests WHERE NOT id ${gone})`,
    )
    .pluck()
    .all(POSTS.card(''));
  const posts = new Set([...cards, ...postsAbout(sqlite, new Set(ids))]);
  sqlite.exec(`DELETE FROM grants WHERE request_id ${gone}`);
  sqlite.exec('DELETE FROM target_ids WHERE grant_id NOT IN (SELECT id FROM grants)');
  sqlite.exec(`DELETE FROM requests WHERE id ${gone}`);
  const drop = sqlite.prepare<[string]>('DELETE FROM posts WHERE key = ?');
  for (const key of posts) drop.run(key);
}

/** Keys of the posts that name one of these ids, except cards, which several requests may share. */
const postsAbout = (sqlite: Database, ids: ReadonlySet<string>): string[] =>
  sqlite
    .prepare<[string], string>("SELECT key FROM posts WHERE key NOT LIKE ? || '%'")
    .pluck()
    .all(POSTS.card(''))
    .filter((key) => key.split(':').some((part) => ids.has(part)));
