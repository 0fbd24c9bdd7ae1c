/** Names of people beside the chain: references that events hold in their place. */

import { createHash } from 'node:crypto';
import type { LedgerEvent } from '../../domain/events.ts';

/** Shown instead of an erased name. */
export const ERASED = '(erased)';
/** Shown instead of a name that somebody changed in the database. */
export const CHANGED = '(changed in the database)';
export const REFERENCE = /^name:[0-9a-f]{32}$/;

/** The reference of a name; with the salt, anybody can verify that it is the recorded one. */
export const referenceOf = (salt: string, person: string, value: string): string =>
  `name:${createHash('sha256').update(`${salt}\n${person}\n${value}`).digest('hex').slice(0, 32)}`;

const PERSONAL: ReadonlySet<string> = new Set(['name', 'email', 'writtenEmail']);

/**
 * Replaces every name and address of a person in a value: a copy if something changes, the value itself if
 * nothing does. An object with a Slack id is a person.
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

/** A name with the salt that verifies it. */
export interface KeptName {
  readonly person: string;
  readonly salt: string;
  readonly value: string;
}

const NO_NAMES: ReadonlySet<string> = new Set([CHANGED, ERASED]);

/** Somebody's name in an event. @returns undefined if the event has none, or it was erased or changed in the database */
export function nameIn(event: LedgerEvent, id: string): string | undefined {
  let name: string | undefined;
  eachPerson(event, (person, text) => {
    if (person === id && !text.includes('@') && !NO_NAMES.has(text)) name ??= text;
    return text;
  });
  return name;
}
