/**
 * What a target's catalogue says, as sentences: who may do what, who owns what, what runs as whom. Whatever stands there
 * after an end and did not stand there before is a survivor, unless the table of what this target cannot avoid has it.
 */
export type Facts = ReadonlySet<string>;

export interface Unavoidable {
  readonly fact: RegExp;
  /** Why it is no harm, or why it cannot be helped: the documentation of the target says the same. */
  readonly why: string;
}

export interface Verdict {
  /** New, and not in the table. */
  readonly survivors: readonly string[];
  /** What others had before and have no longer. */
  readonly missing: readonly string[];
}

export function judge(before: Facts, after: Facts, table: readonly Unavoidable[]): Verdict {
  const known = (fact: string) => table.some((one) => one.fact.test(fact));
  return {
    survivors: [...after].filter((fact) => !before.has(fact) && !known(fact)).sort(),
    missing: [...before].filter((fact) => !after.has(fact) && !known(fact)).sort(),
  };
}
