import { errorText } from '../../domain/text.ts';
import type { Made } from '../roster.ts';

/** What can stand in a place, such as `deploy keys`, and how to see it. */
export type Part = readonly [what: string, look: () => Promise<readonly Made[]>];

/** Everything that can be seen of it; what cannot is named, and keeps nothing from being given or from ending. */
export async function lookAt(parts: readonly Part[]): Promise<Made[]> {
  const found = await Promise.all(
    parts.map(([what, look]) =>
      look().catch((error: unknown): Made[] => [{ id: null, what: `${what}, not seen: ${errorText(error)}` }]),
    ),
  );
  return found.flat();
}
