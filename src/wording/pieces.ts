import type { Principal } from '../domain/policy.ts';
import { durationText, type Instant, isInstant, type Millis } from '../domain/terms.ts';

/**
 * A sentence as pieces without markup, which Slack and the terminal each render in their own way. Its text is never markup,
 * whoever wrote it: the renderer escapes it.
 */
export type Sentence = readonly Piece[];

export type Piece =
  | { readonly kind: 'text'; readonly text: string }
  /** A name that machines use: a role, an id, a file. */
  | { readonly kind: 'code'; readonly text: string }
  | { readonly kind: 'strong'; readonly pieces: Sentence }
  /** `zone` is for surfaces that cannot show each reader their own time. */
  | { readonly kind: 'time'; readonly at: Instant; readonly zone?: string }
  /** People and groups by Slack id, rendered as mentions. Ids come from the policy or an event, never from a message. */
  | { readonly kind: 'people'; readonly ids: readonly Principal[] }
  /** Everybody who is in the channel now. */
  | { readonly kind: 'here' }
  /** An emoji by its name at Slack; the terminal shows none. */
  | { readonly kind: 'mark'; readonly name: string }
  | { readonly kind: 'break' }
  /** A list under the sentence. */
  | { readonly kind: 'points'; readonly points: readonly Sentence[] };

type Part = string | number | Piece | Sentence;

const KINDS: ReadonlySet<unknown> = new Set<Piece['kind']>([
  'text',
  'code',
  'strong',
  'time',
  'people',
  'here',
  'mark',
  'break',
  'points',
]);

/**
 * A sentence from a template, such as say`:lock: *${role} has ended.* Type \`/jit\` again`. Only the template's own words
 * are marked up (emoji by name, `*strong*`, code in backquotes, line breaks); whatever is filled in stays plain text.
 * @throws TypeError or RangeError if a part is not of an expected type: events come from a file that somebody may have changed
 */
export function say(strings: TemplateStringsArray, ...parts: readonly Part[]): Sentence {
  const sentence: Piece[] = [];
  let inStrong: Piece[] | null = null;
  const add = (pieces: Sentence) => (inStrong ?? sentence).push(...pieces);
  for (const [index, text] of strings.entries()) {
    for (const token of text.split(MARKUP)) {
      if (token !== '*') add(tokenPieces(token));
      else if (inStrong === null) inStrong = [];
      else {
        sentence.push({ kind: 'strong', pieces: inStrong });
        inStrong = null;
      }
    }
    if (index < parts.length) add(piecesOf(parts[index]));
  }
  return inStrong === null ? sentence : [...sentence, { kind: 'strong', pieces: inStrong }];
}

const MARKUP = /(\*|\n|:[a-z][a-z_]*:|`[^`]+`)/;

function tokenPieces(token: string): Sentence {
  if (token === '\n') return [{ kind: 'break' }];
  if (token.startsWith('`')) return [{ kind: 'code', text: token.slice(1, -1) }];
  if (/^:[a-z_]+:$/.test(token)) return [{ kind: 'mark', name: token.slice(1, -1) }];
  return piecesOf(token);
}

/** Like `say`, as one piece with emphasis. */
export const strong = (strings: TemplateStringsArray, ...parts: readonly Part[]): Piece => ({
  kind: 'strong',
  pieces: say(strings, ...parts),
});

export function code(text: string): Piece {
  if (typeof text !== 'string') throw new TypeError('what machines know is text');
  return { kind: 'code', text };
}

/** @param zone the time zone for surfaces that cannot show each reader their own time */
export function time(at: Instant, zone?: string): Piece {
  if (!isInstant(at)) throw new RangeError(`${String(at)} is no time`);
  return zone === undefined ? { kind: 'time', at } : { kind: 'time', at, zone };
}

/** A duration such as `1 h 30 min`. Its spaces are no-break spaces, so that a phone never breaks it across lines. */
export const lasting = (ms: Millis): string => durationText(ms).replaceAll(' ', '\u00a0');

export const here: Piece = { kind: 'here' };

export const people = (ids: readonly Principal[]): Piece => ({ kind: 'people', ids });

export const points = (items: readonly Sentence[]): Piece => ({ kind: 'points', points: items });

export const joined = (parts: readonly Part[], between: Part): Sentence =>
  parts.flatMap((part, index) => [...(index === 0 ? [] : piecesOf(between)), ...piecesOf(part)]);

function piecesOf(part: Part | undefined): Sentence {
  if (typeof part === 'number') return [{ kind: 'text', text: String(part) }];
  if (typeof part === 'string') return part === '' ? [] : [{ kind: 'text', text: part }];
  const pieces = Array.isArray(part) ? part : [part];
  if (!pieces.every((piece) => KINDS.has(piece?.kind))) throw new TypeError('no part of a sentence');
  return pieces;
}

/** The sentence with each of its texts replaced. Code stays as it is. */
export const mapTexts = (sentence: Sentence, change: (text: string) => string): Sentence =>
  sentence.map((piece): Piece => {
    if (piece.kind === 'text') return { ...piece, text: change(piece.text) };
    if (piece.kind === 'points') return { ...piece, points: piece.points.map((point) => mapTexts(point, change)) };
    return piece.kind === 'strong' ? { ...piece, pieces: mapTexts(piece.pieces, change) } : piece;
  });

/** The sentence with a capital letter at its beginning. */
export function capital(sentence: Sentence): Sentence {
  const [first, ...rest] = sentence;
  return first?.kind === 'text'
    ? [{ ...first, text: first.text.charAt(0).toUpperCase() + first.text.slice(1) }, ...rest]
    : sentence;
}
