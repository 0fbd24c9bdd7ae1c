import { nearestWord } from '../domain/nearest.ts';
import { COMMANDS } from './commands.ts';

/**
 * The command that was most likely meant: `jitbot ledger verify` for `verfy`.
 * @param under the words before it: `jitbot`, or `jitbot policy`
 * @returns null if none is close
 */
export function nearestCommand(typed: string, under: string): string | null {
  const paths = Object.entries(COMMANDS).flatMap(([name, one]) => [
    `jitbot ${name}`,
    ...('verbs' in one ? Object.keys(one.verbs).map((verb) => `jitbot ${name} ${verb}`) : []),
  ]);
  const near = paths.filter((path) => path.startsWith(`${under} `));
  // Of two commands with the same last word, the shorter path wins.
  const word = nearestWord(typed, near.map(lastWord));
  return near.find((path) => lastWord(path) === word) ?? null;
}

const lastWord = (path: string): string => path.slice(path.lastIndexOf(' ') + 1);
