import type { LedgerEvent } from './events.ts';
import type { Instant } from './terms.ts';

/** A copy replaced the ledger: event numbers after the copy's last are used a second time. */
export type Restored = Pick<LedgerEvent<'ledger.restored'>, 'at' | 'payload'>;

/** Whether a position kept elsewhere belongs to events that a restore dropped, so that it is not in this ledger. */
export const isLeftBehind = (
  { seq, at }: { readonly seq: number; readonly at?: Instant | undefined },
  restores: readonly Restored[],
): boolean => at !== undefined && restores.some((one) => seq > one.payload.from.seq && at <= one.at);
