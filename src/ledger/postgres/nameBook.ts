import { randomBytes } from 'node:crypto';
import { eachPerson, type KeptName, referenceOf } from '../book/personalNames.ts';
import { and, inArray, isNotNull } from './drizzle.ts';
import type { PostgresLedger } from './open.ts';
import { names } from './schema.ts';

const SALT_BYTES = 16;

/** A name that has to be stored with the change that first refers to it. */
export type NewName = KeptName & { readonly ref: string };

/** Replaces names with references, and says which of those are new. */
export interface NameBook {
  /** Looks up what is not known yet, so that {@link put} needs no answer from outside. */
  learn(values: readonly object[]): Promise<void>;
  /** @param created what the same change has made so far; more is added to it */
  put<T extends object>(value: T, created: NewName[]): { stored: T; people: readonly string[] };
  /** What a commit stored is known from then on. */
  keep(created: readonly NewName[]): void;
}

export function nameBook({ db }: Pick<PostgresLedger, 'db'>): NameBook {
  const known = new Map<string, string>();
  // As the database can hold it, so that the reference stands for what is read back.
  const eachName = (value: unknown, replace: (person: string, text: string) => string): unknown =>
    eachPerson(value, (person, text) => replace(person, text.toWellFormed().replaceAll('\0', '\ufffd')));
  const keyOf = (person: string, value: string) => `${person}\n${value}`;

  return {
    learn: async (values) => {
      const missing = new Map<string, { person: string; value: string }>();
      for (const value of values)
        eachName(value, (person, text) => {
          if (!known.has(keyOf(person, text))) missing.set(keyOf(person, text), { person, value: text });
          return text;
        });
      if (missing.size === 0) return;
      const people = [...new Set([...missing.values()].map(({ person }) => person))];
      const found = await db
        .select({ ref: names.ref, person: names.person, value: names.value })
        .from(names)
        .where(and(inArray(names.person, people), isNotNull(names.salt)));
      for (const { ref, person, value } of found) if (value !== null) known.set(keyOf(person, value), ref);
    },
    put: (value, created) => {
      const people = new Set<string>();
      const stored = eachName(value, (person, text) => {
        people.add(person);
        const before =
          known.get(keyOf(person, text)) ?? created.find((one) => one.person === person && one.value === text)?.ref;
        if (before !== undefined) return before;
        const salt = randomBytes(SALT_BYTES).toString('hex');
        const ref = referenceOf(salt, person, text);
        created.push({ ref, person, salt, value: text });
        return ref;
      });
      return { stored: stored as typeof value, people: [...people] };
    },
    keep: (created) => {
      for (const { ref, person, value } of created) known.set(keyOf(person, value), ref);
    },
  };
}
