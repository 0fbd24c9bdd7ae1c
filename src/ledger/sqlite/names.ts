import { createHash, randomBytes } from 'node:crypto';
import { and, eq, isNotNull, sql } from './drizzle.ts';
import type { OpenLedger } from './open.ts';
import { names } from './schema.ts';

/**
 * Names and e-mail addresses stand beside the chain, not in it: an event holds a reference to each, which is a
 * commitment to it (a salted hash), so that it cannot be changed unseen, and can be erased without breaking the chain.
 */
export interface NameBook {
  /** The value with every name and address in it replaced by its reference, and the people in it. */
  put<T extends object>(value: T): { stored: T; people: ReadonlySet<string> };
  /** The commit in which names were put did not happen. */
  rolledBack(): void;
}

/** What is shown in place of what was erased. */
export const ERASED = '(erased)';
/** What is shown in place of what somebody changed in the database. */
export const CHANGED = '(changed in the database)';
const SALT_BYTES = 16;
export const REFERENCE = /^name:[0-9a-f]{32}$/;

/** What a name is kept under; whoever has the salt can check that it is what was recorded. */
export const referenceOf = (salt: string, person: string, value: string): string =>
  `name:${createHash('sha256').update(`${salt}\n${person}\n${value}`).digest('hex').slice(0, 32)}`;

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

/** Puts names back in place of their references. What is no reference stays: older events hold names themselves. */
export function createNameReader({ db }: Pick<OpenLedger, 'db'>): <T>(stored: T) => T {
  const known = new Map<string, string>();
  const prepare = () =>
    db
      .select({ person: names.person, salt: names.salt, value: names.value })
      .from(names)
      .where(eq(names.ref, sql.placeholder('ref')))
      .prepare();
  /** Made at the first reference: a database that was never opened by this version may have no such table. */
  let find: ReturnType<typeof prepare> | undefined;
  const nameOf = (ref: string): string => {
    if (!REFERENCE.test(ref)) return ref;
    const before = known.get(ref);
    if (before !== undefined) return before;
    find ??= prepare();
    const kept = find.get({ ref });
    if (!kept || kept.salt === null || kept.value === null) return ERASED;
    // What stands in the table is shown only if it is what the event committed to.
    const shown = referenceOf(kept.salt, kept.person, kept.value) === ref ? kept.value : CHANGED;
    known.set(ref, shown);
    return shown;
  };
  return <T>(stored: T) => eachPerson(stored, (_id, text) => nameOf(text)) as T;
}

const PERSONAL: ReadonlySet<string> = new Set(['name', 'email', 'writtenEmail']);

/**
 * The value with every name and address of a person replaced: a copy as far as something changes, itself where
 * nothing does. People are what has a Slack id.
 */
export function eachPerson(value: unknown, replace: (id: string, text: string) => string): unknown {
  if (typeof value !== 'object' || value === null) return value;
  const fields = value as Record<string, unknown>;
  const id = fields.slackId ?? (fields.kind === 'person' ? fields.id : undefined);
  const isPerson = typeof id === 'string';
  let copy: Record<string, unknown> | undefined;
  for (const key of Object.keys(fields)) {
    const field = fields[key];
    const next =
      isPerson && typeof field === 'string' && PERSONAL.has(key) ? replace(id, field) : eachPerson(field, replace);
    if (next === field) continue;
    copy ??= (Array.isArray(value) ? [...value] : { ...fields }) as Record<string, unknown>;
    copy[key] = next;
  }
  return copy ?? value;
}

/** A name, with what it takes to check that it is the one that was recorded. */
export interface KeptName {
  readonly person: string;
  readonly salt: string;
  readonly value: string;
}
