/** The start of a bot that has been at it for long: a million events, and a hundred thousand grants that are live. */

import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { HOUR } from '../../src/domain/terms.ts';
import { makeBigLedger } from '../support/bigLedger.ts';
import { inFolder } from './box.ts';
import { fill } from './grantBench.ts';
import type { Measure } from './measure.ts';

const ACCESSES = 146_000;
const LIVE = 100_000;
const DUE = 500;

export const startBench = (): Promise<Measure[]> =>
  inFolder(async (path) => {
    const start = Date.UTC(2026, 0, 1);
    await makeBigLedger({
      path: path('jit.db'),
      accesses: ACCESSES,
      people: 500,
      start,
      every: (90 * 24 * HOUR) / ACCESSES,
    });
    fill(path('jit.db'), LIVE, Date.now() + 4 * HOUR, DUE);
    // With the setting that src/app/start.js makes.
    const probe = fileURLToPath(new URL('startProbe.ts', import.meta.url));
    const { stdout } = await promisify(execFile)(process.execPath, ['--optimize-for-size', probe, path('jit.db')]);
    const { first, most } = JSON.parse(stdout) as { first: number | null; most: number };
    const what = 'start with 100,000 live grants and a million events:';
    return [
      {
        what: `${what} first due revocation begins after`,
        unit: 'ms',
        value: first ?? Number.POSITIVE_INFINITY,
        budget: { most: 1_000 },
        limitedBy: 'loading the program',
      },
      {
        what: `${what} most memory`,
        unit: 'MB',
        value: most,
        budget: { most: 200 },
        limitedBy: 'the program itself, and the batches in which the ledger is verified',
      },
    ];
  });
