import { distance } from 'fastest-levenshtein';

/** A typo is at most one letter in three; more changes mean another word. */
const closeEnough = (word: string): number => Math.floor(word.length / 3);

/** The word that was probably meant; null if none is close. */
export function nearestWord(typed: string, words: readonly string[]): string | null {
  const [nearest] = words
    .map((word) => ({ word, away: typed.length > 1 && word.startsWith(typed) ? 0 : distance(typed, word) }))
    .sort((a, b) => a.away - b.away);
  return nearest && nearest.away <= closeEnough(typed) ? nearest.word : null;
}
