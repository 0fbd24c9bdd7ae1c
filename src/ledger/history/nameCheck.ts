import type { Steps } from '../../concurrency/steps.ts';
import { type EventRow, jsonInText } from '../book/chain.ts';
import type { KeptName } from '../book/personalNames.ts';
import { eachPerson, REFERENCE, referenceOf } from '../book/personalNames.ts';
import type { OpenLedger } from '../sqlite/open.ts';

/**
 * Checks people's names against the events, which hold a commitment to each. A name must match its commitment. If it is
 * missing, an event must say that it was erased.
 */
export interface NameCheck {
  /** @param beside the names that an archive has beside the event; undefined if the table has them */
  see(event: Seen, beside?: Names): void;
  /** Whether every name so far is the recorded one, and no event so far says that names were erased. */
  isPlain(): boolean;
  /** Call it after the last event. @returns null if every name is the recorded one, or was erased */
  flaw(): Steps<Flaw | null>;
}

/** Names by their references. */
export type Names = Readonly<Record<string, KeptName>>;

type Seen = Pick<EventRow, 'seq' | 'type'> & {
  /** The text that its hash is computed over. */
  readonly text: string;
};

/** How a reference begins in canonical JSON. In typed text, a backslash precedes each quote. */
const BEFORE = '":"';
const REF_LENGTH = 'name:'.length + 32;
/** The end of a reference's `name:`. A search stops at each occurrence of its first letter, and JSON has fewer `m` than quotes. */
const SOUGHT = 'me:';
const SOUGHT_AT = 'na'.length;

/** Names per read: other work can run between two reads. */
const BATCH = 500;

type NameRow = { readonly person: string; readonly salt: string | null; readonly value: string | null };

export function nameCheck(sqlite: OpenLedger['sqlite']): NameCheck {
  const find = sqlite.prepare<[string], NameRow>('SELECT person, salt, value FROM names WHERE ref = ?');
  /** References with a correct name. */
  const right = new Set<string>();
  /** References without a name: the person, and the last event with it. */
  const open = new Map<string, { person: string; seq: number }>();
  const erasedAt = new Map<string, number>();
  let first: Flaw | null = null;

  function see(row: Seen, beside?: Names): void {
    if (row.type === 'names.erased') {
      const { slackId } = JSON.parse(jsonInText(row.text).payload) as { slackId: string };
      erasedAt.set(slackId, row.seq);
    }
    seeIn(row, beside);
    if (beside === undefined) return;
    for (const [ref, kept] of Object.entries(beside)) if (!isRight(ref, kept)) first ??= changed(row.seq, kept.person);
  }

  /** Runs for every event, so it only searches the text, and parses it only if something may be wrong. */
  function seeIn(row: Seen, beside: Names | undefined): void {
    const { text } = row;
    for (let at = text.indexOf(SOUGHT); at >= 0; at = text.indexOf(SOUGHT, at + SOUGHT.length)) {
      const from = at - SOUGHT_AT;
      const ref = text.slice(from, from + REF_LENGTH);
      if (right.has(ref) || !text.startsWith(BEFORE, from - BEFORE.length)) continue;
      const before = open.get(ref);
      if (before) before.seq = row.seq;
      else if (REFERENCE.test(ref)) judge(row, ref, beside);
    }
  }

  function judge(row: Seen, ref: string, beside: Names | undefined): void {
    const kept = beside === undefined ? find.get(ref) : beside[ref];
    if (kept && isRight(ref, kept)) {
      right.add(ref);
      return;
    }
    const person = whoseIs(row, ref);
    // It only looks like a reference: data from PagerDuty or a target contains anything.
    if (person === null) return;
    if (kept && (kept.salt !== null || kept.value !== null || kept.person !== person)) {
      first ??= changed(row.seq, person);
    } else if (!kept && beside === undefined) {
      first ??= deleted(row.seq, person);
    } else open.set(ref, { person, seq: row.seq });
  }

  return {
    see,
    isPlain: () => first === null && open.size === 0 && erasedAt.size === 0,
    flaw: function* () {
      const lost = [...open.values()].find(({ person, seq }) => (erasedAt.get(person) ?? 0) <= seq);
      return first ?? (lost ? unexplained(lost.seq, lost.person) : yield* strayName(sqlite));
    },
  };
}

const isRight = (ref: string, { person, salt, value }: NameRow): boolean =>
  salt !== null && value !== null && referenceOf(salt, person, value) === ref;

const deleted = (seq: number, person: string): Flaw => ({
  seq,
  problem: `the name that event ${seq} holds of ${person} was deleted from the database: erasing it would have left a mark in its place`,
  kind: 'missing',
});

const unexplained = (seq: number, person: string): Flaw => ({
  seq,
  problem: `the name that event ${seq} holds of ${person} is gone, and no event after it says that it was erased`,
  kind: 'missing',
});

const changed = (seq: number, person: string): Flaw => ({
  seq,
  problem: `the name that event ${seq} holds of ${person} was changed after it was recorded`,
  kind: 'edited',
});

/** The Slack id of the person whose reference this is. @returns null if it is nobody's */
function whoseIs({ text }: Seen, ref: string): string | null {
  const { actor, payload } = jsonInText(text);
  let person: string | null = null;
  const note = (id: string, name: string): string => {
    if (name === ref && REFERENCE.test(name)) person ??= id;
    return name;
  };
  eachPerson(JSON.parse(actor), note);
  eachPerson(JSON.parse(payload), note);
  return person;
}

/** Checks names without an event in the database, left by archiving: they have to be correct too. */
function* strayName(sqlite: OpenLedger['sqlite']): Steps<Flaw | null> {
  const kept = (where: string) =>
    `SELECT ref, person, salt, value FROM names WHERE ${where}(salt IS NOT NULL OR value IS NOT NULL) ORDER BY ref LIMIT ${BATCH}`;
  const first = sqlite.prepare<[], NameRow & { ref: string }>(kept(''));
  const next = sqlite.prepare<[string], NameRow & { ref: string }>(kept('ref > ? AND '));
  for (let rows = first.all(); rows.length > 0; rows = next.all(rows.at(-1)?.ref ?? '')) {
    const stray = rows.find(({ ref, ...name }) => !isRight(ref, name));
    if (stray)
      return {
        seq: 0,
        problem: `a name of ${stray.person} that no event holds was put in, or changed`,
        kind: 'edited',
      };
    yield;
  }
  return null;
}

/** The kind of tampering that explains a flaw. */
export type Tampering = 'edited' | 'missing' | 'replaced' | 'cut' | 'rewritten';

export type Flaw = { readonly seq: number; readonly problem: string; readonly kind: Tampering };
