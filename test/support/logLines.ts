/** The messages of every warning and error that the bot logs, as they stand in its source. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const SRC = fileURLToPath(new URL('../../src/', import.meta.url));
const CALL = /\b(?:\w*[lL]og\.(warn|error|fatal)|this\.#(warn))\(/g;
/** These pass on what others logged. */
const PASSED_ON = new Set(['app/redaction.ts', 'app/logScope.ts', 'slack/link/logger.ts']);

export interface LogLine {
  readonly file: string;
  readonly level: string;
  /** The text of the message; `…` where a value is put in. */
  readonly message: string;
}

export function logLines(): LogLine[] {
  return readdirSync(SRC, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts') && !file.startsWith('sandbox') && !PASSED_ON.has(file))
    .flatMap((file) => linesOf(file, readFileSync(join(SRC, file), 'utf8')));
}

function linesOf(file: string, source: string): LogLine[] {
  return [...source.matchAll(CALL)].flatMap((found) => {
    const call = upToItsEnd(source.slice(found.index + found[0].length));
    const level = found[1] ?? found[2] ?? '';
    const messages = messagesIn(call, source);
    // A call that passes on a message of its caller has none of its own.
    if (messages.length === 0 && !/\bmessage\)?$/.test(call.trim())) throw new Error(`${file}: no message in ${call}`);
    return messages.map((message) => ({ file, level, message }));
  });
}

/** The arguments of a call, from behind its opening bracket to its closing one. */
function upToItsEnd(text: string): string {
  let depth = 1;
  let quote = '';
  for (let at = 0; at < text.length; at++) {
    const sign = text[at] ?? '';
    if (quote) {
      if (sign === '\\') at++;
      else if (sign === quote) quote = '';
    } else if (`'"\``.includes(sign)) quote = sign;
    else if ('([{'.includes(sign)) depth++;
    else if (')]}'.includes(sign)) depth--;
    if (depth === 0) return text.slice(0, at);
  }
  return text;
}

const LITERAL = /'((?:[^'\\\n]|\\.)*)'|"((?:[^"\\\n]|\\.)*)"|`((?:[^`\\]|\\.)*)`/g;
const literals = (text: string): string[] =>
  [...text.matchAll(LITERAL)].map(([, single, double, template]) =>
    (single ?? double ?? template ?? '').replace(/\$\{[^}]*\}/g, '…').replaceAll("\\'", "'"),
  );

/** The last argument: text, one of several texts, or a constant of the same file. */
function messagesIn(call: string, source: string): string[] {
  const last = lastArgument(call);
  const texts = literals(last);
  if (texts.length > 0) return texts;
  const [name = ''] = /\w+/.exec(last) ?? [];
  return literals(new RegExp(`const ${name} =\\s*([^\\n]+);`).exec(source)?.[1] ?? '');
}

function lastArgument(call: string): string {
  let depth = 0;
  let quote = '';
  let from = 0;
  for (let at = 0; at < call.length; at++) {
    const sign = call[at] ?? '';
    if (quote) {
      if (sign === '\\') at++;
      else if (sign === quote) quote = '';
    } else if (`'"\``.includes(sign)) quote = sign;
    else if ('([{'.includes(sign)) depth++;
    else if (')]}'.includes(sign)) depth--;
    else if (sign === ',' && depth === 0 && call.slice(at + 1).trim() !== '') from = at + 1;
  }
  return call.slice(from);
}
