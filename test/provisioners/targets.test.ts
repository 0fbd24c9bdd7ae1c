/** Which target is asked what, whatever the policy said when access was given and says now. Targets are local modules. */

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import { type Grant, intendGrant } from '../../src/domain/grant.ts';
import type { Policy, Resource } from '../../src/domain/policy.ts';
import { HOUR } from '../../src/domain/terms.ts';
import { connectTargets } from '../../src/provisioners/targets.ts';
import { aPolicy, aResource, aRole, NO_TIES } from '../support/domain.ts';
import { BEN, useForTests } from './contract.ts';

const folder = mkdtempSync(join(tmpdir(), 'jitbot-targets-'));
const use = useForTests();
afterAll(() => {
  use.close();
  rmSync(folder, { recursive: true, force: true });
});

function moduleFile(name: string, source: string): string {
  const path = join(folder, name);
  writeFileSync(path, source);
  return path;
}
/** Answers everything, and says to the test what it was asked. */
const answering = (name: string, more = ''): string =>
  moduleFile(
    name,
    `export default ({ z }) => ({
      configSchema: z.any(),
      roleSchema: z.any(),
      accountTemplate: ({ template }) => template,
      placeOf: ({ place }) => place,
      connect: ({ tell, password }) => {
        const told = (what, answer) => async (...asked) => (tell(password, what, asked), answer);
        return {
          grant: told('grant', { account: 'ben' }),
          revoke: told('revoke'),
          isActive: told('isActive', true),
          check: told('check', [{ ok: true, what: 'it answers' }]),
          close: told('close'),
          ${more}
        };
      },
    });`,
  );
const LEAST = answering('least.mjs');
const MOST = answering(
  'most.mjs',
  `revoke: told('revoke', { left: [{ what: 'a key', done: 'stays' }] }),
   list: told('list', [{ account: 'eve', role: 'db/read', grantId: null }]),
   remove: told('remove'),
   tidy: told('tidy'),
   stamp: told('stamp'),
   issueCredential: told('issueCredential', { account: 'ben', secret: 's3cret', usage: 'psql' }),
   afterlife: 5_000,`,
);

interface Told {
  readonly by: string;
  readonly what: string;
  readonly asked: readonly unknown[];
}
let told: Told[];
beforeEach(() => {
  told = [];
});
const tell = (by: string, what: string, asked: readonly unknown[]) => void told.push({ by, what, asked });
const said = () => told.map(({ by, what }) => `${by} ${what}`);

const target = (place: string, password: string, path = LEAST, template: string | null = null) => ({
  kind: 'module',
  target: { kind: 'module', path, config: { place, password, template, tell } },
});
type Target = ReturnType<typeof target>;
const resource = (id: string, { kind, target: to }: Target): Resource => ({
  ...aResource(id, id, [aRole({ id: 'read', gives: { roles: ['reader'] } }), aRole({ id: 'write', gives: 'all' })]),
  kind,
  target: to,
});
const policyOf = (targets: Readonly<Record<string, Target>>, more: Partial<Policy> = {}): Policy => ({
  ...aPolicy(...Object.entries(targets).map(([id, one]) => resource(id, one))),
  ...more,
});
const retired = (name: string, one: Target) => ({ name, ...one });
const grantAt = (place: string | null, more: { id?: string; resourceId?: string; person?: Grant['person'] } = {}) =>
  intendGrant(
    {
      id: 'GONE',
      requestId: 'RONE',
      person: { ...BEN, timeZone: 'UTC' },
      resourceId: 'db',
      place,
      role: 'db/read',
      grants: { roles: ['as it was'] },
      duration: HOUR,
      ties: NO_TIES,
      ...more,
    },
    0,
  );
const connect = (policy: Policy) => connectTargets(policy, use);

describe('access is asked of the target that gave it', () => {
  test('a grant says to it who, what the role gave then, and until when', async () => {
    const targets = connect(policyOf({ db: target('one', 'pw') }));
    await expect(targets.grant(grantAt('module one'), 7_000)).rejects.toThrow('does not reach any more');
    const place = targets.placeOf('db');
    expect(await targets.grant(grantAt(place), 7_000)).toEqual({ account: 'ben' });
    expect(told).toEqual([
      {
        by: 'pw',
        what: 'grant',
        asked: [
          {
            id: null,
            grantId: 'GONE',
            requestId: 'RONE',
            person: { ...BEN, timeZone: 'UTC' },
            role: { roles: ['as it was'] },
            roleKey: 'db/read',
          },
          7_000,
        ],
      },
    ]);
    expect(await targets.isActive(grantAt(place))).toBe(true);
  });

  test('two resources each have their own, also if one takes the other’s address', async () => {
    const targets = connect(policyOf({ db: target('one', 'pw1'), logs: target('two', 'pw2') }));
    const [one, two] = [targets.placeOf('db'), targets.placeOf('logs')];
    expect(one).not.toBe(two);
    await targets.revoke(grantAt(two, { resourceId: 'logs' }));
    await targets.revoke(grantAt(one));
    // The addresses change places; a grant ends where it was given.
    (await targets.prepare(policyOf({ db: target('two', 'pw2'), logs: target('one', 'pw1') })))();
    await targets.revoke(grantAt(one));
    await targets.revoke(grantAt(two, { resourceId: 'logs' }));
    expect(said()).toEqual(['pw2 revoke', 'pw1 revoke', 'pw1 revoke', 'pw2 revoke']);
  });

  test('what is connected for a new policy is not in force before it is adopted', async () => {
    const targets = connect(policyOf({ db: target('one', 'pw1') }));
    const before = targets.placeOf('db');
    const adopt = await targets.prepare(policyOf({ db: target('two', 'pw2'), logs: target('one', 'pw1') }));
    expect([targets.placeOf('db'), targets.placeOf('logs')]).toEqual([before, null]);
    adopt();
    expect(targets.placeOf('logs')).toBe(before);
    expect(targets.placeOf('db')).not.toBe(before);
  });

  test('an earlier version’s grant without a place is asked of its resource as it is', async () => {
    const targets = connect(policyOf({ db: target('one', 'pw1'), logs: target('two', 'pw2') }));
    await targets.isActive(grantAt(null));
    await targets.stamp(grantAt(null));
    expect(said()).toEqual(['pw1 isActive']);
    await expect(targets.isActive(grantAt(null, { resourceId: 'gone' }))).rejects.toThrow(
      'resource gone is no longer in the policy file; put it back until this access has ended',
    );
  });

  test('with new credentials of a place the newest are used on a new connection', async () => {
    const targets = connect(policyOf({ db: target('one', 'old') }));
    const place = targets.placeOf('db');
    await targets.isActive(grantAt(place));
    (await targets.prepare(policyOf({ db: target('one', 'new') })))();
    await targets.isActive(grantAt(place));
    // Also for a resource that is not there any more, which had that place.
    await targets.revoke(grantAt(place, { resourceId: 'gone' }));
    expect(said()).toEqual(['old isActive', 'new isActive', 'new revoke']);
  });

  test('what a policy drops stays connected for its grants, newest credentials first', async () => {
    const targets = connect(policyOf({ db: target('one', 'first'), logs: target('two', 'pw2') }));
    const place = targets.placeOf('db');
    (await targets.prepare(policyOf({ db: target('one', 'second'), logs: target('two', 'pw2') })))();
    (await targets.prepare(policyOf({ logs: target('two', 'pw2') })))();
    expect(targets.placeOf('db')).toBeNull();
    expect(targets.knowsPlace(place ?? '')).toBe(true);
    await targets.revoke(grantAt(place));
    expect(said()).toEqual(['second revoke']);
    // And so does one whose place another resource has by now, with its own credentials.
    (await targets.prepare(policyOf({ logs: target('two', 'pw2'), again: target('one', 'third') })))();
    await targets.revoke(grantAt(place));
    expect(said()).toEqual(['second revoke', 'third revoke']);
  });

  test('a retired target is asked if no resource has its place, before its resource', async () => {
    const policy = policyOf(
      { db: target('one', 'current') },
      { retiredTargets: [retired('old', target('zero', 'retired')), retired('same', target('one', 'stale'))] },
    );
    const targets = connect(policy);
    const [here] = [targets.placeOf('db') ?? ''];
    const old = here.replace('one', 'zero');
    expect([...targets.placesOf(policy)].toSorted()).toEqual([here, old].toSorted());
    expect(['module nowhere', old, here].map((place) => targets.knowsPlace(place))).toEqual([false, true, true]);
    await targets.revoke(grantAt(old));
    await targets.revoke(grantAt(here, { resourceId: 'other' }));
    expect(said()).toEqual(['retired revoke', 'current revoke']);
    await expect(targets.revoke(grantAt('module nowhere'))).rejects.toThrow(
      'this access was given at "module nowhere", which the policy file does not reach any more; put that target under retired_targets',
    );
  });

  test('a retired target without its secrets is no place, and blocks no other', async () => {
    const policy = policyOf(
      { db: target('one', 'pw') },
      { retiredTargets: [{ name: 'old', kind: 'module', target: null }] },
    );
    const targets = connect(policy);
    expect(targets.placesOf(policy).size).toBe(1);
    await targets.isActive(grantAt(targets.placeOf('db')));
    expect(said()).toEqual(['pw isActive']);
  });

  test('a password that the environment gives is part of no place', async () => {
    const policy = (word: string) => policyOf({ db: target(`one ${word}`, word) }, { passwords: [word] });
    const targets = connect(policy('the-first-password'));
    const place = targets.placeOf('db');
    expect(place).not.toContain('password');
    (await targets.prepare(policy('the-second-password')))();
    expect(targets.placeOf('db')).toBe(place);
  });
});

describe('connections', () => {
  test('an unchanged one is kept, and all are closed once at the end', async () => {
    const kept = target('two', 'kept');
    const policy = (password: string) =>
      policyOf({ db: target('one', password), logs: kept }, { retiredTargets: [retired('old', target('old', 'was'))] });
    const targets = connect(policy('first'));
    (await targets.prepare(policy('second')))();
    (await targets.prepare(policy('second')))();
    await targets.close();
    expect(said().toSorted()).toEqual(['first close', 'kept close', 'second close', 'was close']);
  });

  test('a target that moves from the resources to the retired ones stays reachable', async () => {
    const one = target('one', 'pw');
    const targets = connect(policyOf({ db: one }));
    const place = targets.placeOf('db');
    (await targets.prepare(policyOf({}, { retiredTargets: [retired('db', one)] })))();
    await targets.revoke(grantAt(place));
    expect(said()).toEqual(['pw revoke']);
  });
});

describe('K4.11 a target that cannot be connected', () => {
  const BROKEN = moduleFile(
    'broken.mjs',
    `export default ({ z }) => ({
      configSchema: z.any(), roleSchema: z.any(), placeOf: ({ place }) => place,
      connect: () => { throw new Error('its licence is over'); },
    });`,
  );
  const broken = target('broken', 'pw', BROKEN);

  test('says why at every call, and keeps no other from being reached', async () => {
    const targets = connect(policyOf({ db: target('one', 'pw'), logs: broken }));
    const there = grantAt(targets.placeOf('logs'), { resourceId: 'logs' });
    for (const call of [targets.revoke(there), targets.isActive(there), targets.grant(there, 1)])
      await expect(call).rejects.toThrow('this target cannot be connected: its licence is over');
    await expect(targets.check(resource('logs', broken))).rejects.toThrow('its licence is over');
    await targets.revoke(grantAt(targets.placeOf('db')));
    expect(said()).toEqual(['pw revoke']);
    await targets.close();
  });

  test.each([
    ['among the resources', policyOf({ db: target('two', 'new'), logs: broken })],
    ['among the retired', policyOf({ db: target('two', 'new') }, { retiredTargets: [retired('old', broken)] })],
  ])('%s of a new policy loses nothing that an earlier one reached', async (_where, next) => {
    const targets = connect(policyOf({ db: target('one', 'pw') }));
    const place = targets.placeOf('db');
    (await targets.prepare(next))();
    await targets.revoke(grantAt(place));
    await targets.revoke(grantAt(targets.placeOf('db')));
    expect(said()).toEqual(['pw revoke', 'new revoke']);
  });

  test('with new credentials leaves what the credentials before it reach', async () => {
    const picky = moduleFile(
      'picky.mjs',
      `export default ({ z }) => ({
        configSchema: z.any(), roleSchema: z.any(), placeOf: ({ place }) => place,
        connect: ({ password, tell }) => {
          if (password === 'bad') throw new Error('its licence is over');
          const told = (what) => async () => tell(password, what, []);
          return { grant: told('grant'), revoke: told('revoke'), isActive: told('isActive'), check: told('check'), close: told('close') };
        },
      });`,
    );
    const targets = connect(policyOf({ db: target('one', 'good', picky) }));
    const place = targets.placeOf('db');
    (await targets.prepare(policyOf({ db: target('one', 'bad', picky) })))();
    expect(targets.placeOf('db')).toBe(place);
    await targets.revoke(grantAt(place));
    await targets.revoke(grantAt(place, { resourceId: 'gone' }));
    expect(said()).toEqual(['good revoke', 'good revoke']);
  });

  test('is connected anew with the next policy', async () => {
    const mended = moduleFile(
      'mended.mjs',
      `let tries = 0;
      export default ({ z }) => ({
        configSchema: z.any(), roleSchema: z.any(), placeOf: ({ place }) => place,
        connect: () => {
          tries += 1;
          if (tries === 1) throw new Error('its licence is over');
          const nothing = async () => undefined;
          return { grant: nothing, revoke: nothing, isActive: async () => false, check: nothing, close: nothing };
        },
      });`,
    );
    const policy = policyOf({ db: target('one', 'pw', mended) });
    const targets = connect(policy);
    const grant = grantAt(targets.placeOf('db'));
    await expect(targets.isActive(grant)).rejects.toThrow('its licence is over');
    (await targets.prepare(policy))();
    expect(await targets.isActive(grant)).toBe(false);
  });
});

describe('what a target can do', () => {
  const both = () => connect(policyOf({ db: target('one', 'most', MOST), logs: target('two', 'least') }));

  test('what is left of a grant is passed on, and silence means nothing is left', async () => {
    const targets = both();
    expect(await targets.revoke(grantAt(targets.placeOf('db')))).toEqual([{ what: 'a key', done: 'stays' }]);
    expect(await targets.revoke(grantAt(targets.placeOf('logs'), { id: 'GTWO', resourceId: 'logs' }))).toEqual([]);
  });

  test('one that can list, tidy and stamp is asked to, one that cannot is not', async () => {
    const targets = both();
    const db = resource('db', target('one', 'most', MOST));
    const logs = resource('logs', target('two', 'least'));
    expect([targets.canList('db'), targets.canList('logs'), targets.canList('gone')]).toEqual([true, false, false]);
    expect(await targets.list(db)).toEqual([{ account: 'eve', role: 'db/read', grantId: null }]);
    expect(await targets.list(logs)).toEqual([]);
    for (const id of ['db', 'logs', 'gone']) await targets.tidy(id);
    await targets.stamp(grantAt(targets.placeOf('db')));
    await targets.stamp(grantAt(targets.placeOf('logs'), { resourceId: 'logs' }));
    expect(told.filter(({ by }) => by === 'least')).toEqual([]);
    expect(said()).toEqual(['most list', 'most tidy', 'most stamp']);
    expect(told[0]?.asked).toEqual([
      [
        { roleKey: 'db/read', role: { roles: ['reader'] } },
        { roleKey: 'db/write', role: 'all' },
      ],
    ]);
  });

  test('findings are removed by what the role gives, or by hand if the target cannot', async () => {
    const targets = both();
    const holding = (role: string | null) => ({ account: 'eve', role, grantId: null });
    for (const role of ['db/read', 'db/gone', null]) await targets.remove('db', holding(role));
    expect(told.map(({ asked }) => asked)).toEqual([
      [holding('db/read'), { roles: ['reader'] }],
      [holding('db/gone'), null],
      [holding(null), null],
    ]);
    await expect(targets.remove('logs', holding('logs/read'))).rejects.toThrow(
      'what was found on logs has to be removed by hand',
    );
    (await targets.prepare(policyOf({ db: target('one', 'most', MOST), logs: target('two', 'least') })))();
    await targets.remove('db', holding('logs/read'));
    expect(told.at(-1)?.asked[1]).toEqual({ roles: ['reader'] });
  });

  test('a secret is made with the grant’s end, and null if the target makes none', async () => {
    const targets = both();
    const grant = grantAt(targets.placeOf('db'));
    expect(await targets.issueCredential(grant)).toEqual({ account: 'ben', secret: 's3cret', usage: 'psql' });
    expect(told[0]?.asked[1]).toBe(grant.endsAt);
    expect(await targets.issueCredential(grantAt(targets.placeOf('logs'), { resourceId: 'logs' }))).toBeNull();
    expect(['db', 'logs', 'gone'].map((id) => targets.issuesCredentials(id))).toEqual([true, false, false]);
  });

  test('session lifetime is told by the place of access, also if the resource moved', async () => {
    const targets = both();
    const [most, least] = [targets.placeOf('db'), targets.placeOf('logs')];
    (await targets.prepare(policyOf({ db: target('three', 'least'), logs: target('two', 'least') })))();
    expect(targets.afterlife(grantAt(most))).toBe(5_000);
    expect(targets.afterlife(grantAt(least))).toBeUndefined();
    expect(targets.afterlife(grantAt(null))).toBeUndefined();
    expect(targets.afterlife(grantAt('module nowhere'))).toBeUndefined();
  });

  test('the doctor asks with every role, and is silent on an unconnected resource', async () => {
    const targets = both();
    expect(await targets.check(resource('logs', target('two', 'least')))).toEqual([{ ok: true, what: 'it answers' }]);
    expect(told[0]?.asked).toEqual([
      [
        { roleKey: 'logs/read', role: { roles: ['reader'] } },
        { roleKey: 'logs/write', role: 'all' },
      ],
    ]);
    expect(await targets.check(resource('gone', target('two', 'least')))).toEqual([]);
  });
});

describe('what people are called at a target', () => {
  const ana = { slackId: 'U0ANA', name: 'Ana', email: 'ana@harbor.example', timeZone: 'UTC' };
  const policy = (identities: Policy['identities']) =>
    policyOf({ db: target('one', 'pw', LEAST, '{github}'), logs: target('two', 'pw') }, { identities });

  test('somebody without a known name there is reported before any question', async () => {
    const targets = connect(policy(new Map()));
    expect(['db', 'logs', 'gone'].map((id) => targets.accountTemplate?.(id))).toEqual(['{github}', null, null]);
    expect(targets.obstacle('db', ana)).toContain('add github for U0ANA');
    expect(targets.obstacle('logs', ana)).toBeNull();
    expect(targets.obstacle('gone', ana)).toBeNull();
    (await targets.prepare(policy(new Map([['U0ANA', { github: 'ana-k' }]]))))();
    expect(targets.obstacle('db', ana)).toBeNull();
  });

  test('the names of the policy in force are what a connection is told', async () => {
    const naming = moduleFile(
      'naming.mjs',
      `export default ({ z }) => ({
        configSchema: z.any(), roleSchema: z.any(), placeOf: ({ place }) => place,
        connect: (_, { accountOf }) => ({
          grant: async ({ person }) => ({ account: accountOf('gh-{github}', person) }),
          revoke: async () => {}, isActive: async () => false, check: async () => [], close: async () => {},
        }),
      });`,
    );
    const withNames = (names: Policy['identities']) =>
      policyOf({ db: target('one', 'pw', naming) }, { identities: names });
    const targets = connect(withNames(new Map([['U0ANA', { github: 'ana-k' }]])));
    const grant = () => targets.grant(grantAt(targets.placeOf('db'), { person: ana }), 1);
    expect(await grant()).toEqual({ account: 'gh-ana-k' });
    (await targets.prepare(withNames(new Map([['U0ANA', { github: 'ana-new' }]]))))();
    expect(await grant()).toEqual({ account: 'gh-ana-new' });
    (await targets.prepare(withNames(new Map())))();
    await expect(grant()).rejects.toMatchObject({
      name: 'TargetRefusal',
      message: expect.stringContaining('add github for U0ANA'),
    });
  });
});
