import { z } from 'zod';
import type { Residue } from '../domain/grant.ts';
import type { IdBook } from '../ports/targets.ts';

/** What a team's own service, program or module says that a holder left behind, as it answers a revoke. */
export const residueSchema = z.array(z.object({ what: z.string().min(1).max(1_000), done: z.string().max(1_000) }));

const LEFT = 'own left ';
/** More than that is not remembered. The end says how many there were. */
const MOST_KEPT = 200;

/**
 * Remembers what was left until the end is recorded: the answer that names it may be followed by a read-back that fails, and
 * the next revoke may find nothing more to name.
 */
export const ownResidue = (ids: IdBook) => ({
  keep: async (grantId: string, left: readonly Residue[]): Promise<void> => {
    for (const { what, done } of left.slice(0, MOST_KEPT)) await ids.keep(grantId, `${LEFT}${what}`, done);
    const more = left.length - MOST_KEPT;
    if (more > 0) await ids.keep(grantId, `${LEFT}${more} more`, 'the target named them');
  },
  of: async (grantId: string): Promise<readonly Residue[]> =>
    [...(await ids.of(grantId))].flatMap(([thing, done]) =>
      thing.startsWith(LEFT) ? [{ what: thing.slice(LEFT.length), done }] : [],
    ),
});
