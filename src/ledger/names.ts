import { createHash, randomBytes } from 'node:crypto';
import { and, eq, isNotNull } from './drizzle.ts';
import type { OpenLedger } from './open.ts';
import { names } from './schema.ts';

/**
 * Names and e-mail addresses stand beside the chain, not in it: an event holds a reference to each, which is a
 * commitment to it (a salted hash), so that it cannot be changed unseen, and can be erased without breaking the chain.
 */
export interface NameBook {
  /** The value with every name and address in it replaced by its reference, and the people in it. */
  put(value: object): { stored: object; people: ReadonlySet<string> };
  /** The commit in which names were put did not happen. */
  rolledBack(): void;
}

/** What is shown in place of what was erased. */
export const ERASED = '(erased)';
const SALT_BYTES = 16;
const REFERENCE = /^name:[0-9a-f]{32}$/;

/** What a name is kept under; whoever has the salt can check that it is what was recorded. */
export const referenceOf = (salt: string, person: string, value: string): string =>
  `name:${createHash('sha256').update(`${salt}\n${person}\n${value}`).digest('hex').slice(0, 32)}`;

export function nameBook({ db }: OpenLedger): NameBook {
  const known = new Map<string, string>();

  function referTo(person: string, value: string): string {
    const key = `${person}\n${value}`;
    const before =
      known.get(key) ??
      db
        .select({ ref: names.ref })
        .from(names)
        .where(and(eq(names.person, person), eq(names.value, value), isNotNull(names.salt)))
        .get()?.ref;
    const ref = before ?? keep(person, value);
    known.set(key, ref);
    return ref;
  }

  function keep(person: string, value: string): string {
    const salt = randomBytes(SALT_BYTES).toString('hex');
    const ref = referenceOf(salt, person, value);
    db.insert(names).values({ ref, person, salt, value }).run();
    return ref;
  }

  return {
    put: (value) => {
      const people = new Set<string>();
      const stored = eachPerson(value, (id, text) => {
        people.add(id);
        return referTo(id, text);
      });
      return { stored: stored as object, people };
    },
    rolledBack: () => known.clear(),
  };
}

/** Puts names back in place of their references. What is no reference stays: older events hold names themselves. */
export function nameReader({ db }: Pick<OpenLedger, 'db'>): <T>(stored: T) => T {
  const known = new Map<string, string>();
  const nameOf = (ref: string): string => {
    if (!REFERENCE.test(ref)) return ref;
    const before = known.get(ref);
    if (before !== undefined) return before;
    const value = db.select({ value: names.value }).from(names).where(eq(names.ref, ref)).get()?.value;
    if (value) known.set(ref, value);
    return value ?? ERASED;
  };
  return <T>(stored: T) => eachPerson(stored, (_id, text) => nameOf(text)) as T;
}

/** A copy in which every name and address of a person is replaced. People are what has a Slack id. */
export function eachPerson(value: unknown, replace: (id: string, text: string) => string): unknown {
  if (Array.isArray(value)) return value.map((item) => eachPerson(item, replace));
  if (typeof value !== 'object' || value === null) return value;
  const fields = value as Record<string, unknown>;
  const id = fields.slackId ?? (fields.kind === 'person' ? fields.id : undefined);
  return Object.fromEntries(
    Object.entries(fields).map(([key, field]) => [
      key,
      typeof id === 'string' && typeof field === 'string' && (key === 'name' || key === 'email')
        ? replace(id, field)
        : eachPerson(field, replace),
    ]),
  );
}
