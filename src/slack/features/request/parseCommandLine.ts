import { type Policy, type Resource, type Role, roleKey } from '../../../domain/policy.ts';
import type { Millis } from '../../../domain/terms.ts';
import { type ClockTimes, looksLikeWhen, takeWhen } from '../../kit/when.ts';

/**
 * Parses what follows `/jit request`, tolerantly: names by prefix, times and durations as people write them; the rest
 * is the reason. What is missing is null. If the reason contains what looks like a time, a duration or a role, it was
 * probably meant as one: then nothing is decided, and the person is asked.
 */
export interface Line {
  readonly roles: readonly Role[];
  readonly unclear: Unclear | null;
  readonly duration: Millis | null;
  readonly times: ClockTimes | null;
  readonly reason: string;
}

/** What was not understood. */
export type Unclear =
  /** The name fits no resource, or several. */
  | { readonly what: 'resource'; readonly typed: string }
  /** The name fits no role. `typed` is null if none was named and the resource has several; the first is suggested. */
  | { readonly what: 'role'; readonly resource: string; readonly typed: string | null }
  /** A time or duration that contradicts the rest. */
  | { readonly what: 'time'; readonly typed: string };

export function parseLine(policy: Policy, typed: string): Line {
  const words = typed.trim().split(/\s+/).filter(Boolean);
  const found = findRoles(policy, words);
  const { duration, times, rest } = takeWhen(words.slice(found.used).join(' '));
  const told = /^(?:because|reason:?|to:)\s+(.*)$/i.exec(rest)?.[1] ?? /^["“](.*)["”]$/.exec(rest)?.[1];
  // After an explicit start of the reason, everything belongs to it.
  const unclear = found.unclear ?? (told === undefined ? leftOver(rest, found.resource) : null);
  return { roles: found.roles, unclear, duration, times, reason: told ?? rest };
}

/** The part of the reason that was probably meant as something else. */
function leftOver(rest: string, resource: Resource | null): Unclear | null {
  const time = looksLikeWhen(rest);
  if (time !== null) return { what: 'time', typed: time };
  const [word = ''] = rest.toLowerCase().split(/[\s,;:]+/);
  const names = [...(resource?.roles.values() ?? [])].flatMap(({ id, name }) => [id.toLowerCase(), name.toLowerCase()]);
  return resource && names.includes(word) ? { what: 'role', resource: resource.name, typed: word } : null;
}

interface FoundRoles {
  readonly roles: readonly Role[];
  readonly unclear: Unclear | null;
  readonly resource: Resource | null;
  /** How many words it used. */
  readonly used: number;
}

/** Finds the role that the first words name. */
function findRoles(policy: Policy, words: readonly string[]): FoundRoles {
  const [first = '', second = ''] = words;
  if (first === '') return { roles: [], unclear: null, resource: null, used: 0 };
  const [resourceWord = '', roleWord] = first.split('/');
  const resources = fitting([...policy.resources.values()], resourceWord);
  const wanted = roleWord ?? second;
  const found =
    wanted === ''
      ? []
      : resources.flatMap((resource) =>
          fitting([...resource.roles.values()], wanted).map((role) => ({ role, resource })),
        );
  const used = roleWord === undefined ? 2 : 1;
  const [match, ...matches] = found;
  if (match && matches.length === 0) return { roles: [match.role], unclear: null, resource: match.resource, used };
  const [only, ...others] = resources;
  if (!only || others.length > 0) {
    const isNamed = matches.length > 0;
    const typed = isNamed ? `${resourceWord} ${wanted}` : resourceWord;
    return { roles: [], unclear: { what: 'resource', typed }, resource: null, used: isNamed ? used : 1 };
  }
  // If no role was named, or none or several fit: the only role, or the first, which the person can change in the form.
  const usual = [...only.roles.values()][0];
  const named = roleWord ?? (matches.length > 0 ? wanted : null);
  const isSure = named === null && only.roles.size === 1;
  return {
    roles: usual ? [usual] : [],
    unclear: isSure ? null : { what: 'role', resource: only.name, typed: named },
    resource: only,
    used: roleWord === undefined && matches.length > 0 ? 2 : 1,
  };
}

/** Finds entries by id or name: an exact match, or all that begin with the text. */
function fitting<T extends Pick<Resource | Role, 'id' | 'name'>>(things: readonly T[], word: string): T[] {
  const typed = word.toLowerCase();
  const exact = things.find(({ id, name }) => id === typed || name.toLowerCase() === typed);
  if (exact) return [exact];
  return things.filter(({ id, name }) =>
    [id, ...name.toLowerCase().split(/[\s_-]+/), name.toLowerCase()].some((part) => part.startsWith(typed)),
  );
}

export const keysOf = (line: Line): string[] => line.roles.map(roleKey);
