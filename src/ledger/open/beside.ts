import { openLedgerFile } from '../history/ledgerFile.ts';
import { giveToOwnerOf } from '../history/owner.ts';
import { liftDrain, readDrain, writeDrain } from '../sqlite/drainFile.ts';
import { createEventReader, newestStart } from '../sqlite/eventReader.ts';
import { isWriterThere } from '../sqlite/open.ts';
import { createOverviewReader } from '../sqlite/overview.ts';
import { createStore } from '../sqlite/store.ts';
import { type Beside, liveIn, ONLY_READS } from './command.ts';
import { isPostgresAddress } from './place.ts';

/** @throws StorageError if there is no ledger, or it cannot be read */
export const openBeside = async (place: string): Promise<Beside> =>
  isPostgresAddress(place) ? (await import('./besidePostgres.ts')).besidePostgres(place) : besideFile(place);

function besideFile(path: string): Beside {
  const ledger = openLedgerFile(path);
  return {
    overview: createOverviewReader(ledger),
    events: createEventReader(ledger),
    isRunning: async () => isWriterThere(path),
    newestStart: async () => newestStart(ledger),
    liveGrants: () => liveIn(createStore(ledger, ONLY_READS)),
    drain: async () => readDrain(path),
    setDrain: async (drain) => {
      if (drain === null) return liftDrain(path);
      writeDrain(path, drain);
      giveToOwnerOf(path, [`${path}-drain`]);
    },
    close: async () => ledger.close(),
  };
}
