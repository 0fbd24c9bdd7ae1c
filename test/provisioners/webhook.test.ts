import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { webhook } from '../../src/provisioners/webhook/provisioner.ts';
import { type FlagService, startFlagService } from '../../src/sandbox/flagService.ts';
import { accessOf, describeContract, type Harness, inAnHour, newGrantId, useForTests } from './contract.ts';

/** Against a receiver that checks signatures, as a team would write it. */

const SECRET = 'sixteen-characters-at-least';
let flags: FlagService;
let harness: Harness;
let id: string;
const use = useForTests();

beforeAll(async () => {
  flags = await startFlagService(SECRET, Date.now);
  harness = {
    connection: webhook.connect(webhook.targetSchema.parse({ kind: 'webhook', url: flags.url, secret: SECRET }), use),
    role: { permission: 'edit' },
    reallyHas: async (grantId) => flags.editors.has(grantId),
    breakTarget: () => flags.faults.add({ kind: 'error_500' }),
    mendTarget: () => flags.faults.clear(),
  };
});
afterAll(async () => {
  await harness.connection.close();
  await flags.close();
  use.close();
});
beforeEach(() => {
  id = newGrantId();
});
const access = <Role>(role: Role) => accessOf(role, id);

describeContract('webhook', () => harness);

describe('webhook', () => {
  test('a receiver that answers nonsense, or says no, is a failure', async () => {
    const { connection, role } = harness;
    flags.faults.add({ kind: 'html', times: 1 });
    await expect(connection.isActive(access(role))).rejects.toThrow(/502/);
  });

  test('a wrong secret is refused by the receiver and grants nothing', async () => {
    const wrong = webhook.connect(
      webhook.targetSchema.parse({ kind: 'webhook', url: flags.url, secret: 'another-secret-of-some-length' }),
      use,
    );
    await expect(wrong.grant(access({ permission: 'edit' }), inAnHour())).rejects.toThrow(/401/);
    expect(flags.refused).toContain('bad signature');
    expect(flags.editors.has(id)).toBe(false);
  });

  test('a request that was signed long ago is refused by the receiver: one that was held up does not grant late', async () => {
    const late = webhook.connect(webhook.targetSchema.parse({ kind: 'webhook', url: flags.url, secret: SECRET }), {
      ...use,
      clock: { now: () => Date.now() - 10 * 60_000 },
    });
    await expect(late.grant(access({ permission: 'edit' }), inAnHour())).rejects.toThrow(/401/);
  });
});

test.each([
  [{}, undefined],
  [{ sessions: 'ended' }, 0],
  [{ sessions: '1h30m' }, 5_400_000],
  [{ sessions: 'until_closed' }, null],
])('what the policy file says of sessions is what people are told: %j', (said, afterlife) => {
  const target = webhook.targetSchema.parse({ kind: 'webhook', url: flags.url, secret: SECRET, ...said });
  expect(webhook.connect(target, use).afterlife).toBe(afterlife);
});
