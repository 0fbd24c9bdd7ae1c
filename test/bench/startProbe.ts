/** A process of its own: how soon after its start the first due revocation begins, and how much memory it has then and later. */

import { known } from '../../src/domain/terms.ts';
import { createBenchBox } from './box.ts';

const [path = ''] = process.argv.slice(2);
const MB = 1_048_576;
const SETTLE_MS = 8_000;
let first: number | null = null;
const box = await createBenchBox(path, {
  onCall: {
    entries: async () => known([]),
    onCallFor: async () => known({ addresses: [], unread: null }),
    knows: async () => known(true),
    incident: async () => ({ known: false, problem: 'none' }),
    check: async () => known(true),
    nameOf: async () => known('Checkout'),
    openIncidents: async () => known([]),
  },
  targets: {
    revoke: async () => {
      // Counted from the start of the process, loading the program included.
      first ??= performance.now();
      return [];
    },
  },
});
await box.core.start();
let most = 0;
const look = setInterval(() => {
  most = Math.max(most, process.memoryUsage().rss / MB);
}, 50);
setTimeout(() => {
  clearInterval(look);
  process.stdout.write(JSON.stringify({ first, most }));
  process.exit(0);
}, SETTLE_MS);
