/** Whose names may be erased. */

import { afterEach, beforeEach, expect, test } from 'vitest';
import { HOUR } from '../../src/domain/terms.ts';
import { ledgerHere } from '../support/cliHere.ts';
import { aFlow, type Flow } from '../support/flowWorld.ts';

const ROLES = `      read: { grants: {}, duration: { max: 4h }, rules: [{ allow: { duration: { max: 4h } } }] }
      admin: { grants: {}, duration: { max: 4h }, rules: [{ ask: { reviewers: [U0FRED] } }] }`;
let flow: Flow;
beforeEach(() => {
  flow = aFlow({ roles: ROLES });
});
afterEach(() => flow.close());

const refuses = async (): Promise<void> => {
  const { path } = flow.ledger;
  flow.ledger.close();
  expect(await ledgerHere('erase', '--person', 'U0ANA', path)).toMatchObject({
    code: 2,
    err: expect.stringContaining('U0ANA'),
  });
};

test('nobody who has access', async () => {
  await flow.asks('U0ANA', 'db/read', HOUR);
  await refuses();
});

test('nobody whose request waits', async () => {
  await flow.asks('U0ANA', 'db/admin', HOUR);
  await refuses();
});
