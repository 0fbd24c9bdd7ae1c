/** `jitbot revoke-all`, judged at a target that lists what it holds. */

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { HOUR } from '../../src/domain/terms.ts';
import { backupLedger } from '../../src/ledger/history/backup.ts';
import { placeOf } from '../../src/provisioners/targetPlaces.ts';
import { jit } from '../support/cli.ts';
import { aFlow, type Flow } from '../support/flowWorld.ts';

let folder: string;
let server: Server;
let flow: Flow;
/** Grants that the target holds. */
let held: Set<string>;
let refuses = false;
/** Says yes to everything, and takes nothing back. */
let isStubborn = false;
let policy: string;
let copy: string;
const SECRET = 'sixteen-characters-at-least';

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'jitbot-revoke-all-test-'));
  held = new Set();
  refuses = false;
  isStubborn = false;
  server = createServer((request, response) => {
    let text = '';
    request.on('data', (part) => {
      text += String(part);
    });
    request.on('end', () => {
      const { action, grant_id: id } = JSON.parse(text) as { action: string; grant_id: string };
      if (refuses) return response.writeHead(500).end('no');
      if ((action === 'revoke' || action === 'remove') && !isStubborn) held.delete(id);
      if (isStubborn && action !== 'list' && action !== 'status') return response.end('{"active":false}');
      const holdings = [...held].map((grantId) => ({ account: grantId, role: 'db/read', grant_id: grantId }));
      return response.end(JSON.stringify(action === 'list' ? { holdings } : { active: held.has(id) }));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const roles = '      read: { grants: {}, duration: { max: 4h }, rules: [{ allow: { duration: { max: 4h } } }] }';
  flow = aFlow({ roles });
  const target = { kind: 'webhook', url: `http://127.0.0.1:${port}/db`, secret: SECRET };
  const place = placeOf({ kind: 'webhook', target }, {}) ?? '';
  Object.assign(flow.deps.targets, { placeOf: () => place });
  for (const who of ['U0ANA', 'U0BEN']) await flow.asks(who, 'db/read', HOUR);
  await flow.work();
  for (const { value } of await flow.deps.store.liveGrants({})) held.add(value.id);
  held.add('G9LATER');
  copy = join(folder, 'copy.db');
  backupLedger(flow.ledger.path, copy);
  policy = join(folder, 'policy.yaml');
  writeFileSync(
    policy,
    `version: 1
slack: { audit_channel: C0AUDIT, approvals_channel: C0ACCESS }
resources:
  db:
    name: Database
    target: { kind: webhook, url: "${target.url}", secret: "\${SECRET}", lists: true }
    roles:
${roles}
`,
  );
});
afterEach(async () => {
  flow.close();
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  rmSync(folder, { recursive: true, force: true });
});

test('what a copy calls live ends at the target, and so do grants made after it', async () => {
  const done = await jit(['revoke-all', '--from', copy, policy], { SECRET });
  expect(done).toMatchObject({ code: 0, err: '' });
  expect([...held]).toEqual([]);
  expect(done.out).toMatch(/^gone {6}db\/read of Ana \(jit_G\d+\)$/m);
  expect(done.out).toMatch(/^gone {6}db: G9LATER, of grant G9LATER$/m);
});

test('a target that cannot say what it holds is to be looked at', async () => {
  writeFileSync(policy, readFileSync(policy, 'utf8').replace(', lists: true', ''));
  const { code, out } = await jit(['revoke-all', '--from', copy, policy], { SECRET });
  expect(out).toMatch(/^LOOK AT {3}db: its target does not say what was given after the copy/m);
  expect(out).not.toContain('NOT GONE');
  expect(code).toBe(1);
});

test('what is not gone is said, with what to do by hand, and is no success', async () => {
  refuses = true;
  const { code, out } = await jit(['revoke-all', '--from', copy, policy], { SECRET });
  expect(code).toBe(1);
  expect(out).toMatch(/^NOT GONE {2}db\/read of Ana \(jit_G\d+\): .*500/m);
  expect(out).toMatch(/^ {4}At 127\.0\.0\.1:\d+: end what grant G\d+ of db\/read gave to jit_G/m);
  expect(held.size).toBe(3);
});

test('what a copy calls ended and a target still holds ends too', async () => {
  const [one] = await flow.deps.store.liveGrants({});
  if (!one) throw new Error('there is no grant');
  flow.clock.advance(HOUR);
  await flow.work();
  const later = join(folder, 'later.db');
  backupLedger(flow.ledger.path, later);
  const done = await jit(['revoke-all', '--from', later, policy], { SECRET });
  expect(done).toMatchObject({ code: 0 });
  expect([...held]).toEqual([]);
  expect(done.out).toContain(`of grant ${one.value.id}`);
});

test('what the target still shows after it was taken back is not gone', async () => {
  isStubborn = true;
  const { code, out } = await jit(['revoke-all', '--from', copy, policy], { SECRET });
  expect(code).toBe(1);
  expect(out).toMatch(/^NOT GONE {2}db\/read of Ana \(jit_G\d+\): the target still shows the access/m);
  expect(out).toMatch(/^NOT GONE {2}db: G9LATER, of grant G9LATER: .*it is still there/m);
  expect(out).toMatch(/^3 things need a look\.$/m);
});

test('statements are said without secrets, and nothing is touched', async () => {
  const { code, out } = await jit(['revoke-all', '--from', copy, '--statements', policy]);
  expect(code).toBe(0);
  expect(out.match(/^# db\/read of (Ana|Ben), grant G/gm)).toHaveLength(2);
  expect(held.size).toBe(3);
});

test('a copy has to be named', async () => {
  expect((await jit(['revoke-all', policy])).err).toContain('--from names a copy of the database');
});
