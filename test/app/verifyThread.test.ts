/** The thread that looks at one half of a ledger says what the main one would say. */

import { expect, onTestFinished, test } from 'vitest';
import { inThread } from '../../src/app/inThread.ts';
import { aLedger, anEvent } from '../support/aLedger.ts';

test('a thread says of part of a ledger whether each event continues the one before', async () => {
  const one = aLedger();
  onTestFinished(() => one.close());
  const looked = () =>
    anEvent('drift.found', { resource: 'db', kind: 'standing', role: null, account: 'x', grantId: null });
  await one.record(looked(), looked(), looked(), looked());
  const at = one.ledger.sqlite.prepare<[number], { seq: number; hash: string }>(
    'SELECT seq, hash FROM events WHERE seq = ?',
  );
  const [from, to] = [at.get(2), at.get(4)];
  const ask = (stretch: object) =>
    inThread('verifyThread', { data: { path: one.path, stretch } }, async (answer: boolean) => answer);
  expect(await ask({ from, to })).toBe(true);
  expect(await ask({ from: { ...from, hash: 'f'.repeat(64) }, to })).toBe(false);
});
