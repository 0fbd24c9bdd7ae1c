/** What leaves the machine by `jitbot policy decisions --export`: what rules decide with, and nobody. */

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { readDecisionsFile } from '../../src/cli/policy/decisionsFile.ts';
import { MINUTE } from '../../src/domain/terms.ts';
import { decisionsIn } from '../../src/ledger/history/decisions.ts';
import { openLedgerToRead } from '../../src/ledger/sqlite/open.ts';
import { runHere } from '../support/cliHere.ts';
import { aSite } from '../support/flowWorld.ts';
import { aLivedLedger } from '../support/livedLedger.ts';

const POLICY = `version: 1
slack: { audit_channel: C0AUDIT, approvals_channel: C0ACCESS, admins: [U0EVE] }
resources:
  db:
    target: { kind: command, run: [/bin/true] }
    roles:
      read: { grants: {}, duration: { max: 4h }, rules: [{ allow: { members_of: [U0BEN] } }, { ask: { reviewers: [U0DEV] } }] }
`;

let folder: string;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'jitbot-export-'));
  writeFileSync(at('policy.yaml'), POLICY);
  await aLivedLedger(aSite(at('jit.db')));
  const ran = await runHere(
    ...['policy', 'decisions', '--policy', at('policy.yaml'), '--database', at('jit.db')],
    ...['--since', '3000d', '--export', at('decisions.json')],
  );
  expect(ran).toMatchObject({ code: 0, err: '' });
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));
const at = (name: string) => join(folder, name);
const written = () => readFileSync(at('decisions.json'), 'utf8');
const exported = () => readDecisionsFile(at('decisions.json')).decisions;

function recorded() {
  const ledger = openLedgerToRead(at('jit.db'));
  try {
    return [...decisionsIn(ledger, 0)];
  } finally {
    ledger.close();
  }
}

test('every decision by rules is in it, and none by break-glass', () => {
  const effects = recorded().map(({ decision }) => decision.effect);
  expect(effects).toContain('break_glass');
  expect(exported().map(({ decision }) => decision.effect)).toEqual(effects.filter((one) => one !== 'break_glass'));
});

test('decisions and requests have numbers of their own', () => {
  expect(exported().map(({ seq }) => seq)).toEqual(exported().map((_one, index) => index + 1));
  expect(exported().map(({ requestId }) => requestId)).toEqual(exported().map((_one, index) => `#${index + 1}`));
  for (const { requestId } of recorded()) expect(written()).not.toContain(`"${requestId}"`);
});

test('only a requester stays whom a condition names, and no reviewer', () => {
  expect(recorded().map(({ input }) => input.personId)).toEqual(expect.arrayContaining(['U0BEN', 'U0DEV', 'U0ANA']));
  expect(new Set(written().match(/\b[UW]0[A-Z]+\b/g))).toEqual(new Set(['U0BEN']));
  expect(written()).not.toMatch(/@|Ana|Ben|Eve|unused/);
});

test('no time in it is exact, not even that of its beginning', () => {
  const isStep = (time: number) => time % (5 * MINUTE) === 0;
  const { since, decisions } = readDecisionsFile(at('decisions.json'));
  expect(isStep(Date.parse(since))).toBe(true);
  expect(decisions.flatMap((one) => [one.at, one.input.at, one.input.evidence.at]).every(isStep)).toBe(true);
});
