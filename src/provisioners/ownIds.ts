import type { IdBook } from '../ports/targets.ts';

const OWN = 'id ';

/**
 * The ids that a team's own service, program or module gives to what it makes for a grant. One that gave two, at a
 * grant and at its extension, made two things: both are asked about and taken back.
 */
export const ownIds = (ids: IdBook) => ({
  keep: (grantId: string, id: string): Promise<void> => ids.keep(grantId, `${OWN}${id}`, id),
  /** null alone: it gave none. */
  of: async (grantId: string): Promise<readonly (string | null)[]> => {
    const known = [...(await ids.of(grantId))].flatMap(([thing, id]) => (thing.startsWith(OWN) ? [id] : []));
    return known.length > 0 ? known : [null];
  },
});
