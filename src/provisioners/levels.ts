import type { Roster } from './roster.ts';

/** How levels of a roster compare; null is nothing. */
export function levelsOf({ scope, levels }: Pick<Roster<unknown>, 'scope' | 'levels'>) {
  /** @throws for a level that the roster does not have: it is not nothing */
  function rank(level: string | null): number {
    if (level === null) return -1;
    const found = levels.indexOf(level);
    if (found === -1) throw new Error(`${scope} speaks of ${level}, which is none of its levels`);
    return found;
  }
  const most = (all: readonly (string | null)[]): string | null =>
    all.reduce((best, level) => (rank(level) > rank(best) ? level : best), null);
  return { rank, most };
}
