import type { SeatBook, SeatRecord } from '../ports/targets.ts';

/** In front of a place's id. Rows of the versions that knew places by name have a space there. */
const BY_ID = '#';

/** Rows of the book about one roster. `place` and `account` of a record are the target's own ids here. */
export function seatRows(scope: string, book: SeatBook) {
  const prefix = `${scope}${BY_ID}`;
  const toBook = (record: SeatRecord): SeatRecord => ({ ...record, place: `${prefix}${record.place}` });
  const fromBook = (record: SeatRecord): SeatRecord => ({ ...record, place: record.place.slice(prefix.length) });

  return {
    /** The book finds accounts whatever their case; ids differ by it. */
    at: async (place: string, account: string): Promise<readonly SeatRecord[]> =>
      (await book.at(`${prefix}${place}`, account)).flatMap((record) =>
        record.account === account ? [fromBook(record)] : [],
      ),
    /** @throws where a grant has a row of another roster */
    of: async (grantId: string): Promise<readonly SeatRecord[]> =>
      (await book.of(grantId)).map((record) => {
        if (record.place.startsWith(prefix)) return fromBook(record);
        throw new Error(`what was given at "${record.place}" cannot be taken back at ${scope}`);
      }),
    keep: (record: SeatRecord): Promise<void> => book.keep(toBook(record)),
    drop: ({ grantId, place }: SeatRecord): Promise<void> => book.drop({ grantId, place: `${prefix}${place}` }),
  };
}
