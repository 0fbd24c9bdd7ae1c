import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { decisionsIn } from '../../src/ledger/history/decisions.ts';
import { type OpenLedger, openLedger } from '../../src/ledger/sqlite/open.ts';
import { StorageError } from '../../src/ports/store.ts';
import { aSite } from '../support/flowWorld.ts';
import { aLivedLedger } from '../support/livedLedger.ts';

let folder: string;
let ledger: OpenLedger;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'jitbot-decisions-'));
  const site = aSite(join(folder, 'jit.db'));
  await aLivedLedger(site);
  ledger = openLedger(site.path);
});
afterEach(() => {
  ledger.close();
  rmSync(folder, { recursive: true });
});

test.each(['{}', 'no JSON', '{"input":{},"role":"db/read"}'])(
  'a decision that somebody changed to %s ends the reading with its number',
  (payload) => {
    const [first, second] = [...decisionsIn(ledger, 0)];
    expect([first, second]).toEqual([expect.objectContaining({ role: expect.any(String) }), expect.anything()]);
    ledger.sqlite.exec('DROP TRIGGER events_are_never_changed');
    ledger.sqlite.prepare('UPDATE events SET payload = ? WHERE seq = ?').run(payload, second?.seq);
    const changed = `${ledger.path}: event ${second?.seq} was changed; "jitbot ledger verify" says more`;
    expect(() => [...decisionsIn(ledger, 0)]).toThrow(new StorageError(changed));
  },
);

test('a decision and a review of it name who asked', () => {
  const people = (type: string) =>
    [...decisionsIn(ledger, 0)].filter((one) => one.type === type).map(({ person }) => person);
  expect(people('request.submitted')).toEqual(expect.arrayContaining(['Ana', 'Ben', 'Dev']));
  expect(people('review.recorded').slice(0, 2)).toEqual(['Ben', 'Dev']);
});
