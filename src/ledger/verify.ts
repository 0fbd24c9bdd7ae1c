import { type EventRow, GENESIS_HASH, hashEvent } from './chain.ts';
import type { OpenLedger } from './open.ts';

/** A position and its hash that was kept outside the database. */
export interface Anchor {
  readonly seq: number;
  readonly hash: string;
  /** Where it was kept, for people. */
  readonly where: string;
}

/** What kind of tampering fits what was found. */
export type Tampering = 'edited' | 'missing' | 'replaced' | 'cut' | 'rewritten';

export type Verification =
  | { readonly whole: true; readonly events: number; readonly head: string; readonly anchors: number }
  | { readonly whole: false; readonly seq: number; readonly problem: string; readonly kind: Tampering };

/** Rows read at a time: between two reads somebody else may have a turn. */
const BATCH = 5_000;

/**
 * Walks the chain to its end, checks every anchor on the way, and stops at the first thing that does not fit. A
 * chain alone cannot show that its tail was cut or that all of it was written anew; an anchor can.
 */
export function verifyLedger(ledger: OpenLedger, anchors: readonly Anchor[] = []): Verification {
  const walk = walker(ledger, anchors);
  for (;;) {
    const result = walk();
    if (result) return result;
  }
}

/** The same, a little at a time, so that nobody waits for it. */
export async function verifyGently(ledger: OpenLedger, anchors: readonly Anchor[] = []): Promise<Verification> {
  const walk = walker(ledger, anchors);
  for (;;) {
    const result = walk();
    if (result) return result;
    await new Promise((resolve) => setImmediate(resolve));
  }
}

/** @returns a step: null while there is more to walk */
function walker({ sqlite }: OpenLedger, anchors: readonly Anchor[]): () => Verification | null {
  const next = sqlite.prepare<[number, number], EventRow>(
    'SELECT seq, at, type, actor, request_id AS requestId, grant_id AS grantId, payload, prev_hash AS prevHash, hash FROM events WHERE seq > ? ORDER BY seq LIMIT ?',
  );
  const bySeq = new Map<number, Anchor[]>();
  for (const anchor of anchors) bySeq.set(anchor.seq, [...(bySeq.get(anchor.seq) ?? []), anchor]);
  let last = 0;
  let before = GENESIS_HASH;

  return () => {
    const rows = next.all(last, BATCH);
    for (const row of rows) {
      const flaw = flawOf(row, last + 1, before) ?? anchorFlaw(row, bySeq.get(row.seq) ?? []);
      if (flaw) return { whole: false, ...flaw };
      last = row.seq;
      before = row.hash;
    }
    if (rows.length === BATCH) return null;
    const lost = anchors.filter(({ seq }) => seq > last).sort((a, b) => b.seq - a.seq)[0];
    if (!lost) return { whole: true, events: last, head: before, anchors: anchors.length };
    const problem = `the ledger ends at event ${last}, and ${lost.where} knows event ${lost.seq}: the tail was cut off, or an older copy was put in its place`;
    return { whole: false, seq: last + 1, problem, kind: 'cut' };
  };
}

type Flaw = { readonly seq: number; readonly problem: string; readonly kind: Tampering };

function flawOf(row: EventRow, expected: number, before: string): Flaw | null {
  if (row.seq !== expected)
    return {
      seq: expected,
      problem: `event ${expected} is missing: after ${expected - 1} comes ${row.seq}`,
      kind: 'missing',
    };
  if (row.prevHash !== before)
    return {
      seq: expected,
      problem: `event ${row.seq} does not continue event ${row.seq - 1}: one of the two was replaced, swapped or put in`,
      kind: 'replaced',
    };
  if (hashEvent(row) !== row.hash)
    return { seq: expected, problem: `event ${row.seq} was changed after it was recorded`, kind: 'edited' };
  return null;
}

function anchorFlaw(row: EventRow, anchors: readonly Anchor[]): Flaw | null {
  const broken = anchors.find(({ hash }) => hash !== row.hash);
  return broken
    ? {
        seq: row.seq,
        problem: `event ${row.seq} is not the one that ${broken.where} knows: the ledger was written anew up to there, chain and all`,
        kind: 'rewritten',
      }
    : null;
}
