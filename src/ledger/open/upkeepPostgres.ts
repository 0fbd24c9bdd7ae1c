import { createEventReader } from '../postgres/eventReader.ts';
import { openPostgres, openPostgresToRead } from '../postgres/open.ts';
import { takePlace } from '../postgres/place.ts';
import { createStore } from '../postgres/store.ts';
import { erase, prune } from '../postgres/upkeep.ts';
import { ALONE, ONLY_READS, type Upkeep } from './command.ts';
import { openMirror } from './mirror.ts';

/** Only the owner of the tables may do it: the address has to name that role. */
export async function upkeepOf(address: string): Promise<Upkeep> {
  // Opening it to write would make a ledger of an empty database.
  await (await openPostgresToRead(address)).close();
  const ledger = await openPostgres(address);
  try {
    const place = await takePlace(ledger, ALONE);
    const mirror = await openMirror(ledger);
    return {
      where: ledger.where,
      whole: mirror.ledger,
      store: createStore(ledger, ONLY_READS),
      events: createEventReader(ledger),
      exposed: [],
      prune: (upTo) => prune(ledger, upTo),
      erase: (person) => erase(ledger, person),
      close: async () => {
        mirror.close();
        await place.leave();
        await ledger.close();
      },
    };
  } catch (error) {
    await ledger.close();
    throw error;
  }
}
