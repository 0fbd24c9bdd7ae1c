import type { SeatBook, SeatRecord } from '../ports/targets.ts';
import { SEATS } from '../wording/targets/shared.ts';

/** The prefix of a place's id. Rows of versions that recorded names have a space there. */
const BY_ID = '#';

/** Records of one roster. `place` and `account` of a record are the target's ids here. */
export function seatRows(scope: string, book: SeatBook) {
  const prefix = `${scope}${BY_ID}`;
  const toBook = (record: SeatRecord): SeatRecord => ({ ...record, place: `${prefix}${record.place}` });
  const fromBook = (record: SeatRecord): SeatRecord => ({ ...record, place: record.place.slice(prefix.length) });

  return {
    /** The book compares accounts without case, but ids are case-sensitive. */
    at: async (place: string, account: string): Promise<readonly SeatRecord[]> =>
      (await book.at(`${prefix}${place}`, account)).flatMap((record) =>
        record.account === account ? [fromBook(record)] : [],
      ),
    /** @throws if a grant has a row of another roster */
    of: async (grantId: string): Promise<readonly SeatRecord[]> =>
      (await book.of(grantId)).map((record) => {
        if (record.place.startsWith(prefix)) return fromBook(record);
        throw new Error(SEATS.otherRoster(record.place, scope));
      }),
    keep: (record: SeatRecord): Promise<void> => book.keep(toBook(record)),
    drop: ({ grantId, place }: SeatRecord): Promise<void> => book.drop({ grantId, place: `${prefix}${place}` }),
  };
}
