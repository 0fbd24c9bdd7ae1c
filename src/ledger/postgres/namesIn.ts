import { CHANGED, ERASED, eachPerson, REFERENCE, referenceOf } from '../book/personalNames.ts';
import { inArray } from './drizzle.ts';
import type { PostgresLedger } from './open.ts';
import { names } from './schema.ts';

/**
 * Looks up the names that values refer to, in one question. Nothing is remembered: another instance may have erased one meanwhile.
 * @returns replaces references with names; anything else stays, because older events hold the names themselves
 */
export async function namesIn(
  { db }: Pick<PostgresLedger, 'db'>,
  texts: readonly string[],
): Promise<<T>(stored: T) => T> {
  const refs = new Set(texts.flatMap((text) => text.match(/name:[0-9a-f]{32}/g) ?? []));
  const found =
    refs.size === 0
      ? []
      : await db
          .select()
          .from(names)
          .where(inArray(names.ref, [...refs]));
  const shown = new Map(
    found.map(({ ref, person, salt, value }) => {
      if (salt === null || value === null) return [ref, ERASED] as const;
      // A name is shown only if it matches the event's commitment.
      return [ref, referenceOf(salt, person, value) === ref ? value : CHANGED] as const;
    }),
  );
  return <T>(stored: T) =>
    eachPerson(stored, (_id, text) => (REFERENCE.test(text) ? (shown.get(text) ?? ERASED) : text)) as T;
}
