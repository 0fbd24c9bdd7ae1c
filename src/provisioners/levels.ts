import { SEATS } from '../wording/targets/shared.ts';
import type { Roster } from './roster.ts';

/** Compares levels of a roster. null means none. */
export function levelsOf({ scope, levels }: Pick<Roster<unknown>, 'scope' | 'levels'>) {
  /** @throws for an unknown level, which must not count as none */
  function rank(level: string | null): number {
    if (level === null) return -1;
    const found = levels.indexOf(level);
    if (found === -1) throw new Error(SEATS.unknownLevel(scope, level));
    return found;
  }
  const most = (all: readonly (string | null)[]): string | null =>
    all.reduce((best, level) => (rank(level) > rank(best) ? level : best), null);
  return { rank, most };
}
