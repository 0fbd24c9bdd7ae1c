/** The shape of a command, for help, completion and parsing. Loads nothing. */

import type { Options } from '../wording/terminal/options.ts';

/** The parsed arguments of a command. */
export interface Given<O extends Options> {
  readonly values: { readonly [N in keyof O]?: O[N] extends { readonly value: string } ? string : boolean };
  readonly files: readonly string[];
}

/** The same for an unknown command. */
interface Typed {
  readonly values: Readonly<Record<string, string | boolean>>;
  readonly files: readonly string[];
}

/** @returns the exit code */
type Run<O extends Options> = (given: Given<O>) => number | Promise<number>;

interface About {
  readonly about: string;
  /** Its name in an earlier version, which still works. */
  readonly alias?: string;
  /** Its files as in the usage line, such as `[FILE]`, each with its meaning. */
  readonly files?: Readonly<Record<string, string>>;
  /** All values that its argument can have, if it is no file. */
  readonly choices?: readonly string[];
  /** The meaning of each exit code. */
  readonly exits: Readonly<Record<number, string>>;
}

/** A command that can run. */
export interface Verb extends About {
  readonly options: Options;
  readonly run: (typed: Typed) => number | Promise<number>;
}

/** A group of commands under one word. */
export interface Group {
  readonly about: string;
  readonly verbs: Readonly<Record<string, Verb>>;
}

/** @param load imports the code of the command, only when it runs */
export const verb = <O extends Options>(
  about: About & { readonly options: O; readonly load: () => Promise<Run<O>> },
): Verb => ({
  ...about,
  run: async (typed) => (await about.load())(typed as Given<O>),
});
