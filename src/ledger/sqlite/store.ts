import type { Store } from '../../ports/store.ts';
import type { CommitOptions } from '../book/commitOptions.ts';
import { createCommit } from './commit.ts';
import { and, eq, sql } from './drizzle.ts';
import { readingAt } from './errors.ts';
import { grantReads, liveReads } from './grantReads.ts';
import { historyReads } from './historyReads.ts';
import type { OpenLedger } from './open.ts';
import { requestReads } from './requestReads.ts';
import { toRecord } from './rows.ts';
import { records } from './schema.ts';

/** States, events and due work in one SQLite file, committed together. */
export const createStore = (ledger: OpenLedger, options: CommitOptions): Store => ({
  commit: createCommit(ledger, options),
  ...requestReads(ledger),
  ...grantReads(ledger),
  ...liveReads(ledger),
  ...historyReads(ledger),
  ...recordReads(ledger),
});

function recordReads({ db, path }: OpenLedger): Pick<Store, 'record' | 'records'> {
  const read = readingAt(path);
  const byKey = db
    .select()
    .from(records)
    .where(and(eq(records.kind, sql.placeholder('kind')), eq(records.key, sql.placeholder('key'))))
    .prepare();
  return {
    record: (kind, key) =>
      read(() => {
        const row = byKey.get({ kind, key });
        return row ? { value: toRecord<typeof kind>(row), version: row.version } : { value: null, version: 0 };
      }),
    records: (kind) =>
      read(() => {
        const rows = db.select().from(records).where(eq(records.kind, kind)).all();
        return rows.map(toRecord<typeof kind>).filter((value) => value !== null);
      }),
  };
}
