import type { Records } from '../../domain/records.ts';
import type { Store } from '../../ports/store.ts';
import type { CommitOptions } from '../book/commitOptions.ts';
import { jsonIn } from '../book/jsonIn.ts';
import { createCommit } from './commit.ts';
import { and, asc, eq } from './drizzle.ts';
import { grantReads, liveReads } from './grantReads.ts';
import { type PostgresLedger, readingFrom } from './open.ts';
import { humanReads, requestReads } from './requestReads.ts';
import { records } from './schema.ts';

/** States, events and due work in one PostgreSQL database, committed together. */
export const createStore = (ledger: PostgresLedger, options: CommitOptions): Store => ({
  commit: createCommit(ledger, options),
  ...requestReads(ledger),
  ...humanReads(ledger),
  ...grantReads(ledger, options.clock),
  ...liveReads(ledger),
  ...recordReads(ledger),
});

function recordReads(ledger: PostgresLedger): Pick<Store, 'record' | 'records'> {
  const { db } = ledger;
  const read = readingFrom(ledger);
  // Written by commit.ts from these very types; a body that is no JSON any more counts as missing.
  const stateIn = <K extends keyof Records>({ body }: { readonly body: string }) =>
    (jsonIn(body) ?? null) as Records[K] | null;
  return {
    record: (kind, key) =>
      read(async () => {
        const [row] = await db
          .select()
          .from(records)
          .where(and(eq(records.kind, kind), eq(records.key, key)));
        return row ? { value: stateIn<typeof kind>(row), version: row.version } : { value: null, version: 0 };
      }),
    records: (kind) =>
      read(async () => {
        const rows = await db.select().from(records).where(eq(records.kind, kind)).orderBy(asc(records.key));
        return rows.map(stateIn<typeof kind>).filter((value) => value !== null);
      }),
  };
}
