/** Redacts known secrets from text, in any form in which a program writes them. */

export type Strike = (text: string) => string;

/** Shorter values are no real secrets, and redacting them would leave no readable line. */
export const SHORTEST_SECRET = 4;
/** Shorter secrets are redacted only as whole words: `test` is not redacted in `latest`. */
const STANDS_BY_ITSELF = 8;
/** Minimum length of a line of a key or certificate that is redacted on its own. */
const SHORTEST_LINE = 16;
/** Minimum length of a secret's beginning that is redacted at a cut. */
const SHORTEST_PIECE = 6;
const STRUCK = '[secret]';
/** A character that is escaped four times has this many backslashes. Looking for more would take too long. */
const MOST_ESCAPES = 16;

/** Names of fields and parameters that hold secrets. */
export const SECRET_NAME = /(^|[_.-])(secret|token|password|passwd|pwd|private_?key|api_?key|access_?key)$/i;

/**
 * @param secrets may grow: a reloaded policy brings its own
 * @returns redacts each of them, also JSON-escaped, URL-encoded, quoted for SQL, a shell or HTML, in base64 or
 *   hexadecimal, and line by line
 */
export function createStriker(secrets: readonly string[]): Strike {
  let known = 0;
  let forms: { readonly text: string; readonly pattern: RegExp }[] = [];
  return (text) => {
    if (secrets.length !== known) {
      known = secrets.length;
      const plain = new Set(secrets.flatMap(plainForms).filter((one) => one.length >= SHORTEST_SECRET));
      // Longest first, so that an address is redacted as a whole, not around its password.
      const sorted = [...plain].sort((a, b) => b.length - a.length);
      forms = sorted.map((one) => ({ text: one, pattern: new RegExp(patternOf(one), 'g') }));
    }
    let struck = text;
    for (const { pattern } of forms) struck = struck.replace(pattern, STRUCK);
    for (const form of forms) struck = withoutPieces(struck, form.text);
    return struck;
  };
}

/** A secret and the secrets in it: the password of an address, the key of a JSON file, the lines of a PEM file. */
export function plainForms(secret: string): string[] {
  const found = new Set([secret, secret.trim()]);
  for (const [, user = '', password = ''] of [
    ...secret.matchAll(/^[a-z][a-z0-9+.-]*:\/\/([^:@/]*):(.*)@/gi),
    ...secret.matchAll(/^[a-z][a-z0-9+.-]*:\/\/([^:@/]*):([^@/]*)@/gi),
  ]) {
    found.add(password);
    if (password.length >= SHORTEST_SECRET) found.add(`${user}:${password}`);
  }
  for (const [, name = '', quoted, bare] of secret.matchAll(/(\w+) ?= ?(?:'((?:[^'\\]|\\.)*)'|([^;&\s']+))/g))
    if (SECRET_NAME.test(name)) found.add(quoted ?? bare ?? '');
  for (const value of secretsInJson(secret)) found.add(value);
  for (const one of [...found])
    for (const line of one.split(/\r?\n|\\n/))
      if (line.trim().length >= SHORTEST_LINE && !line.includes('-----')) found.add(line.trim());
  for (const one of [...found]) {
    found.add(decoded(one));
    found.add(decoded(one.replaceAll('+', ' ')));
  }
  return [...found];
}

/** The values of a JSON document with a name for a secret. */
function secretsInJson(text: string): string[] {
  const found: string[] = [];
  try {
    JSON.parse(text, (name, value: unknown) => {
      if (typeof value === 'string' && SECRET_NAME.test(name)) found.push(value);
      return value;
    });
  } catch {
    // This is not JSON: the caller redacts it as one text.
    return [];
  }
  return found;
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    // The percent sign encodes nothing: the text is used as it is.
    return text;
  }
}

const escaped = (text: string): string => text.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&');
const bytesOf = (text: string): number[] => [...new TextEncoder().encode(text)];
const hex = (byte: number): string => byte.toString(16).padStart(2, '0');
const eitherCase = (digits: string): string =>
  [...digits].map((digit) => (/[a-f]/.test(digit) ? `[${digit}${digit.toUpperCase()}]` : digit)).join('');

/** A pattern for the text as it is, with any escaping, and in the usual encodings of bytes. */
function patternOf(secret: string): string {
  const bytes = bytesOf(secret);
  const [before, after] = secret.length < STANDS_BY_ITSELF ? ['(?<![A-Za-z0-9])', '(?![A-Za-z0-9])'] : ['', ''];
  const ways = [`${before}${readable(secret)}${after}`];
  if (bytes.length >= STANDS_BY_ITSELF) {
    ways.push(bytes.map((byte) => eitherCase(hex(byte))).join(' ?'));
    ways.push(bytes.join(',\\s*'));
    // The first and last letters also encode bits of the neighbouring bytes, so they may be anything.
    const edge = '[A-Za-z0-9+/_-]?';
    for (const form of base64Forms(bytes)) {
      const either = escaped(form).replace(/[+_]|\\\/|\\-|\\\+/g, '[-+/_]');
      ways.push(`${edge}${either}${edge}={0,2}`);
    }
  }
  return ways.join('|');
}

const NAMED: Readonly<Record<string, string>> = { '"': 'quot', '&': 'amp', '<': 'lt', '>': 'gt', "'": 'apos' };
const SHORT: Readonly<Record<string, string>> = { '\n': 'n', '\r': 'r', '\t': 't', '\b': 'b', '\f': 'f' };

/** A pattern built character by character, so that the text is found however its characters were escaped. */
function readable(secret: string): string {
  let pattern = '';
  for (let rest = secret; rest !== ''; ) {
    const [slashes = ''] = /^\\+/.exec(rest) ?? [''];
    if (slashes !== '') {
      // One quantifier only: two adjacent ones would backtrack for a long time.
      pattern += `(?:\\\\|%(?:25){0,4}5[cC]|&#92;|\\\\u005[cC]){${slashes.length},${slashes.length * MOST_ESCAPES}}`;
      rest = rest.slice(slashes.length);
      if (rest !== '') pattern += waysOf(String.fromCodePoint(rest.codePointAt(0) ?? 0), '');
    } else pattern += waysOf(String.fromCodePoint(rest.codePointAt(0) ?? 0), `\\\\{0,${MOST_ESCAPES}}`);
    rest = rest.slice(String.fromCodePoint(rest.codePointAt(0) ?? 0).length);
  }
  return pattern;
}

/** @param slashes what may precede it: nothing if the pattern has already consumed them */
function waysOf(character: string, slashes: string): string {
  const point = character.codePointAt(0) ?? 0;
  const unicode = [...Array(character.length).keys()].map(
    (index) => `\\\\{1,${MOST_ESCAPES}}u${eitherCase(character.charCodeAt(index).toString(16).padStart(4, '0'))}`,
  );
  const ways = [
    `${slashes}${escaped(character)}`,
    bytesOf(character)
      .map((byte) => `%(?:25){0,4}${eitherCase(hex(byte))}`)
      .join(''),
    unicode.join(''),
    `&(?:amp;)?#0*${point};`,
    `&(?:amp;)?#[xX]0*${eitherCase(point.toString(16))};`,
  ];
  const named = NAMED[character];
  if (named) ways.push(`&(?:amp;)?${named};`);
  const short = SHORT[character];
  if (short) ways.push(`\\\\{1,${MOST_ESCAPES}}${short}`);
  if (character === '\n') ways.push('\\r\\n', `\\\\{1,${MOST_ESCAPES}}r\\\\{1,${MOST_ESCAPES}}n`);
  if (character === ' ') ways.push('\\+');
  // Doubled in SQL quotes; closed and reopened in shell quotes.
  if (character === "'") ways.unshift("'\\\\{0,16}''", "''");
  return `(?:${ways.join('|')})`;
}

/** Base64 depends on the byte offset: all three variants, without the letters that neighbours change. */
function base64Forms(bytes: readonly number[]): string[] {
  return [0, 1, 2].map((offset) => {
    const whole = btoa(String.fromCharCode(...Array(offset).fill(0), ...bytes));
    const first = Math.ceil((offset * 8) / 6);
    const last = Math.floor(((offset + bytes.length) * 8) / 6);
    return whole.slice(first, last);
  });
}

/**
 * Removes the beginning of a secret at the end of a text or before an ellipsis, where it was cut. Addresses and pairs
 * begin with a scheme or a user, which are not secret.
 */
function withoutPieces(text: string, secret: string): string {
  if (secret.length <= SHORTEST_PIECE || secret.includes(':')) return text;
  const piece = secret.slice(0, SHORTEST_PIECE);
  let result = text;
  for (let at = result.lastIndexOf(piece); at !== -1; at = at === 0 ? -1 : result.lastIndexOf(piece, at - 1)) {
    let end = at;
    while (end < result.length && result[end] === secret[end - at]) end += 1;
    const rest = result.slice(end);
    if (/^["')\]}]*(?:…|\.\.\.|$)/.test(rest)) result = `${result.slice(0, at)}${STRUCK}${rest}`;
  }
  return result;
}
