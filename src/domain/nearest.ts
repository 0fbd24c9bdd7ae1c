import { distance } from 'fastest-levenshtein';

/** A slip of the finger is about one letter in three; with more, another word was meant. */
const closeEnough = (word: string): number => Math.floor(word.length / 3);

/** The word that somebody who typed another one most likely meant; null: none is close. */
export function nearestWord(typed: string, words: readonly string[]): string | null {
  const [nearest] = words
    .map((word) => ({ word, away: typed.length > 1 && word.startsWith(typed) ? 0 : distance(typed, word) }))
    .sort((a, b) => a.away - b.away);
  return nearest && nearest.away <= closeEnough(typed) ? nearest.word : null;
}
