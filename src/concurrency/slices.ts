import { nextTurn } from './turn.ts';

/** Works on many things, a few at a time: whoever wants an answer meanwhile waits for one slice only. */
export async function inSlices<T, R>(
  things: readonly T[],
  size: number,
  work: (thing: T) => Promise<R>,
): Promise<readonly R[]> {
  const done: R[] = [];
  for (let from = 0; from < things.length; from += size) {
    if (from > 0) await nextTurn();
    done.push(...(await Promise.all(things.slice(from, from + size).map(work))));
  }
  return done;
}
