import { liftDrain, readDrain, writeDrain } from '../postgres/drain.ts';
import { createEventReader, newestStart } from '../postgres/eventReader.ts';
import { openPostgresToRead } from '../postgres/open.ts';
import { createOverviewReader } from '../postgres/overview.ts';
import { isTended } from '../postgres/place.ts';
import { createStore } from '../postgres/store.ts';
import { type Beside, liveIn, ONLY_READS } from './command.ts';

export async function besidePostgres(address: string): Promise<Beside> {
  const ledger = await openPostgresToRead(address);
  return {
    overview: createOverviewReader(ledger),
    events: createEventReader(ledger),
    isRunning: () => isTended(ledger),
    newestStart: () => newestStart(ledger),
    liveGrants: () => liveIn(createStore(ledger, ONLY_READS)),
    drain: () => readDrain(ledger),
    setDrain: (drain) => (drain === null ? liftDrain(ledger) : writeDrain(ledger, drain)),
    close: () => ledger.close(),
  };
}
