import { type EventRow, GENESIS_HASH, hashEvent } from './chain.ts';
import type { OpenLedger } from './open.ts';

export type Verification =
  | { readonly whole: true; readonly events: number; readonly head: string }
  | { readonly whole: false; readonly seq: number; readonly problem: string };

/** Walks the chain from the first event to the last and stops at the first one that does not fit. */
export function verifyLedger({ sqlite }: OpenLedger): Verification {
  const rows = sqlite
    .prepare<[], EventRow>(
      'SELECT seq, at, type, actor, request_id AS requestId, grant_id AS grantId, payload, prev_hash AS prevHash, hash FROM events ORDER BY seq',
    )
    .iterate();
  let expected = 1;
  let before = GENESIS_HASH;
  for (const row of rows) {
    const problem = problemWith(row, expected, before);
    if (problem) return { whole: false, seq: expected, problem };
    before = row.hash;
    expected += 1;
  }
  return { whole: true, events: expected - 1, head: before };
}

function problemWith(row: EventRow, expected: number, before: string): string | null {
  if (row.seq !== expected) return `event ${expected} is missing: after ${expected - 1} comes ${row.seq}`;
  if (row.prevHash !== before)
    return `event ${row.seq} does not continue event ${row.seq - 1}: one of the two was replaced or rewritten`;
  if (hashEvent(row) !== row.hash) return `event ${row.seq} was changed after it was recorded`;
  return null;
}
