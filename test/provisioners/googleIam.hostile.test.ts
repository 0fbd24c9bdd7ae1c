/**
 * What a holder who may write the project's policy (and others who may) can do while a grant lives, and what is so after its
 * end: what the bot made is gone, also under another title; what came beside it is named.
 */

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { googleIam } from '../../src/provisioners/google/iam.ts';
import { credentialsFor, type FakeGoogle, startGoogle } from '../support/google.ts';
import { accessOf, BEN, inAnHour, newGrantId, useForTests } from './contract.ts';

const use = useForTests();
const folder = mkdtempSync(join(tmpdir(), 'jitbot-hostile-'));
const VIEWER = 'roles/cloudsql.viewer';
const role = googleIam.roleSchema.parse({ roles: [VIEWER, 'roles/logging.viewer'] });
const [ben, eve] = [`user:${BEN.email}`, 'user:eve@harbor.example'];
let google: FakeGoogle;
let connection: ReturnType<typeof googleIam.connect>;
let target: Parameters<typeof googleIam.connect>[0];
let id: string;

beforeAll(async () => {
  google = await startGoogle();
  const credentials = join(folder, 'credentials.json');
  writeFileSync(join(folder, 'subject'), 'a token of the machine that the bot runs on');
  writeFileSync(credentials, credentialsFor(google, join(folder, 'subject')));
  target = googleIam.targetSchema.parse({
    kind: 'google_iam',
    project: 'harbor-prod',
    credentials,
    endpoint: google.url,
  });
  connection = googleIam.connect(target, use);
});
afterAll(async () => {
  await google.close();
  use.close();
  rmSync(folder, { recursive: true, force: true });
});
beforeEach(async () => {
  google.policy.bindings = [
    { role: VIEWER, members: [eve] },
    { role: 'roles/editor', members: ['group:admins@harbor.example'] },
  ];
  id = newGrantId();
  await connection.grant(access(), inAnHour());
});

const access = () => accessOf(role, id);
/** The bot's binding of the first role. */
const own = () => {
  const found = google.policy.bindings.find((one) => one.role === VIEWER && one.condition?.title === `jitbot ${id}`);
  if (!found?.condition) throw new Error('it is not there');
  return { binding: found, condition: found.condition };
};
const end = async () => {
  const taken = await connection.revoke(access());
  return { left: typeof taken === 'object' ? taken.left : [], isActive: await connection.isActive(access()) };
};
const has = (member: string, what = VIEWER) =>
  google.policy.bindings.some(
    (one) => one.role === what && one.members.some((held) => held.toLowerCase() === member.toLowerCase()),
  );

describe('what a holder does to the binding of their grant', () => {
  test.each<[string, () => unknown]>([
    ['gives it another title', () => Object.assign(own().condition, { title: 'mine' })],
    ['gives it the title of another grant', () => Object.assign(own().condition, { title: 'jitbot GOTHER' })],
    ['takes the condition off', () => delete own().binding.condition],
    ['takes the time out of the condition', () => Object.assign(own().condition, { expression: 'true' })],
    ['makes it another, for good', () => Object.assign(own().condition, { title: 'mine', expression: 'true' })],
    [
      'writes their address in capitals there, under another title',
      () => {
        const { binding, condition } = own();
        binding.members = [`user:${BEN.email.toUpperCase()}`];
        Object.assign(condition, { title: 'mine' });
      },
    ],
    ['adds others to it', () => own().binding.members.push('user:mallory@harbor.example')],
    [
      'adds themselves to a binding that was there',
      () => {
        google.policy.bindings[0]?.members.push(ben);
        Object.assign(own().binding, { members: [] });
      },
    ],
  ])('a holder who %s loses it all the same', async (_, act) => {
    act();
    expect(await connection.isActive(access())).toBe(true);
    expect(await end()).toMatchObject({ isActive: false });
    for (const what of role.roles) expect(has(ben, what)).toBe(false);
    expect(has(eve)).toBe(true);
    expect(has('group:admins@harbor.example', 'roles/editor')).toBe(true);
  });

  test('the title of an earlier or another active grant hides nothing', async () => {
    await connection.revoke(access());
    const other = accessOf(googleIam.roleSchema.parse({ roles: ['roles/logging.viewer'] }), `${id}B`);
    await connection.grant(other, inAnHour());
    for (const title of [`jitbot ${id}`, `jitbot ${id}B`]) {
      const again = accessOf(googleIam.roleSchema.parse({ roles: [VIEWER] }), newGrantId());
      await connection.grant(again, inAnHour());
      const binding = google.policy.bindings.find(({ condition }) => condition?.title === `jitbot ${again.grantId}`);
      Object.assign(binding?.condition ?? {}, { title, expression: 'true' });
      expect(await connection.isActive(again)).toBe(true);
      await connection.revoke(again);
      expect(await connection.isActive(again)).toBe(false);
      expect(has(ben)).toBe(false);
    }
    expect(has(ben, 'roles/logging.viewer')).toBe(true);
    await connection.revoke(other);
    expect(has(ben, 'roles/logging.viewer')).toBe(false);
  });

  test('what the person had before, in the same role, is still theirs', async () => {
    await connection.revoke(access());
    google.policy.bindings.push({ role: VIEWER, members: [ben], condition: { title: 'standing', expression: 'true' } });
    await connection.grant(accessOf(role, `${id}B`), inAnHour());
    expect(await connection.revoke(accessOf(role, `${id}B`))).toEqual({ left: [] });
    expect(has(ben)).toBe(true);
    expect(await connection.isActive(accessOf(role, `${id}B`))).toBe(false);
  });

  test('a binding that they now share with others is left to the others', async () => {
    await connection.revoke(access());
    const one = accessOf(googleIam.roleSchema.parse({ roles: [VIEWER] }), newGrantId());
    await connection.grant(one, inAnHour());
    google.policy.bindings = google.policy.bindings.filter(({ condition }) => condition === undefined);
    google.policy.bindings[0]?.members.push(ben);
    expect(await connection.isActive(one)).toBe(true);
    await connection.revoke(one);
    expect([has(ben), has(eve)]).toEqual([false, true]);
  });

  test('an earlier condition that is wider by now does not count as theirs', async () => {
    await connection.revoke(access());
    const condition = { title: 'until spring', expression: 'request.time < timestamp("2026-03-01T00:00:00Z")' };
    google.policy.bindings.push({ role: VIEWER, members: [ben], condition });
    const one = accessOf(role, newGrantId());
    await connection.grant(one, inAnHour());
    Object.assign(google.policy.bindings.find((binding) => binding.condition?.title === 'until spring') ?? {}, {
      condition: { ...condition, expression: 'true' },
    });
    expect(await connection.revoke(one)).toEqual({
      left: [{ what: expect.stringContaining('"until spring": true'), done: 'removed with it' }],
    });
    expect(has(ben)).toBe(false);
  });

  test('what came before access was extended is found at its end', async () => {
    google.policy.bindings.push({ role: VIEWER, members: [ben], condition: { title: 'mine', expression: 'true' } });
    await connection.grant(access(), inAnHour() + 3_600_000);
    expect(await end()).toMatchObject({ left: [{ done: 'removed with it' }], isActive: false });
    expect(has(ben)).toBe(false);
  });

  test('what is given again after its end belongs to no other grant', async () => {
    await connection.revoke(access());
    const other = accessOf(role, `${id}B`);
    await connection.grant(other, inAnHour());
    await connection.grant(access(), inAnHour());
    expect(await connection.revoke(other)).toEqual({ left: [] });
    expect(await connection.isActive(access())).toBe(true);
    expect(role.roles.map((what) => has(ben, what))).toEqual([true, true]);
  });

  test('two grants of one person stay apart, and neither’s title hides the other', async () => {
    const other = accessOf(role, `${id}B`);
    await connection.grant(other, inAnHour());
    google.policy.bindings.push({
      role: VIEWER,
      members: ['user:mallory@harbor.example'],
      condition: { title: `jitbot ${id}B`, expression: 'true' },
    });
    const { left } = await end();
    expect(left).toEqual([
      {
        what: expect.stringMatching(/^user:mallory@harbor.example has roles\/cloudsql.viewer/),
        done: expect.stringContaining('left as it is'),
      },
    ]);
    expect(await connection.isActive(other)).toBe(true);
    await connection.revoke(other);
    expect(has(ben)).toBe(false);
  });
});

describe('what is added beside it', () => {
  test('what others got during access is named at the end', async () => {
    google.policy.bindings.push(
      { role: 'roles/owner', members: [ben] },
      { role: VIEWER, members: ['serviceAccount:robot@harbor-prod.iam.gserviceaccount.com'] },
    );
    const { left } = await end();
    expect(left.map(({ what }) => what)).toEqual([
      expect.stringMatching(/^user:ben@harbor.example has roles\/owner, which came during/),
      expect.stringMatching(/^serviceAccount:robot@.* has roles\/cloudsql.viewer, which came during/),
    ]);
    expect(has(ben, 'roles/owner')).toBe(true);
  });

  test('somebody added to its binding is standing access, which can be removed', async () => {
    own().binding.members.push('user:mallory@harbor.example');
    const one = googleIam.roleSchema.parse({ roles: [VIEWER] });
    const list = () => connection.list?.([{ roleKey: 'payments-db/read', role: one }]);
    const mallory = { account: 'mallory@harbor.example', role: 'payments-db/read', grantId: null };
    expect(await list()).toContainEqual(mallory);
    await connection.remove?.(mallory, one);
    expect(await list()).not.toContainEqual(mallory);
    expect(has(ben)).toBe(true);
    expect(has(eve)).toBe(true);
  });

  test('an extension gives nothing to the new owner of a renamed person’s address', async () => {
    google.rename(BEN.email, 'ben.adeyemi@harbor.example');
    await expect(connection.grant(access(), inAnHour())).rejects.toThrow(/names somebody else by now/);
    expect(has(ben)).toBe(false);
    expect(await end()).toMatchObject({ isActive: false });
    expect(has('user:ben.adeyemi@harbor.example')).toBe(false);
  });

  test('a deleted person’s binding goes with its grant', async () => {
    own().binding.members = [`deleted:${ben}?uid=123456789012345678901`];
    expect(await end()).toMatchObject({ isActive: false });
    expect(google.policy.bindings).toHaveLength(2);
  });
});

test('an earlier version’s grant is stamped, and found without its title then', async () => {
  const later = useForTests();
  const stamped = googleIam.connect(target, later);
  await stamped.stamp?.(access());
  await stamped.stamp?.(access());
  Object.assign(own().condition, { title: 'mine' });
  expect(await stamped.isActive(access())).toBe(true);
  await stamped.revoke(access());
  expect(has(ben)).toBe(false);
  later.close();
});
