import { z } from 'zod';
import type { Residue } from '../domain/grant.ts';
import type { IdBook } from '../ports/targets.ts';
import { RESIDUE } from '../wording/targets/shared.ts';

/** What the holder left behind, as the team's own service, program or module reports when it revokes. */
export const residueSchema = z.array(z.object({ what: z.string().min(1).max(1_000), done: z.string().max(1_000) }));

const LEFT = 'own left ';
/** Maximum number of things to remember. The end says how many there were. */
const MOST_KEPT = 200;

/**
 * Remembers what was left until the end is recorded: a failed read-back may follow, and the next revoke may have
 * nothing left to report.
 */
export const ownResidue = (ids: IdBook) => ({
  keep: async (grantId: string, left: readonly Residue[]): Promise<void> => {
    for (const { what, done } of left.slice(0, MOST_KEPT)) await ids.keep(grantId, `${LEFT}${what}`, done);
    const more = left.length - MOST_KEPT;
    if (more > 0) await ids.keep(grantId, `${LEFT}${more} more`, RESIDUE.named);
  },
  of: async (grantId: string): Promise<readonly Residue[]> =>
    [...(await ids.of(grantId))].flatMap(([thing, done]) =>
      thing.startsWith(LEFT) ? [{ what: thing.slice(LEFT.length), done }] : [],
    ),
});
