import { prune } from '../history/archive.ts';
import { erase } from '../history/erase.ts';
import { openLedgerFile } from '../history/ledgerFile.ts';
import { giveToOwnerOf } from '../history/owner.ts';
import { createEventReader } from '../sqlite/eventReader.ts';
import { openLedger } from '../sqlite/open.ts';
import { createStore } from '../sqlite/store.ts';
import { ONLY_READS, type Upkeep } from './command.ts';
import { isPostgresAddress, shownPlace } from './place.ts';

/** @throws StorageError if there is no ledger in it, or a bot works on it */
export const openForUpkeep = async (place: string): Promise<Upkeep> =>
  isPostgresAddress(place) ? (await import('./upkeepPostgres.ts')).upkeepOf(place) : upkeepOfFile(place);

function upkeepOfFile(path: string): Upkeep {
  // Opening it to write would make a ledger of any other file.
  openLedgerFile(path).close();
  const ledger = openLedger(path, { waitsForLocks: true });
  giveToOwnerOf(path, [`${path}-writer`]);
  return {
    where: shownPlace(path),
    whole: ledger,
    store: createStore(ledger, ONLY_READS),
    events: createEventReader(ledger),
    exposed: ledger.exposed,
    prune: async (upTo) => prune(ledger, upTo),
    erase: async (person) => erase(ledger, person),
    close: async () => ledger.close(),
  };
}
