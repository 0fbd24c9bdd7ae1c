/**
 * JSON from a program that may have been put together from text. A name that an object says twice is refused: JSON.parse
 * takes the last one, so somebody who chose what a field holds (their own name) could answer in the program's stead.
 * @throws SyntaxError
 */
import { TARGET_FIELDS } from '../wording/targets/shared.ts';
export function parseStrictly(text: string): unknown {
  const value: unknown = JSON.parse(text);
  /** The names of each object that is open; null: a list. */
  const open: (Set<string> | null)[] = [];
  for (const [token, colon] of text.matchAll(/"[^"\\]*(?:\\.[^"\\]*)*"(\s*:)?|[[\]{}]/g))
    if (token === '{') open.push(new Set());
    else if (token === '[') open.push(null);
    else if (token === '}' || token === ']') open.pop();
    else if (colon !== undefined) note(open.at(-1), String(JSON.parse(token.slice(0, -colon.length))));
  return value;
}

function note(names: Set<string> | null | undefined, name: string): void {
  if (names?.has(name)) throw new SyntaxError(TARGET_FIELDS.saidTwice(name));
  names?.add(name);
}
