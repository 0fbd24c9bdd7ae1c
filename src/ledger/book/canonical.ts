import { configure } from 'safe-stable-stringify';

const stringify = configure({ strict: true });

/** How JSON.stringify writes half a surrogate pair; the other alternative skips every other escape. */
const LONE_SURROGATE = /\\(?:ud[89a-f]..|.)/g;

/**
 * JSON in the canonical form of RFC 8785: one value, one text. The RFC wants well-formed Unicode. Half an emoji, from a
 * target's truncated answer, becomes the replacement character, since it must not keep an event from
 * being recorded.
 * @throws Error for what JSON cannot hold: a number that is not finite, a bigint, a function, a circle
 */
export function canonical(value: object): string {
  const text = stringify(value);
  if (text === undefined) throw new TypeError('expected a value that JSON can hold');
  if (!text.includes('\\ud')) return text;
  return text.replace(LONE_SURROGATE, (escaped) => (escaped.startsWith('\\ud') ? '\ufffd' : escaped));
}
