import { z } from 'zod';
import { atOnce, inSteps, type Steps } from '../../concurrency/steps.ts';
import { isLeftBehind, type Restored } from '../../domain/restore.ts';
import type { Instant } from '../../domain/terms.ts';
import { type EventRow, HASHED_TEXT, hashedText, hashText } from '../book/chain.ts';
import { parsedAs } from '../book/jsonIn.ts';
import { IS_MARK } from '../sqlite/eventReader.ts';
import type { OpenLedger } from '../sqlite/open.ts';
import { BEGINNING, type Position, startOf } from '../sqlite/origin.ts';
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

/** The fields of an event that are checked. */
type Linked = Pick<EventRow, 'seq' | 'type' | 'prevHash' | 'hash'> & {
  /** The text that its hash is computed over. */
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

/** A range of events: its first and last position, with the stored hashes. */
export interface Stretch {
  readonly from: Position;
  readonly to: Position;
}

/** From this many events on, a second thread saves time. */
const WORTH_A_THREAD = 50_000;

/**
 * Like `verifyInSteps`, on two cores: another thread checks the later half with the quick `isPlain`. If that half is not
 * plain, it is walked here like the first, so that one function describes every flaw.
 * @param isPlainThere runs `isPlain` in another thread
 * @param worthIt number of events from which on a second thread is used
 */
export async function verifyOnTwoCores(
  ledger: Pick<OpenLedger, 'sqlite'>,
  against: Against,
  isPlainThere: (stretch: Stretch) => Promise<boolean>,
  worthIt = WORTH_A_THREAD,
): Promise<Verification> {
  const stretch = against.archives?.length ? null : laterHalf(ledger, worthIt);
  if (!stretch) return verifyLedger(ledger, against);
  const answer = isPlainThere(stretch);
  // Its failure is reported below, unless the first half already ends the check.
  answer.catch(() => undefined);
  const later = { stretch, isReached: false, isPlain: false };
  const steps = walker(ledger, against, later);
  for (let step = steps.next(); ; step = steps.next()) {
    if (step.done) return step.value;
    if (later.isReached) later.isPlain = await answer;
  }
}

function laterHalf({ sqlite }: Pick<OpenLedger, 'sqlite'>, worthIt: number): Stretch | null {
  const at = sqlite.prepare<[number], Position>('SELECT seq, hash FROM events WHERE seq >= ? ORDER BY seq LIMIT 1');
  const last = sqlite.prepare<[], Position>('SELECT seq, hash FROM events ORDER BY seq DESC LIMIT 1').get();
  const start = startOf(sqlite);
  if (!last || last.seq - start.seq < worthIt) return null;
  const from = at.get(start.seq + Math.floor((last.seq - start.seq) / 2));
  return from ? { from, to: last } : null;
}

/** Whether each event of a range continues the one before, and none of its names is missing, changed or erased. */
export function isPlain({ sqlite }: Pick<OpenLedger, 'sqlite'>, { from, to }: Stretch): boolean {
  const names = nameCheck(sqlite);
  const next = rowsAfter(sqlite);
  let { seq, hash } = from;
  while (seq < to.seq) {
    const rows = next.all(seq, Math.min(BATCH, to.seq - seq));
    if (rows.length === 0) return false;
    for (const row of rows) {
      if (flawOf(row, seq + 1, hash)) return false;
      ({ seq, hash } = row);
      names.see(row);
    }
  }
  return hash === to.hash && names.isPlain();
}

const rowsAfter = (sqlite: OpenLedger['sqlite']) =>
  sqlite.prepare<[number, number], Linked>(
    `SELECT seq, type, prev_hash AS prevHash, hash, ${HASHED_TEXT} AS text FROM events WHERE seq > ? ORDER BY seq LIMIT ?`,
  );

/** The later half of the events, which another thread checks meanwhile. */
interface Later {
  readonly stretch: Stretch;
  /** Whether the walk has reached its beginning, where it pauses once. */
  isReached: boolean;
  /** Whether the other thread found it plain: then the walk skips it. */
  isPlain: boolean;
}

function* walker(
  { sqlite }: Pick<OpenLedger, 'sqlite'>,
  { anchors: given = [], archives = [] }: Against,
  later: Later | null = null,
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
  const next = rowsAfter(sqlite);
  const read = () =>
    next.all(last, later && last < later.stretch.from.seq ? Math.min(BATCH, later.stretch.from.seq - last) : BATCH);
  for (let rows = read(); rows.length > 0; rows = read()) {
    const flaw = check(rows);
    if (flaw) return { whole: false, ...flaw };
    if (later && last === later.stretch.from.seq && before === later.stretch.from.hash) {
      later.isReached = true;
      yield;
      if (later.isPlain) {
        const broken = anchorFlawWithin(sqlite, later.stretch, anchors);
        if (broken) return { whole: false, ...broken };
        ({ seq: last, hash: before } = later.stretch.to);
      }
      later.isReached = false;
    }
    yield;
  }
  const lost = anchors.filter(({ seq }) => seq > last).sort((a, b) => b.seq - a.seq)[0];
  if (lost) {
    const problem = `the ledger ends at event ${last}, and ${lost.where} knows event ${lost.seq}: the tail was cut off, or an older copy was put in its place`;
    return { whole: false, seq: last + 1, problem, kind: 'cut' };
  }
  const name = yield* names.flaw();
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

/** Like `anchorFlaw`, for a range in which each event continues the one before. */
function anchorFlawWithin(
  sqlite: OpenLedger['sqlite'],
  { from, to }: Stretch,
  anchors: readonly Anchor[],
): Flaw | null {
  const at = sqlite.prepare<[number], Position>('SELECT seq, hash FROM events WHERE seq = ?');
  const within = anchors.filter(({ seq }) => seq > from.seq && seq <= to.seq).sort((a, b) => a.seq - b.seq);
  for (const anchor of within) {
    const row = at.get(anchor.seq);
    const flaw = row ? anchorFlaw(row, [anchor]) : null;
    if (flaw) return flaw;
  }
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
