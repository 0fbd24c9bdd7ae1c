import { createEventReader } from '../ledger/sqlite/eventReader.ts';
import type { OpenLedger } from '../ledger/sqlite/open.ts';
import { recordedDoubt } from '../lifecycle/health/integrity.ts';

/** Why the ledger keeps its bot from granting, as far as the record says. @returns null if nothing does */
export async function doubtIn(ledger: OpenLedger): Promise<string | null> {
  const events = createEventReader(ledger);
  const doubt = await recordedDoubt(events);
  if (doubt !== null) return doubt;
  // Other damage is looked for again at each start.
  const started =
    ledger.sqlite
      .prepare<[], number>("SELECT seq FROM events WHERE type = 'bot.started' ORDER BY seq DESC LIMIT 1")
      .pluck()
      .get() ?? 0;
  const damage = (await events.marks('ledger.damaged')).findLast(({ payload }) => payload.needsLook !== true);
  return damage !== undefined && damage.seq > started ? damage.payload.problem : null;
}
