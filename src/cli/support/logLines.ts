/** Reduces lines of the bot's log to what names no person, no place and no secret. */

import { isObject } from '../../http/json.ts';

/** Maximum number of lines, the newest: those are what the question is about. */
const MOST_LINES = 5_000;
const NO_JSON = { msg: '(a line that is no JSON)' };
/** Fields that hold numbers or kinds. */
const KEPT = ['level', 'time', 'kind', 'attempt', 'alarm', 'signal', 'status'] as const;

export const logLines = (text: string): object[] =>
  text
    .split('\n')
    .filter((line) => line.trim() !== '')
    .slice(-MOST_LINES)
    .map(redactedLine);

function redactedLine(line: string): object {
  const read = parsed(line);
  if (read === null) return NO_JSON;
  const kept = KEPT.filter((name) => typeof read[name] === 'number' || isWord(read[name])).map((name) => [
    name,
    read[name],
  ]);
  return {
    ...Object.fromEntries(kept),
    msg: typeof read.msg === 'string' ? sentenceOf(read.msg) : '',
    ...(isObject(read.err) && { err: faultOf(read.err) }),
  };
}

const isWord = (value: unknown): boolean => typeof value === 'string' && /^[\w:.+-]{1,40}$/.test(value);

/** Cuts the variable parts of a message: after a colon, in quotes or in brackets. */
const sentenceOf = (msg: string): string =>
  msg.replace(/(?<=:)\s.*$|\s*["'“(].*$/s, ' …').replace(/\S*[@/\d]\S*/g, '…');

/** The type of an error and its place in the program, but not its message. */
function faultOf({ type, code, stack }: Record<string, unknown>): object {
  const frames = typeof stack === 'string' ? stack.split('\n').filter((line) => /^\s+at /.test(line)) : [];
  return {
    ...(isWord(type) && { type }),
    ...(isWord(code) && { code }),
    at: frames.map((frame) => frame.trim().replace(/\(?(?:file:\/\/)?\/\S*?((?:src|node_modules|dist)\/)/, '($1')),
  };
}

function parsed(line: string): Record<string, unknown> | null {
  try {
    const read: unknown = JSON.parse(line);
    return isObject(read) ? read : null;
  } catch {
    // A line of another program, such as the supervisor.
    return null;
  }
}
