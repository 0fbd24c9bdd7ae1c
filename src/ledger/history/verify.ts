import { z } from 'zod';
import { atOnce, inSteps, type Steps } from '../../concurrency/steps.ts';
import { isLeftBehind, type Restored } from '../../domain/restore.ts';
import type { Instant } from '../../domain/terms.ts';
import { type EventRow, HASHED_TEXT, hashedText, hashText } from '../book/chain.ts';
import { IS_MARK } from '../sqlite/eventReader.ts';
import { parsedAs } from '../sqlite/jsonIn.ts';
import type { OpenLedger } from '../sqlite/open.ts';
import { BEGINNING, startOf } from '../sqlite/origin.ts';
import { archivedRows } from './archive.ts';
import { type Flaw, type Names, nameCheck, type Tampering } from './nameCheck.ts';

/** A position and its hash, kept outside the database. */
export interface Anchor {
  readonly seq: number;
  readonly hash: string;
  /** Where it was kept, in words. */
  readonly where: string;
  /** When it was kept. Absent if unknown, so that it cannot belong to events that a restore dropped. */
  readonly at?: Instant;
}

export type Verification =
  | {
      readonly whole: true;
      readonly first: number;
      readonly events: number;
      readonly head: string;
      readonly anchors: number;
      /** Restores of a copy: the events after the copy are not in the ledger. */
      readonly restores: readonly Restored[];
    }
  | { readonly whole: false; readonly seq: number; readonly problem: string; readonly kind: Tampering };

/** What is checked of an event. */
type Linked = Pick<EventRow, 'seq' | 'type' | 'prevHash' | 'hash'> & {
  /** What its hash is over. */
  readonly text: string;
  readonly names?: Names | undefined;
};

/** Rows per read: other work can run between two reads. */
const BATCH = 500;

export interface Against {
  readonly anchors?: readonly Anchor[];
  /** Archives of pruned events, oldest first. Without them, the check begins where the database does. */
  readonly archives?: readonly string[];
}

/**
 * Walks the chain to its end, checks every anchor on the way, and stops at the first mismatch. A
 * chain alone cannot show that its tail was cut or that all of it was rewritten; an anchor can.
 */
export const verifyLedger = (ledger: Pick<OpenLedger, 'sqlite'>, against: Against = {}): Verification =>
  atOnce(walker(ledger, against));

/** The same in steps, so that other work can run in between. */
export const verifyInSteps = (
  ledger: Pick<OpenLedger, 'sqlite'>,
  anchors: readonly Anchor[] = [],
): Promise<Verification> => inSteps(walker(ledger, { anchors }));

function* walker(
  { sqlite }: Pick<OpenLedger, 'sqlite'>,
  { anchors: given = [], archives = [] }: Against,
): Steps<Verification> {
  const restores = restoresOf(sqlite);
  const anchors = given.filter((anchor) => !isLeftBehind(anchor, restores));
  const bySeq = Map.groupBy(anchors, ({ seq }) => seq);
  const start = archives.length > 0 ? BEGINNING : startOf(sqlite);
  let { seq: last, hash: before } = start;
  const names = nameCheck(sqlite);
  // The last archived event is not in the database, but its hash is.
  const boundary = start.seq > 0 ? anchorFlaw(start, bySeq.get(start.seq)) : null;
  if (boundary) return { whole: false, ...boundary };
  const check = (rows: readonly Linked[]): Flaw | null => {
    for (const row of rows) {
      const flaw = flawOf(row, last + 1, before) ?? anchorFlaw(row, bySeq.get(row.seq));
      if (flaw) return flaw;
      last = row.seq;
      before = row.hash;
      names.see(row, row.names);
    }
    return null;
  };
  for (const path of archives) {
    for (const rows of archivedRows(path, BATCH)) {
      const flaw = check(rows.map((row) => ({ ...row, text: hashedText(row) })));
      if (flaw) return { whole: false, ...flaw, problem: `${path}: ${flaw.problem}` };
    }
  }
  const next = sqlite.prepare<[number, number], Linked>(
    `SELECT seq, type, prev_hash AS prevHash, hash, ${HASHED_TEXT} AS text FROM events WHERE seq > ? ORDER BY seq LIMIT ?`,
  );
  for (let rows = next.all(last, BATCH); rows.length > 0; rows = next.all(last, BATCH)) {
    const flaw = check(rows);
    if (flaw) return { whole: false, ...flaw };
    yield;
  }
  const lost = anchors.filter(({ seq }) => seq > last).sort((a, b) => b.seq - a.seq)[0];
  if (lost) {
    const problem = `the ledger ends at event ${last}, and ${lost.where} knows event ${lost.seq}: the tail was cut off, or an older copy was put in its place`;
    return { whole: false, seq: last + 1, problem, kind: 'cut' };
  }
  const name = names.flaw();
  if (name) return { whole: false, ...name };
  const compared = anchors.filter(({ seq }) => seq >= Math.max(start.seq, 1)).length;
  return { whole: true, first: start.seq + 1, events: last - start.seq, head: before, anchors: compared, restores };
}

const restoredSchema = z.object({
  from: z.object({ seq: z.number(), hash: z.string() }),
  known: z.null().or(z.object({ seq: z.number(), hash: z.string(), where: z.string() })),
});

function restoresOf(sqlite: OpenLedger['sqlite']): Restored[] {
  return sqlite
    .prepare<[], { at: Instant; payload: string }>(
      // Without the list, SQLite does not use the index of rare types, and reads all.
      `SELECT at, payload FROM events WHERE ${IS_MARK} AND type = 'ledger.restored' ORDER BY seq`,
    )
    .all()
    .flatMap(({ at, payload }) => {
      const read = parsedAs(restoredSchema, payload);
      return read === null ? [] : [{ at, payload: read }];
    });
}

function flawOf(row: Linked, expected: number, before: string): Flaw | null {
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
  if (hashText(row.text) !== row.hash)
    return { seq: expected, problem: `event ${row.seq} was changed after it was recorded`, kind: 'edited' };
  return null;
}

function anchorFlaw(row: Pick<EventRow, 'seq' | 'hash'>, anchors: readonly Anchor[] | undefined): Flaw | null {
  const broken = anchors?.find(({ hash }) => hash !== row.hash);
  return broken
    ? {
        seq: row.seq,
        problem: `event ${row.seq} is not the one that ${broken.where} knows: the ledger was written anew up to there, chain and all`,
        kind: 'rewritten',
      }
    : null;
}
