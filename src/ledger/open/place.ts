/** Where a ledger is: what JIT_DATABASE or a command names. */

import { shownAddress } from '../book/address.ts';

/** Whether a database is named by an address of a server, and not by a path. */
export const isPostgresAddress = (place: string): boolean => /^postgres(ql)?:\/\//.test(place);

/** As it may be shown: a path, or the host, port and database of an address, which may hold a password. */
export const shownPlace = (place: string): string => (isPostgresAddress(place) ? shownAddress(place) : place);
