import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { readDecisionsFile } from '../../src/cli/policy/decisionsFile.ts';

test('a decisions file is read with all that deciding again needs', () => {
  const folder = mkdtempSync(join(tmpdir(), 'jitbot-decisions-'));
  try {
    const nothing = { onCall: null, incident: null, history: null, removals: null, signals: null, opa: null };
    const othersOnCall = { known: false, problem: 'not known then' };
    const evidence = { at: 4, groups: {}, otherAccounts: ['U2'], othersOnCall, ...nothing };
    const input = { at: 5, personId: 'U1', duration: 60, held: 30, evidence };
    const decision = { effect: 'deny' };
    const one = { seq: 1, at: 5, requestId: '#1', person: 'U1', role: 'db/read', input, decision };
    const document = { since: '2026-01-01T00:00:00Z', decisions: [one] };
    const path = join(folder, 'decisions.json');
    writeFileSync(path, JSON.stringify(document));
    expect(readDecisionsFile(path)).toEqual(document);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
