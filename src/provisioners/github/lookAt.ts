import { errorText } from '../../domain/text.ts';
import { GITHUB_SEEN } from '../../wording/targets/github.ts';
import type { Made } from '../roster.ts';

/** A kind of thing in a place, such as `deploy keys`, and how to list it. */
export type Part = readonly [what: string, look: () => Promise<readonly Made[]>];

/** Lists all parts. A part that cannot be read is reported as such, and blocks neither a grant nor an end. */
export async function lookAt(parts: readonly Part[]): Promise<Made[]> {
  const found = await Promise.all(
    parts.map(([what, look]) =>
      look().catch((error: unknown): Made[] => [{ id: null, what: GITHUB_SEEN.notSeen(what, errorText(error)) }]),
    ),
  );
  return found.flat();
}
