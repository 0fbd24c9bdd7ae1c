/** `jitbot policy replay --decisions`: an exported file, decided again where the ledger is not. */

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { HOUR } from '../../src/domain/terms.ts';
import { runHere } from '../support/cliHere.ts';

const AT = Date.UTC(2026, 0, 15);
const policyFor = (who: string) => `version: 1
slack: { audit_channel: C0AUDIT, approvals_channel: C0ACCESS, admins: [U0EVE] }
resources:
  db:
    target: { kind: command, run: [/bin/true] }
    roles: { read: { grants: {}, duration: { max: 1h }, rules: [{ allow: { members_of: [${who}] } }] } }
`;

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'jitbot-replay-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));
const at = (name: string) => join(folder, name);

function replay(who: string, role: string, ...more: string[]) {
  const evidence = {
    ...{ at: AT, groups: {}, onCall: null, incident: null, history: null },
    ...{ removals: null, signals: null, opa: null },
  };
  const decision = {
    ...{ seq: 1, at: AT, requestId: '#1', person: 'U0ANA', role, decision: { effect: 'allow' } },
    input: { at: AT, personId: 'U0ANA', duration: HOUR, evidence },
  };
  writeFileSync(at('policy.yaml'), policyFor(who));
  writeFileSync(at('decisions.json'), JSON.stringify({ since: '2026-01-01T00:00:00Z', decisions: [decision] }));
  return runHere('policy', 'replay', '--policy', at('policy.yaml'), '--decisions', at('decisions.json'), ...more);
}

test.each([
  ['nothing changes', 'U0ANA', 0, '0 would be different'],
  ['something changes', 'U0BEN', 1, 'allow → deny'],
  ['it cannot be told whether something does', 'S0ONE', 1, 'allow → cannot be told'],
])('where %s, its exit code says so', async (_name, who, code, told) => {
  expect(await replay(who, 'db/read')).toMatchObject({ code, out: expect.stringContaining(told) });
});

test('a page shows every word of the file as a word', async () => {
  const page = at('replay.html');
  expect(await replay('U0ANA', '<img src=x onerror="a">&amp;', '--html', page)).toMatchObject({ code: 1 });
  const html = readFileSync(page, 'utf8');
  expect(html).toContain('<td>&lt;img src=x onerror=&quot;a&quot;&gt;&amp;amp;</td>');
  expect(html).not.toContain('<img');
});
