import type { IdBook, SeatRecord } from '../ports/targets.ts';
import type { Roster } from './roster.ts';
import type { Seats } from './seats.ts';

const RENAMED = 'renamed in ';

/**
 * People who left a place and came back. Where the target knows people by what they are as members of a place, they are
 * somebody new there, whom only their name tells. A name may have gone to somebody else: once the grant's own member was
 * seen under another one, the name counts for nothing.
 */
export function returnedTo<Role>(roster: Roster<Role>, seats: Seats, ids: IdBook) {
  const keyOf = ({ place }: SeatRecord): string => `${RENAMED}${place}`;

  async function nameOf({ grantId }: SeatRecord): Promise<string | null> {
    return (await seats.knownPerson(grantId))?.id ?? null;
  }

  return {
    /** Asked for before the member is taken out: nothing shows their name afterwards. */
    noteName: async (record: SeatRecord): Promise<void> => {
      if (!roster.memberId) return;
      const name = await nameOf(record);
      if (name === null || name === record.account) return;
      const shown = (await roster.members(record.place)).find(({ id }) => id === record.account)?.account;
      if (shown !== undefined && shown.toLowerCase() !== name) await ids.keep(record.grantId, keyOf(record), shown);
    },
    /** The seat that the person of a grant has taken anew. null: none */
    by: async (record: SeatRecord): Promise<SeatRecord | null> => {
      if (!roster.memberId) return null;
      const name = await nameOf(record);
      if (name === null || (await ids.of(record.grantId)).has(keyOf(record))) return null;
      const account = await roster.memberId(record.place, name);
      return account === null || account === record.account ? null : { ...record, account };
    },
  };
}
