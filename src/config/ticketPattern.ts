import { createRequire } from 'node:module';
import type { Pattern } from '../domain/policy.ts';

/** Larger than any ticket's pattern; a pattern this large takes a few hundredths of a second on the longest reason. */
const MOST_INSTRUCTIONS = 2_500;

/** Loaded when the first pattern is met: most policies have none. */
let engine: typeof import('re2js') | null = null;

/**
 * A regular expression for what people type, in the syntax of RE2: it takes time in proportion to the text, whatever
 * the pattern. One that goes back over its text, as JavaScript's own do, can take minutes on a sentence.
 * @returns what is wrong with it, where it is none
 */
export function compilePattern(source: string): Pattern | { readonly problem: string } {
  engine ??= createRequire(import.meta.url)('re2js') as typeof import('re2js');
  const { RE2JS, RE2JSException } = engine;
  try {
    // The library takes a reference by name for the letters of it.
    if (source.includes('\\k<')) return { problem: lookaround(source) };
    const compiled = RE2JS.compile(RE2JS.translateRegExp(source));
    if (compiled.programSize() > MOST_INSTRUCTIONS)
      return { problem: `"${source}" is too large a regular expression; repeat less in it` };
    return { source, test: (text) => compiled.matcher(text).find() };
  } catch (error) {
    if (!(error instanceof RE2JSException)) throw error;
    const why = error.message.replace(/^error parsing regexp: /, '');
    return {
      problem: /\(\?<?[=!]|\\[1-9]/.test(source)
        ? lookaround(source)
        : `"${source}" is no regular expression in RE2 syntax: ${why}`,
    };
  }
}

const lookaround = (source: string): string =>
  `"${source}" looks ahead, looks back or refers back to what it matched before, which can take minutes on what people type; write it without, in RE2 syntax`;
