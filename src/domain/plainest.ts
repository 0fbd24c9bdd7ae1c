/** Of situations that change in the same way, those that represent all of them: one for each person and place concerned. */

import type { Situation } from './situations.ts';

/** By the names in them. Of those with the same names, only those whose marks are not more than another's. */
export type Situations = Map<string, readonly Situation[]>;

export function addTo(situations: Situations, one: Situation): void {
  const key = keyOf(one.names);
  const others = situations.get(key) ?? [];
  if (others.some(({ marks }) => isWithin(marks, one.marks))) return;
  situations.set(key, [...others.filter(({ marks }) => !isWithin(one.marks, marks)), one]);
}

/** What changes for everybody in a situation changes for each one in it: those are not named as well. */
export function plainestIn(situations: Situations): Situation[] {
  const isImplied = ({ names, marks }: Situation) =>
    fewer(names).some((some) => situations.get(keyOf(some))?.some((general) => isWithin(general.marks, marks)));
  return [...situations.values()].flatMap((same) => {
    const [first, ...rest] = same.filter((one) => !isImplied(one));
    return first ? [rest.reduce((a, b) => (b.size < a.size ? b : a), first)] : [];
  });
}

const keyOf = (names: readonly string[]): string => names.join();

const isWithin = (part: readonly string[], whole: readonly string[]): boolean =>
  part.every((one) => whole.includes(one));

/** Every choice of names but all of them. */
const fewer = (names: readonly string[]): string[][] =>
  Array.from({ length: 2 ** names.length - 1 }, (_, chosen) => names.filter((_name, at) => (chosen >> at) % 2 === 1));
