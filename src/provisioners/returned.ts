import type { IdBook, SeatRecord } from '../ports/targets.ts';
import type { Roster } from './roster.ts';
import type { Seats } from './seats.ts';

const RENAMED = 'renamed in ';

/**
 * Finds people who left a place and came back. A target that knows people only by membership id gives them a new id, so
 * only the name identifies them. But a name can pass to another person: once the grant's member was seen with another
 * name, the name no longer counts.
 */
export function returnedTo<Role>(roster: Roster<Role>, seats: Seats, ids: IdBook) {
  const keyOf = ({ place }: SeatRecord): string => `${RENAMED}${place}`;

  async function nameOf({ grantId }: SeatRecord): Promise<string | null> {
    return (await seats.knownPerson(grantId))?.id ?? null;
  }

  return {
    /** Looked up before the member is removed, because the name is not available afterwards. */
    noteName: async (record: SeatRecord): Promise<void> => {
      if (!roster.memberId) return;
      const name = await nameOf(record);
      if (name === null || name === record.account) return;
      const shown = (await roster.members(record.place)).find(({ id }) => id === record.account)?.account;
      if (shown !== undefined && shown.toLowerCase() !== name) await ids.keep(record.grantId, keyOf(record), shown);
    },
    /** The seat that the grant's person has taken again, or null. */
    by: async (record: SeatRecord): Promise<SeatRecord | null> => {
      if (!roster.memberId) return null;
      const name = await nameOf(record);
      if (name === null || (await ids.of(record.grantId)).has(keyOf(record))) return null;
      const account = await roster.memberId(record.place, name);
      return account === null || account === record.account ? null : { ...record, account };
    },
  };
}
