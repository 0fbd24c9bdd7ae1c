/** Whether a ledger is whole, on two cores where the machine has them. */
import { availableParallelism } from 'node:os';
import { type Against, type Verification, verifyLedger, verifyOnTwoCores } from '../ledger/history/verify.ts';
import type { OpenLedger } from '../ledger/sqlite/open.ts';
import { isTemporary } from '../ledger/sqlite/temporary.ts';
import { inThread } from './inThread.ts';

export const verifyWhole = async (ledger: OpenLedger, against: Against = {}): Promise<Verification> =>
  availableParallelism() < 2 || isTemporary(ledger)
    ? verifyLedger(ledger, against)
    : verifyOnTwoCores(ledger, against, (stretch) =>
        inThread('verifyThread', { data: { path: ledger.path, stretch } }, async (answer: boolean) => answer),
      );
