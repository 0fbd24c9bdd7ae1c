/** Against a receiver that checks signatures, as a team would write it. */

import { createHmac } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { webhook } from '../../src/provisioners/webhook/provisioner.ts';
import { type FlagService, startFlagService } from '../../src/sandbox/flagService.ts';
import { type AccessService, startAccessService } from '../support/accessService.ts';
import { accessOf, describeContract, type Harness, inAnHour, newGrantId, useForTests } from './contract.ts';
import { changesOfOwn } from './ownChanges.ts';

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
/** A book that keeps nothing, where what is kept is no matter. */
const forgetful: typeof use.ids = { ...use.ids, keep: async () => undefined, of: async () => new Map() };

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

  test('the receiver refuses a request signed long ago: a delayed one grants nothing', async () => {
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
])('sessions in the policy file are what people are told: %j', (said, afterlife) => {
  const target = webhook.targetSchema.parse({ kind: 'webhook', url: flags.url, secret: SECRET, ...said });
  expect(webhook.connect(target, use).afterlife).toBe(afterlife);
});

describe('a service behind a gateway that honours idempotency keys', () => {
  let service: AccessService;
  let target: Parameters<typeof webhook.connect>[0];
  let connection: ReturnType<typeof webhook.connect>;
  const clock = { skipped: 0, now: () => Date.now() + clock.skipped };
  beforeAll(async () => {
    service = await startAccessService();
    target = webhook.targetSchema.parse({ kind: 'webhook', url: service.url, secret: SECRET });
    connection = webhook.connect(target, { ...use, clock });
  });
  afterAll(() => service.close());
  describeContract('webhook, with ids of its own', () => ({
    connection,
    wire: service.wire,
    later: () => {
      clock.skipped += 76_000;
    },
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
    service.endless = false;
  });
  const one = () => access({ permission: 'edit' });
  const keysOf = (action: string) => service.asked.flatMap((asked) => (asked.action === action ? [asked.key] : []));

  describe('what is sent', () => {
    const at = Date.UTC(2026, 0, 15, 12, 0, 0, 999);
    const connect = (more: object = {}) =>
      webhook.connect({ ...target, ...more }, { ...use, clock: { now: () => at } });
    const documents = () => service.asked.map(({ text }) => JSON.parse(text));
    const about = () => ({
      grant_id: id,
      request_id: `R${id.slice(1)}`,
      role: 'payments-db/read',
      grants: { permission: 'edit', areas: ['a', { b: null }] },
      person: { email: 'ben@harbor.example', name: 'Ben Okafor', slack_id: 'U0BEN' },
    });
    const wide = () => access({ permission: 'edit', areas: ['a', { b: null }] });

    test('each call says who, what, by which grant, and until when', async () => {
      const connection = connect();
      await connection.grant(wide(), Date.UTC(2026, 0, 15, 13));
      await connection.isActive(wide());
      await connection.revoke(wide());
      const given = { id: expect.stringMatching(/^seat-/) };
      expect(documents()).toEqual([
        { action: 'grant', ...about(), expires_at: '2026-01-15T13:00:00.000Z' },
        { action: 'status', ...about(), expires_at: null, ...given },
        { action: 'revoke', ...about(), expires_at: null, ...given },
      ]);
    });

    test('is signed with the shared secret over the time in seconds and the exact text', async () => {
      await connect().grant(wide(), at);
      const [{ text = '', headers = {} } = {}] = service.asked;
      const seconds = String(Date.UTC(2026, 0, 15, 12) / 1000);
      const signature = createHmac('sha256', SECRET).update(`${seconds}.${text}`).digest('hex');
      expect(headers).toMatchObject({
        'content-type': 'application/json',
        'cache-control': 'no-store',
        'x-jit-timestamp': seconds,
        'x-jit-signature': `v1=${signature}`,
        'idempotency-key': expect.stringMatching(new RegExp(`^${id}:grant:[0-9a-f-]{36}$`)),
      });
      const standard = createHmac('sha256', SECRET)
        .update(`${headers['webhook-id']}.${seconds}.${text}`)
        .digest('base64');
      expect(headers).toMatchObject({
        'webhook-id': headers['idempotency-key'],
        'webhook-timestamp': seconds,
        'webhook-signature': `v1,${standard}`,
      });
    });

    test('has a new id for each question', async () => {
      const connection = connect();
      await connection.grant(wide(), at);
      await connection.isActive(wide());
      await connection.isActive(wide());
      const ids = service.asked.map(({ headers }) => String(headers?.['webhook-id']));
      expect(ids.slice(1)).toEqual([expect.stringMatching(/^status:/), expect.stringMatching(/^status:/)]);
      expect(new Set(ids).size).toBe(3);
    });

    test('list and check name every role, and remove names what was found', async () => {
      const connection = connect({ lists: true, checks: true });
      const roles = [
        { roleKey: 'flags/edit', role: { permission: 'edit' } },
        { roleKey: 'flags/view', role: {} },
      ];
      const asked = [
        { role: 'flags/edit', grants: { permission: 'edit' } },
        { role: 'flags/view', grants: {} },
      ];
      const reply = (body: object) => service.failures.push({ status: 200, body: JSON.stringify(body) });
      reply({ holdings: [{ account: 'eve', role: null, grant_id: 'GEVE' }] });
      expect(await connection.list?.(roles)).toEqual([{ account: 'eve', role: null, grantId: 'GEVE' }]);
      reply({
        findings: [
          { ok: false, what: 'the door', fix: 'open it' },
          { ok: true, what: 'the key' },
        ],
      });
      expect(await connection.check(roles)).toEqual([
        { ok: false, what: 'the door', fix: 'open it' },
        { ok: true, what: 'the key' },
      ]);
      for (const grantId of [null, id]) {
        reply({ active: false });
        await connection.remove?.({ account: 'eve', role: 'flags/view', grantId }, grantId === null ? {} : null);
      }
      expect(documents()).toEqual([
        { action: 'list', roles: asked },
        { action: 'check', roles: asked },
        { action: 'remove', account: 'eve', role: 'flags/view', grants: {}, grant_id: null },
        { action: 'remove', account: 'eve', role: 'flags/view', grants: null, grant_id: id },
      ]);
      expect(keysOf('remove').map((key) => key?.replace(/[0-9a-f-]{36}$/, ''))).toEqual([
        'standing:remove:',
        `${id}:remove:`,
      ]);
      reply({ active: true });
      await expect(connection.remove?.({ account: 'eve', role: null, grantId: null }, null)).rejects.toThrow(
        'answered that eve still has it',
      );
    });

    test('one that neither lists nor checks is asked about a grant that never existed', async () => {
      const connection = connect();
      expect([connection.list, connection.remove]).toEqual([undefined, undefined]);
      const roles = [{ roleKey: 'flags/edit', role: { permission: 'edit' } }];
      expect(await connection.check(roles)).toMatchObject([{ ok: true }]);
      expect(documents()).toMatchObject([
        { action: 'status', grant_id: 'GDOCTOR', role: 'flags/edit', person: { email: 'jit-doctor@example.com' } },
      ]);
      const two = [...roles, { roleKey: 'flags/view', role: {} }];
      for (const active of [false, true]) service.failures.push({ status: 200, body: JSON.stringify({ active }) });
      expect(await connection.check(two)).toMatchObject([
        { ok: false, what: expect.stringContaining('never existed') },
      ]);
    });
  });

  test('people are shown the service’s name for them, or their address without one', async () => {
    for (const [said, account] of [
      ['{"active": true, "account": "ben-7"}', 'ben-7'],
      ['{"active": true, "account": ""}', 'ben@harbor.example'],
      ['{"active": true}', 'ben@harbor.example'],
    ] as const) {
      service.failures.push({ status: 200, body: said });
      expect(await connection.grant(one(), inAnHour())).toEqual({ account });
    }
    service.failures.push({ status: 200, body: '{"active": false, "account": "ben-7", "id": "seat-half"}' });
    await expect(connection.grant(one(), inAnHour())).rejects.toThrow('answered the grant with "active": false');
    // What has an id there can be taken back by it.
    service.failures.push({ status: 200, body: '{"active": false, "id": "seat-half"}' });
    await connection.revoke(one());
    expect(service.asked.at(-1)?.id).toBe('seat-half');
  });

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

  test('K11.10 a revoke that did not hold is a new act when it is asked for again', async () => {
    await connection.grant(one(), inAnHour());
    service.failures.push({ status: 200, body: '{"active": false}' });
    await connection.revoke(one());
    expect(await connection.isActive(one())).toBe(true);
    await connection.revoke(one());
    expect(await connection.isActive(one())).toBe(false);
  });

  /** At a time that the test sets, and what it is set to. */
  function atATime() {
    const clock = { at: Date.now(), now: () => clock.at };
    return { clock, connect: () => webhook.connect(target, { ...use, clock }) };
  }

  test('K11.10 only the repeat of an act that nobody answered has the same key', async () => {
    const until = inAnHour();
    const { clock, connect } = atATime();
    const connection = connect();
    service.lose = 1;
    await expect(connection.grant(one(), until)).rejects.toThrow(/could not be reached/);
    await connection.grant(one(), until);
    clock.at += 76_000;
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

  test.each<[string, () => void]>([
    [
      'was lost',
      () => {
        service.lose = 1;
      },
    ],
    ...[502, 504].map((status): [string, () => void] => [
      `came from a gateway, ${status}`,
      () => service.failures.push({ status, body: 'the service did not answer' }),
    ]),
  ])('a grant with answer %s may come late, so its end waits, also after restart', async (_, lose) => {
    const { clock, connect } = atATime();
    lose();
    await expect(connect().grant(one(), inAnHour())).rejects.toThrow();
    clock.at += 70_000;
    await expect(connect().revoke(one())).rejects.toThrow(/may still carry it out; .* again in 5 seconds/);
    // What was held up is carried out now.
    service.held.set('seat-late', { grantId: id, person: 'ben@harbor.example', madeFor: id });
    clock.at += 6_000;
    await connect().revoke(one());
    expect(service.held.size).toBe(0);
    expect(await connect().isActive(one())).toBe(false);
  });

  test('an extension without its answer may come late, and repeats change nothing', async () => {
    const { clock, connect } = atATime();
    await connect().grant(one(), inAnHour());
    service.lose = 1;
    await expect(connect().grant(one(), inAnHour() + 1000)).rejects.toThrow(/could not be reached/);
    await connect().grant(one(), inAnHour() + 1000);
    await expect(connect().revoke(one())).rejects.toThrow(/may still carry it out/);
    clock.at += 76_000;
    await connect().revoke(one());
  });

  test('a grant that was answered, also with a failure, delays no end', async () => {
    service.failures.push({ status: 500, body: 'no' });
    await expect(connection.grant(one(), inAnHour())).rejects.toThrow(/500/);
    await connection.revoke(one());
    expect(await connection.isActive(one())).toBe(false);
  });

  test('what its holder left is named at the end, also after a failed read-back', async () => {
    await connection.grant(one(), inAnHour());
    const left = [{ what: 'a share for mallory', done: 'stays' }];
    service.failures.push({ status: 200, body: JSON.stringify({ active: false, left }) });
    expect(await connection.revoke(one())).toEqual({ left });
    expect(await connection.revoke(one())).toEqual({ left });
  });

  test('an answer that never ends is cut off, and counts as none', async () => {
    await connection.grant(one(), inAnHour());
    service.endless = true;
    for (const call of [connection.revoke(one()), connection.isActive(one())])
      await expect(call).rejects.toThrow(/answered \w+ with more than 2000000 bytes/);
    service.endless = false;
    // Nobody writes on: each was cut off after what was read, and what lay in buffers.
    expect(service.written).toBeLessThan(2 * 20_000_000);
    expect(await connection.isActive(one())).toBe(true);
    // An act whose answer cannot be read is asked for anew.
    const keys = keysOf('revoke');
    await connection.revoke(one());
    expect(keysOf('revoke').at(-1)).not.toBe(keys[0]);
  });

  test('a service’s own id goes with every later call', async () => {
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

  test('a service that answers about another id, or changes it, is not believed', async () => {
    await connection.grant(one(), inAnHour());
    service.failures.push({ status: 200, body: '{"active": false, "id": "seat-of-somebody"}' });
    await expect(connection.isActive(one())).rejects.toThrow(/answered about seat-of-somebody/);
    service.failures.push({ status: 200, body: '{"active": true, "id": "seat-second"}' });
    await expect(connection.grant(one(), inAnHour())).rejects.toThrow(/seat-second; before, it was seat-/);
    service.held.set('seat-second', { grantId: id, person: 'ben@harbor.example', madeFor: id });
    await connection.revoke(one());
    // What it gave twice is taken back twice.
    expect(service.held.size).toBe(0);
  });

  describe('what a service made twice for a grant', () => {
    beforeEach(async () => {
      await connection.grant(one(), inAnHour());
      service.failures.push({ status: 200, body: '{"active": true, "id": "seat-second"}' });
      await expect(connection.grant(one(), inAnHour())).rejects.toThrow(/seat-second; before/);
      service.held.set('seat-second', { grantId: id, person: 'ben@harbor.example', madeFor: id });
    });

    test('is access while either is there', async () => {
      const [first = ''] = service.held.keys();
      service.held.delete(first);
      expect(await connection.isActive(one())).toBe(true);
      service.held.clear();
      expect(await connection.isActive(one())).toBe(false);
    });

    test('ends twice where drift is removed', async () => {
      const lists = webhook.connect({ ...target, lists: true }, use);
      service.asked.length = 0;
      for (const _ of [1, 2]) service.failures.push({ status: 200, body: '{"active": false}' });
      await lists.remove?.({ account: 'ben@harbor.example', role: 'flags/edit', grantId: id }, {});
      expect(service.asked.map((asked) => asked.id)).toEqual([...service.held.keys()]);
    });
  });

  test('what a failed revoke has named is named at the end', async () => {
    await connection.grant(one(), inAnHour());
    const left = [{ what: 'a share for mallory', done: 'stays' }];
    service.failures.push({ status: 200, body: JSON.stringify({ active: true, left }) });
    await expect(connection.revoke(one())).rejects.toThrow(/"active": true/);
    expect(await connection.revoke(one())).toEqual({ left });
  });

  test('an id in an answer that nothing is there is not the grant’s', async () => {
    service.failures.push({ status: 200, body: '{"active": false, "id": "seat-of-somebody"}' });
    await connection.stamp?.(one());
    await connection.isActive(one());
    expect(service.asked.at(-1)?.id).toBeUndefined();
  });

  test('access that has its id is not asked about at the next start', async () => {
    await connection.grant(one(), inAnHour());
    service.asked.length = 0;
    await connection.stamp?.(one());
    expect(service.asked).toEqual([]);
  });

  test('of a thousand unanswered calls, each is repeated as it was', async () => {
    service.lose = 10_000;
    const acts = Array.from({ length: 1_001 }, () => accessOf({ permission: 'edit' }, newGrantId()));
    const asked = webhook.connect(target, { ...use, ids: forgetful });
    for (const act of acts) await asked.grant(act, 0).catch(() => undefined);
    const [first = '', second = ''] = acts.map(({ grantId }) => grantId);
    const keyOf = async (grantId: string) => {
      await asked.grant(accessOf({ permission: 'edit' }, grantId), 0).catch(() => undefined);
      return service.asked.flatMap((one) => (one.grantId === grantId ? [one.key] : []));
    };
    const [before, again] = await keyOf(second);
    expect(again).toBe(before);
    // The oldest beyond a thousand is an act of its own again.
    const [oldest, anew] = await keyOf(first);
    expect(anew).not.toBe(oldest);
    service.lose = 0;
  });

  test('access from before ids is stamped at the first start, where it says so', async () => {
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
    ['yes and no', 200, '{"active": true, "account": "x", "active": false}'],
    ['no, after a name that ends the field', 200, '{"active":true,"account":"ben","\\u0061ctive":false}'],
    ['nothing about it', 200, '{}'],
    ['nothing at all', 200, ''],
    ['null', 200, 'null'],
    ['a list', 200, '[]'],
    ['an error beside it', 200, '{"active": false, "error": "not authorized"}'],
    ['errors beside it', 200, '{"active": false, "errors": "not authorized"}'],
    ['a page', 200, '<html>Sign in</html>'],
    ['no content', 204, ''],
    ['that it will see', 202, '{"active": false}'],
    ['that it is not there', 404, '{"active": false}'],
    ['that it is gone', 410, '{"active": false}'],
    ['that the bot may not', 403, '{"active": false}'],
  ])('what answers %s has not said that access is gone', async (_, status, body) => {
    await connection.grant(one(), inAnHour());
    service.instead = { status, body };
    await expect(connection.isActive(one())).rejects.toThrow(/127\.0\.0\.1/);
    await expect(connection.revoke(one())).rejects.toThrow(/127\.0\.0\.1/);
    service.instead = null;
    expect(await connection.isActive(one())).toBe(true);
  });

  test('a redirect is not followed: another place proves nothing gone', async () => {
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

  test('is its host, path and query, and not its secrets', () => {
    const place = placeOf('https://flags.example/jit?tenant=a');
    expect(placeOf('https://flags.example/jit?tenant=b')).not.toBe(place);
    expect(placeOf('https://flags.example/other?tenant=a')).not.toBe(place);
    expect(placeOf('https://flags.example/jit?tenant=a', 'another-secret-of-some-length')).toBe(place);
    expect(placeOf('https://bot:password@flags.example/jit?tenant=a&token=xyz')).toBe(place);
    expect(place).not.toContain('tenant');
  });
});
