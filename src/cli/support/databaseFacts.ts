import { statSync } from 'node:fs';
import { verifyLedger } from '../../ledger/history/verify.ts';
import type { OpenLedger } from '../../ledger/sqlite/open.ts';

/** Sizes and counts of a database, and whether its ledger is whole. Contains no names and no typed text. */
export function databaseFacts({ path, sqlite }: Pick<OpenLedger, 'path' | 'sqlite'>) {
  const tables = sqlite
    .prepare<[], { name: string }>(
      "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY name",
    )
    .all();
  const count = (name: string) =>
    sqlite.prepare<[], { rows: number }>(`SELECT count(*) AS rows FROM "${name.replaceAll('"', '""')}"`).get()?.rows ??
    0;
  const events = sqlite
    .prepare<[], { type: string; count: number }>(
      'SELECT type, count(*) AS count FROM events GROUP BY type ORDER BY type',
    )
    .all();
  const span = sqlite
    .prepare<[], { first: number | null; last: number | null; from: number | null; to: number | null }>(
      'SELECT min(seq) AS first, max(seq) AS last, min(at) AS "from", max(at) AS "to" FROM events',
    )
    .get();
  const jobs = sqlite
    .prepare<[], { kind: string; count: number; attempts: number; dueAt: number }>(
      'SELECT kind, count(*) AS count, max(attempts) AS attempts, min(due_at) AS dueAt FROM jobs GROUP BY kind ORDER BY kind',
    )
    .all();
  const { whole } = verifyLedger({ sqlite });
  return {
    bytes: sizeOf(path),
    walBytes: sizeOf(`${path}-wal`),
    reserveBytes: sizeOf(`${path}-reserve`),
    whole,
    rows: Object.fromEntries(tables.map(({ name }) => [name, count(name)])),
    events: { ...span, byType: Object.fromEntries(events.map(({ type, count }) => [type, count])) },
    jobs,
  };
}

const sizeOf = (path: string): number | null => statSync(path, { throwIfNoEntry: false })?.size ?? null;
