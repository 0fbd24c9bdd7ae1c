import type { IdBook } from '../ports/targets.ts';

const OWN = 'id ';

/**
 * The ids that the team's own service, program or module gives to what it makes for a grant. If it gave one at the
 * grant and another at an extension, it made two things, and both are checked and ended.
 */
export const ownIds = (ids: IdBook) => ({
  keep: (grantId: string, id: string): Promise<void> => ids.keep(grantId, `${OWN}${id}`, id),
  /** Only null if it gave none. */
  of: async (grantId: string): Promise<readonly (string | null)[]> => {
    const known = [...(await ids.of(grantId))].flatMap(([thing, id]) => (thing.startsWith(OWN) ? [id] : []));
    return known.length > 0 ? known : [null];
  },
});
