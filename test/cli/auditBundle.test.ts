/** What of a ledger goes into an audit bundle. */

import { createHash, generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { strFromU8, unzipSync } from 'fflate';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { AccessReview } from '../../src/domain/accessReview.ts';
import { HOUR } from '../../src/domain/terms.ts';
import { signerFrom } from '../../src/ledger/history/checkpoint.ts';
import { keepPolicyText } from '../../src/lifecycle/reloadPolicy.ts';
import { runHere } from '../support/cliHere.ts';
import { aFlow, type Flow } from '../support/flowWorld.ts';

const ROLES = '      read: { grants: {}, duration: { max: 4h }, rules: [{ ask: { reviewers: [U0FRED] } }] }';
const FROM = Date.parse('2026-01-15T00:00:00Z');
const TO = Date.parse('2026-01-16T00:00:00Z');
const pem = generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();

let folder: string;
let flow: Flow;
const file = (name: string) => join(folder, name);
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'jitbot-bundle-'));
  writeFileSync(file('key.pem'), pem);
  flow = aFlow({ roles: ROLES });
});
afterEach(() => {
  flow.close();
  rmSync(folder, { recursive: true, force: true });
});

/** @returns the files in it */
async function bundle(...more: readonly string[]): Promise<ReadonlyMap<string, string>> {
  const period = ['--from', new Date(FROM).toISOString(), '--to', new Date(TO).toISOString()];
  const order = [flow.ledger.path, ...period, '--key', file('key.pem'), '--out', file('bundle.zip'), ...more];
  expect(await runHere('audit-bundle', ...order)).toMatchObject({ code: 0 });
  const files = Object.entries(unzipSync(readFileSync(file('bundle.zip'))));
  return new Map(files.map(([name, bytes]) => [name, strFromU8(bytes)]));
}
const read = (files: ReadonlyMap<string, string>, name: string) => JSON.parse(files.get(name) ?? 'null');
const policiesIn = (files: ReadonlyMap<string, string>) =>
  [...files.keys()].filter((name) => name.startsWith('policies/'));

test('the policy of each request and of each review is in it, or named as missing', async () => {
  const { deps } = flow;
  const asked = deps.policy;
  await deps.store.commit({ records: await keepPolicyText(deps.store, asked) });
  const request = await flow.asks('U0ANA', 'db/read', HOUR);
  flow.reload((source) => source.replace('max: 4h', 'max: 3h'));
  await flow.approves('U0FRED', request);
  const without = await bundle();
  expect(policiesIn(without)).toEqual([`policies/${asked.hash}.yaml`]);
  expect(read(without, 'about.json').missingPolicies).toEqual([deps.policy.hash]);
  rmSync(file('bundle.zip'));
  await deps.store.commit({ records: await keepPolicyText(deps.store, deps.policy) });
  const whole = await bundle();
  expect(policiesIn(whole)).toHaveLength(2);
  expect(read(whole, 'about.json').missingPolicies).toEqual([]);
});

test('a policy whose text somebody changed in the database is missing', async () => {
  const { deps } = flow;
  await flow.asks('U0ANA', 'db/read', HOUR);
  const { hash, source } = deps.policy;
  expect(createHash('sha256').update(source).digest('hex')).toBe(hash);
  const bent = { text: source.replace('U0FRED', 'U0EVE') };
  await deps.store.commit({ records: [{ kind: 'policy_text', key: hash, value: bent, version: 0 }] });
  const files = await bundle();
  expect(policiesIn(files)).toEqual([]);
  expect(read(files, 'about.json').missingPolicies).toEqual([hash]);
});

test('access reviews of the period are in it, also open ones that began before', async () => {
  const review = (id: string, startedAt: number, closedAt: number | null): AccessReview => ({
    ...{ id, startedAt, closedAt, startedBy: { slackId: 'U0EVE', name: 'Eve' } },
    ...{ dueAt: startedAt + HOUR, policyHash: '', items: [], reminded: 0 },
  });
  const all = [
    review('over', FROM - 3 * HOUR, FROM - 1),
    review('over-at-its-beginning', FROM - 3 * HOUR, FROM),
    review('open-long-since', FROM - 3 * HOUR, null),
    review('within', FROM + HOUR, FROM + 2 * HOUR),
    review('begun-at-its-end', TO, null),
  ];
  await flow.deps.store.commit({
    records: all.map((value) => ({ kind: 'access_review' as const, key: value.id, value, version: 0 })),
  });
  await flow.asks('U0ANA', 'db/read', HOUR);
  expect((read(await bundle(), 'reviews.json') as AccessReview[]).map(({ id }) => id).toSorted()).toEqual([
    'open-long-since',
    'over-at-its-beginning',
    'within',
  ]);
});

test('it is compared with checkpoints of its own ledger, and with no other’s', async () => {
  await flow.asks('U0ANA', 'db/read', HOUR);
  const [event] = flow.events();
  if (!event) throw new Error('there is no event');
  const signer = signerFrom(pem);
  const at = event.at;
  const lines = [
    signer.introduce({ publicKey: signer.publicKey, at, isFirst: true }),
    signer.checkpoint({ ledger: event.hash, seq: 1, hash: event.hash, at }),
    signer.checkpoint({ ledger: 'another', seq: 4_711, hash: 'another', at: at + 1 }),
  ];
  writeFileSync(file('checkpoints.jsonl'), lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
  const files = await bundle('--checkpoints', file('checkpoints.jsonl'));
  expect(read(files, 'about.json').verified).toMatchObject({ anchors: 1 });
});
