import { randomBytes } from 'node:crypto';
import { CHANGED, ERASED, eachPerson, REFERENCE, referenceOf } from '../book/personalNames.ts';
import { and, eq, isNotNull, sql } from './drizzle.ts';
import type { OpenLedger } from './open.ts';
import { names } from './schema.ts';

/**
 * Names and e-mail addresses are stored beside the chain, not in it: an event holds a reference to each, which is a
 * commitment to it (a salted hash), so that it cannot be changed unseen, and can be erased without breaking the chain.
 */
export interface NameBook {
  /** Replaces every name and address in a value with its reference, and collects its people. */
  put<T extends object>(value: T): { stored: T; people: ReadonlySet<string> };
  /** Call it if the commit with the latest names was rolled back. */
  rolledBack(): void;
}

const SALT_BYTES = 16;
export function nameBook({ db }: OpenLedger): NameBook {
  const known = new Map<string, string>();
  const p = sql.placeholder;
  const find = db
    .select({ ref: names.ref })
    .from(names)
    .where(and(eq(names.person, p('person')), eq(names.value, p('value')), isNotNull(names.salt)))
    .prepare();
  const insert = db
    .insert(names)
    .values({ ref: p('ref'), person: p('person'), salt: p('salt'), value: p('value') })
    .prepare();

  function referTo(person: string, value: string): string {
    const key = `${person}\n${value}`;
    const ref = known.get(key) ?? find.get({ person, value })?.ref ?? keep(person, value);
    known.set(key, ref);
    return ref;
  }

  function keep(person: string, value: string): string {
    const salt = randomBytes(SALT_BYTES).toString('hex');
    const ref = referenceOf(salt, person, value);
    insert.run({ ref, person, salt, value });
    return ref;
  }

  return {
    put: (value) => {
      const people = new Set<string>();
      const stored = eachPerson(value, (id, text) => {
        people.add(id);
        return referTo(id, text);
      });
      return { stored: stored as typeof value, people };
    },
    rolledBack: () => known.clear(),
  };
}

/** Replaces references with names. Anything else stays, because older events hold the names themselves. */
export function createNameReader({ db }: Pick<OpenLedger, 'db'>): <T>(stored: T) => T {
  const known = new Map<string, string>();
  const prepare = () =>
    db
      .select({ person: names.person, salt: names.salt, value: names.value })
      .from(names)
      .where(eq(names.ref, sql.placeholder('ref')))
      .prepare();
  /** Prepared at the first reference: a database from an earlier version may lack the table. */
  let find: ReturnType<typeof prepare> | undefined;
  const nameOf = (ref: string): string => {
    if (!REFERENCE.test(ref)) return ref;
    const before = known.get(ref);
    if (before !== undefined) return before;
    find ??= prepare();
    const kept = find.get({ ref });
    if (!kept || kept.salt === null || kept.value === null) return ERASED;
    // A name is shown only if it matches the event's commitment.
    const shown = referenceOf(kept.salt, kept.person, kept.value) === ref ? kept.value : CHANGED;
    known.set(ref, shown);
    return shown;
  };
  return <T>(stored: T) => eachPerson(stored, (_id, text) => nameOf(text)) as T;
}
