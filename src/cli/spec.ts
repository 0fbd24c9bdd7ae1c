/** What a command is called, takes and answers: for help, completion and reading what was typed. Loads nothing. */

import type { Options } from '../wording/terminal/options.ts';

/** What was typed, with nothing left that the command does not know. */
export interface Given<O extends Options> {
  readonly values: { readonly [N in keyof O]?: O[N] extends { readonly value: string } ? string : boolean };
  readonly files: readonly string[];
}

/** The same, where it is not known of which command. */
interface Typed {
  readonly values: Readonly<Record<string, string | boolean>>;
  readonly files: readonly string[];
}

/** @returns the exit code */
type Run<O extends Options> = (given: Given<O>) => number | Promise<number>;

interface About {
  readonly about: string;
  /** What it was called in an earlier version: it goes on working. */
  readonly alias?: string;
  /** As in the usage line, `[FILE]` or `OLD NEW`, each with what it is. */
  readonly files?: Readonly<Record<string, string>>;
  /** What each exit code says. */
  readonly exits: Readonly<Record<number, string>>;
}

/** A command that does something. */
export interface Verb extends About {
  readonly options: Options;
  readonly run: (typed: Typed) => number | Promise<number>;
}

/** Commands under one word. */
export interface Group {
  readonly about: string;
  readonly verbs: Readonly<Record<string, Verb>>;
}

/** @param load what does the work: imported when the command runs, and not for help */
export const verb = <O extends Options>(
  about: About & { readonly options: O; readonly load: () => Promise<Run<O>> },
): Verb => ({
  ...about,
  run: async (typed) => (await about.load())(typed as Given<O>),
});
