import type { LedgerEvent } from './events.ts';
import type { Instant } from './terms.ts';

/** A copy was put in the ledger's place: event numbers after the copy's last are used a second time. */
export type Restored = Pick<LedgerEvent<'ledger.restored'>, 'at' | 'payload'>;

/** Whether a position that was kept elsewhere is of what a restore left behind, and so is not in this ledger. */
export const isLeftBehind = (
  { seq, at }: { readonly seq: number; readonly at?: Instant | undefined },
  restores: readonly Restored[],
): boolean => at !== undefined && restores.some((one) => seq > one.payload.from.seq && at <= one.at);
