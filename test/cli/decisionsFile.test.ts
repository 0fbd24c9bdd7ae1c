import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { readDecisionsFile } from '../../src/cli/policy/decisionsFile.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'jitbot-decisions-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function read(document: unknown) {
  const path = join(folder, 'decisions.json');
  writeFileSync(path, JSON.stringify(document));
  return readDecisionsFile(path);
}
const nothing = { onCall: null, incident: null, history: null, removals: null, signals: null, opa: null };
const othersOnCall = { known: false, problem: 'not known then' };
const evidence = { at: 4, groups: {}, otherAccounts: ['U2'], othersOnCall, ...nothing };
const input = { at: 5, personId: 'U1', duration: 60, held: 30, evidence };
const one = {
  ...{ seq: 1, at: 5, requestId: '#1', person: 'U1', role: 'db/read', input },
  decision: { effect: 'deny' },
};
const document = { since: '2026-01-01T00:00:00Z', decisions: [one] };
const withOne = (more: object) => ({ ...document, decisions: [{ ...one, ...more }] });
const withEvidence = (more: object) => withOne({ input: { ...input, evidence: { ...evidence, ...more } } });
const shift = {
  ...{ escalationPolicy: { id: 'P', name: 'P' }, services: [], schedule: null, level: 1 },
  ...{ start: 1, end: null, isOverride: null },
};

test('a decisions file is read with all that deciding again needs', () => {
  expect(read(document)).toEqual(document);
});

test.each([
  ['at', withOne({ at: 1e20 })],
  ['at', withOne({ at: -1 })],
  ['at', withOne({ at: 1.5 })],
  ['seq', withOne({ seq: 0 })],
  ['input.at', withOne({ input: { ...input, at: 8.64e15 } })],
  ['input.duration', withOne({ input: { ...input, duration: -1 } })],
  ['input.held', withOne({ input: { ...input, held: 1e300 } })],
  ['input.evidence.at', withEvidence({ at: 4e12 + 2e11 })],
  [
    'input.evidence.onCall.value.0.start',
    withEvidence({ onCall: { known: true, value: [{ ...shift, start: 1e20 }] } }),
  ],
  ['input.evidence.onCall.value.0.level', withEvidence({ onCall: { known: true, value: [{ ...shift, level: 1e9 }] } })],
  [
    'input.evidence.history.value.denials.0.at',
    withEvidence({
      history: { known: true, value: { automatic: [], denials: [{ role: 'r', at: 1e20 }], holders: [] } },
    }),
  ],
])('a number out of all bounds at %s is refused with its place', (place, given) => {
  expect(() => read(given)).toThrow(`decisions.json: decisions.0.${place}: `);
  expect(() => read(given)).toThrow('"jitbot policy decisions --export" writes the file');
});

test('a time that is none says which are', () => {
  expect(() => read(withOne({ at: 1e20 }))).toThrow('decisions.0.at: expected a time as milliseconds since 1970');
});

test.each(['granted', 'break_glass', 'canary', ''])('"%s" is no effect that rules come to', (effect) => {
  expect(() => read(withOne({ decision: { effect } }))).toThrow('decisions.0.decision.effect: ');
});

test.each(['a\u001b[2Jb', 'a\nb', 'a\u202eb'])('a role called %j is refused, because it is shown', (role) => {
  expect(() => read(withOne({ role }))).toThrow('decisions.0.role: expected readable characters only');
});

test.each([
  ['twice', [1, 1]],
  ['out of order', [2, 1]],
])('a number that occurs %s is refused', (_name, numbers) => {
  const decisions = numbers.map((seq) => ({ ...one, seq }));
  expect(() => read({ ...document, decisions })).toThrow('decisions: expected each seq to be greater');
});
