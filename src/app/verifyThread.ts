/** Looks at one half of a ledger, in a thread of its own. */
import { parentPort, workerData } from 'node:worker_threads';
import { isPlain, type Stretch } from '../ledger/history/verify.ts';
import { openLedgerToRead } from '../ledger/sqlite/open.ts';

const { path, stretch } = workerData as { readonly path: string; readonly stretch: Stretch };
const ledger = openLedgerToRead(path);
const answer = isPlain(ledger, stretch);
ledger.close();
parentPort?.postMessage(answer);
