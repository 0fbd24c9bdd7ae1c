import { createRequire } from 'node:module';
import type { Pattern } from '../domain/policy.ts';
import { PATTERN } from '../wording/terminal/policyFile.ts';

/** Larger than any real ticket pattern. A pattern of this size takes some 10 ms on the longest reason. */
const MOST_INSTRUCTIONS = 2_500;

/** Loaded with the first pattern, because most policies have none. */
let engine: typeof import('re2js') | null = null;

/**
 * Compiles a regular expression for text that people type, with RE2: its time is linear in the text for any pattern. A
 * backtracking one, such as JavaScript's, can take minutes on a sentence.
 * @returns the pattern, or what is wrong with it
 */
export function compilePattern(source: string): Pattern | { readonly problem: string } {
  engine ??= createRequire(import.meta.url)('re2js') as typeof import('re2js');
  const { RE2JS, RE2JSException } = engine;
  try {
    // The library would match a named back reference literally.
    if (source.includes('\\k<')) return { problem: PATTERN.lookaround(source) };
    const compiled = RE2JS.compile(RE2JS.translateRegExp(source));
    if (compiled.programSize() > MOST_INSTRUCTIONS) return { problem: PATTERN.tooLarge(source) };
    return { source, test: (text) => compiled.matcher(text).find() };
  } catch (error) {
    if (!(error instanceof RE2JSException)) throw error;
    const why = error.message.replace(/^error parsing regexp: /, '');
    return {
      problem: /\(\?<?[=!]|\\[1-9]/.test(source) ? PATTERN.lookaround(source) : PATTERN.invalid(source, why),
    };
  }
}
