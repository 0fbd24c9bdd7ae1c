import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { webhook } from '../../src/provisioners/webhook/provisioner.ts';
import { type FlagService, startFlagService } from '../../src/sandbox/flagService.ts';
import { type AccessService, startAccessService } from '../support/accessService.ts';
import { accessOf, describeContract, type Harness, inAnHour, newGrantId, useForTests } from './contract.ts';
import { changesOfOwn } from './ownChanges.ts';

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
    changes: {
      renamePerson: 'this service knows what it gave by the grant alone, and by nothing that has a name',
      renameContainer: 'this service knows what it gave by the grant alone, and by nothing that has a name',
      moveTarget: [
        {
          how: 'something else answers at the same address',
          act: () => {
            flags.faults.add({ kind: 'html' });
            return {
              undo: () => flags.faults.clear(),
              others: () => [...flags.editors.keys()].filter((one) => one === 'GEVE'),
            };
          },
        },
      ],
      blind: [
        {
          how: 'with another secret than the receiver has',
          act: () => {
            flags.faults.add({ kind: 'error_500' });
            return { undo: () => flags.faults.clear(), others: () => flags.refused.length };
          },
        },
      ],
    },
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

describe('a service behind a gateway that honours idempotency keys', () => {
  let service: AccessService;
  let target: Parameters<typeof webhook.connect>[0];
  let connection: ReturnType<typeof webhook.connect>;
  beforeAll(async () => {
    service = await startAccessService();
    target = webhook.targetSchema.parse({ kind: 'webhook', url: service.url, secret: SECRET });
    connection = webhook.connect(target, use);
  });
  afterAll(() => service.close());
  describeContract('webhook, with ids of its own', () => ({
    connection,
    role: { permission: 'edit' },
    reallyHas: async (grantId) => [...service.held.values()].some(({ madeFor }) => madeFor === grantId),
    breakTarget: () => {
      service.instead = { status: 503, body: 'down' };
    },
    mendTarget: () => {
      service.instead = null;
    },
    changes: changesOfOwn({
      held: () => service.held,
      keep: () => undefined,
      elsewhere: ['404 {"active":false}', '410 gone', '307 moved', '200 {"active":false,"id":"of-another"}'],
      blind: ['401 {}', '403 {"active":false}', '200 ', '200 {}', '202 {"active":false}', '200 {"active":"false"}'],
      answer: (text) => {
        service.instead = text === null ? null : { status: Number(text.slice(0, 3)), body: text.slice(4) };
      },
    }),
  }));
  beforeEach(() => {
    service.held.clear();
    service.asked.length = 0;
    service.instead = null;
    service.failures.length = 0;
  });
  const one = () => access({ permission: 'edit' });
  const keysOf = (action: string) => service.asked.flatMap((asked) => (asked.action === action ? [asked.key] : []));

  test('K11.9 a question carries no key, so it is answered from what is so now', async () => {
    await connection.grant(one(), inAnHour());
    expect(await connection.isActive(one())).toBe(true);
    service.held.clear();
    expect(await connection.isActive(one())).toBe(false);
    const listing = webhook.connect({ ...target, lists: true }, use);
    await expect(listing.list?.([])).rejects.toThrow(/not \{"holdings"/);
    await connection.check([{ roleKey: 'flags/edit', role: { permission: 'edit' } }]);
    expect(new Set(service.asked.filter(({ key }) => key !== undefined).map(({ action }) => action))).toEqual(
      new Set(['grant']),
    );
  });

  test('K11.10 a grant, its extension and its revoke are acts of their own', async () => {
    await connection.grant(one(), inAnHour());
    await connection.grant(one(), inAnHour() + 1000);
    await connection.revoke(one());
    const keys = [...keysOf('grant'), ...keysOf('revoke')];
    expect(new Set(keys).size).toBe(3);
    expect(service.held.size).toBe(0);
  });

  test('K11.10 a revoke that failed is asked for anew, and not answered from memory', async () => {
    await connection.grant(one(), inAnHour());
    service.failures.push({ status: 503, body: 'try later' });
    await expect(connection.revoke(one())).rejects.toThrow(/503/);
    await connection.revoke(one());
    expect(service.held.size).toBe(0);
  });

  test('K11.10 a revoke that was answered and did not hold is an act of its own when it is asked for again', async () => {
    await connection.grant(one(), inAnHour());
    service.failures.push({ status: 200, body: '{"active": false}' });
    await connection.revoke(one());
    expect(await connection.isActive(one())).toBe(true);
    await connection.revoke(one());
    expect(await connection.isActive(one())).toBe(false);
  });

  test('K11.10 only the repeat of an act that nobody answered has the same key', async () => {
    const until = inAnHour();
    service.lose = 1;
    await expect(connection.grant(one(), until)).rejects.toThrow(/could not be reached/);
    await connection.grant(one(), until);
    const [first, second] = keysOf('grant');
    expect(second).toBe(first);
    expect(service.held.size).toBe(1);
    service.lose = 1;
    await expect(connection.revoke(one())).rejects.toThrow(/could not be reached/);
    await connection.revoke(one());
    await connection.revoke(one());
    const [lost, again, another] = keysOf('revoke');
    expect(again).toBe(lost);
    expect(another).not.toBe(lost);
  });

  test('K3 the id that a service gives what it made goes with every later call', async () => {
    await connection.grant(one(), inAnHour());
    const [given] = [...service.held.keys()];
    // Renamed by its holder: the service finds it by its id alone.
    for (const seat of service.held.values()) seat.grantId = 'GRENAMED';
    expect(await connection.isActive(one())).toBe(true);
    await connection.grant(one(), inAnHour() + 1000);
    await connection.revoke(one());
    expect(service.held.size).toBe(0);
    expect(service.asked.map(({ action, id: said }) => [action, said])).toEqual([
      ['grant', undefined],
      ['status', given],
      ['grant', given],
      ['revoke', given],
    ]);
  });

  test('K3 a service that answers about another id, or gives another at an extension, is not believed', async () => {
    await connection.grant(one(), inAnHour());
    service.failures.push({ status: 200, body: '{"active": false, "id": "seat-of-somebody"}' });
    await expect(connection.isActive(one())).rejects.toThrow(/answered about seat-of-somebody/);
    service.failures.push({ status: 200, body: '{"active": true, "id": "seat-second"}' });
    await expect(connection.grant(one(), inAnHour())).rejects.toThrow(/seat-second, where it had given seat-/);
    service.held.set('seat-second', { grantId: id, person: 'ben@harbor.example', madeFor: id });
    await connection.revoke(one());
    // What it gave twice is taken back twice.
    expect(service.held.size).toBe(0);
  });

  test('K3 what it gave before it gave ids is stamped with one at the first start, where it says so', async () => {
    service.held.set('seat-old', { grantId: id, person: 'ben@harbor.example', madeFor: id });
    expect(await connection.isActive(one())).toBe(true);
    await connection.stamp?.(one());
    await connection.stamp?.(one());
    for (const seat of service.held.values()) seat.grantId = 'GRENAMED';
    await connection.revoke(one());
    expect(service.held.size).toBe(0);
  });

  test.each([
    ['a word for no', 200, '{"active": "false"}'],
    ['nothing about it', 200, '{}'],
    ['nothing at all', 200, ''],
    ['null', 200, 'null'],
    ['a list', 200, '[]'],
    ['an error beside it', 200, '{"active": false, "error": "not authorized"}'],
    ['a page', 200, '<html>Sign in</html>'],
    ['no content', 204, ''],
    ['that it will see', 202, '{"active": false}'],
    ['that it is not there', 404, '{"active": false}'],
    ['that it is gone', 410, '{"active": false}'],
    ['that the bot may not', 403, '{"active": false}'],
  ])('K3 what answers %s has not said that access is gone', async (_, status, body) => {
    await connection.grant(one(), inAnHour());
    service.instead = { status, body };
    await expect(connection.isActive(one())).rejects.toThrow(/127\.0\.0\.1/);
    await expect(connection.revoke(one())).rejects.toThrow(/127\.0\.0\.1/);
    service.instead = null;
    expect(await connection.isActive(one())).toBe(true);
  });

  test('K3 a redirect is not followed: another place knows nothing of the access', async () => {
    const other = await startAccessService();
    await connection.grant(one(), inAnHour());
    service.instead = { status: 307, body: '', headers: { location: other.url } };
    await expect(connection.isActive(one())).rejects.toThrow(/could not be reached/);
    expect(other.asked).toEqual([]);
    await other.close();
  });
});

describe('the place of a webhook', () => {
  const placeOf = (url: string, secret = SECRET) =>
    webhook.placeOf(webhook.targetSchema.parse({ kind: 'webhook', url, secret }));

  test('K4 is its host, path and query, and not its secrets', () => {
    const place = placeOf('https://flags.example/jit?tenant=a');
    expect(placeOf('https://flags.example/jit?tenant=b')).not.toBe(place);
    expect(placeOf('https://flags.example/other?tenant=a')).not.toBe(place);
    expect(placeOf('https://flags.example/jit?tenant=a', 'another-secret-of-some-length')).toBe(place);
    expect(placeOf('https://bot:password@flags.example/jit?tenant=a&token=xyz')).toBe(place);
    expect(place).not.toContain('tenant');
  });
});
