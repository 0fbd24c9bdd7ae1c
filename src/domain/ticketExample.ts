import type { Pattern } from './policy.ts';

/** Maximum length: longer examples explain nothing. */
const LONGEST = 40;

/** An example ticket that matches a pattern: `^INC-[0-9]+$` gives `INC-1234`. @returns null if none was found */
export function ticketExample(pattern: Pattern): string | null {
  const example = readAlternatives({ rest: pattern.source });
  return example !== '' && example.length <= LONGEST && !/\s/.test(example) && pattern.test(example) ? example : null;
}

/** The unread rest of the expression. */
interface Reader {
  rest: string;
}

function take(reader: Reader, pattern: RegExp): RegExpExecArray | null {
  const match = pattern.exec(reader.rest);
  if (match) reader.rest = reader.rest.slice(match[0].length);
  return match;
}

/** Uses the first alternative, and skips the others. */
function readAlternatives(reader: Reader): string {
  const first = readSequence(reader);
  while (take(reader, /^\|/)) readSequence(reader);
  return first;
}

function readSequence(reader: Reader): string {
  let text = '';
  while (reader.rest !== '' && !/^[|)]/.test(reader.rest)) text += readRepeated(reader);
  return text;
}

/** Reads one item and its quantifier; an open one repeats often enough to look like a ticket. */
function readRepeated(reader: Reader): string {
  const one = readOne(reader);
  const match = take(reader, /^(?:[*+?]|\{(\d{1,2})(?:,\d*)?\})\??/);
  if (!match) return one(0);
  const isOpen = match[0].startsWith('+') || match[0].startsWith('*');
  const times = isOpen ? (/^\d$/.test(one(0)) ? 4 : 1) : match[1] === undefined ? 1 : Number(match[1]);
  return Array.from({ length: times }, (_, index) => one(index)).join('');
}

/** @returns its example character, by the number of repetitions before */
function readOne(reader: Reader): (index: number) => string {
  if (take(reader, /^\((?:\?(?:[a-z-]+:|:|P?<\w+>))?/)) {
    const inside = readAlternatives(reader);
    take(reader, /^\)/);
    return () => inside;
  }
  const set = take(reader, /^\[(\^?)((?:\\.|[^\]\\])+)\]/);
  if (set) return set[1] === '' ? ofSet(set[2] ?? '') : letter;
  const escaped = take(reader, /^\\(.)/)?.[1];
  if (escaped !== undefined) return ofEscape(escaped);
  if (take(reader, /^[\^$]/)) return () => '';
  const literal = take(reader, /^./su)?.[0] ?? '';
  return literal === '.' ? letter : () => literal;
}

const digit = (index: number): string => String((index + 1) % 10);
const letter = (index: number): string => String.fromCharCode('A'.charCodeAt(0) + (index % 26));

function ofEscape(name: string): (index: number) => string {
  if (name === 'd') return digit;
  if (name === 'w') return letter;
  return /[bB]/.test(name) ? () => '' : () => name;
}

/** An example of a set such as `A-Z0-9`: from its first range. */
function ofSet(members: string): (index: number) => string {
  if (/^(?:0-9|1-9|\\d)/.test(members)) return digit;
  if (/^(?:A-Z|\\w)/.test(members)) return letter;
  if (/^a-z/.test(members)) return (index) => letter(index).toLowerCase();
  const first = members.startsWith('\\') ? (members[1] ?? '') : (members[0] ?? '');
  return () => first;
}
