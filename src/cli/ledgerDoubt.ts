import type { Beside } from '../ledger/open/command.ts';
import { recordedDoubt } from '../lifecycle/health/integrity.ts';

/** Why the ledger keeps its bot from granting, as far as the record says. @returns null if nothing does */
export async function doubtIn({ events, newestStart }: Pick<Beside, 'events' | 'newestStart'>): Promise<string | null> {
  const doubt = await recordedDoubt(events);
  if (doubt !== null) return doubt;
  // Other damage is looked for again at each start.
  const started = await newestStart();
  const damage = (await events.marks('ledger.damaged')).findLast(({ payload }) => payload.needsLook !== true);
  return damage !== undefined && damage.seq > started ? damage.payload.problem : null;
}
