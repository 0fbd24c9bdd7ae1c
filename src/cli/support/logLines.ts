/** Lines of the bot's log without what names a person, a place or a secret. */

import { isObject } from '../../http/json.ts';

/** The newest lines are what somebody asks about. */
const MOST_LINES = 5_000;
const NO_JSON = { msg: '(a line that is no JSON)' };
/** Fields that count or name a kind. */
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

/** What varies in a message stands after a colon, in quotes or in brackets. */
const sentenceOf = (msg: string): string =>
  msg.replace(/(?<=:)\s.*$|\s*["'“(].*$/s, ' …').replace(/\S*[@/\d]\S*/g, '…');

/** What kind of fault it was and where in the program; not what it says. */
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
    // Somebody else's line, such as one of the supervisor's.
    return null;
  }
}
