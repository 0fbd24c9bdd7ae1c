/** Where access was given is written down, and known to be out of reach before its end has passed. */

import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { HOUR, MINUTE } from '../../src/domain/terms.ts';
import { endGrant } from '../../src/lifecycle/grant/endGrant.ts';
import { EARLIER_GRANTS, stampGrants } from '../../src/lifecycle/grant/stampGrant.ts';
import { strandedBy, strandedLine, tellOfStranded } from '../../src/lifecycle/grant/strandedAccess.ts';
import { ConflictError, StorageError } from '../../src/ports/store.ts';
import type { Targets } from '../../src/ports/targets.ts';
import { failCommit } from '../support/disturbed.ts';
import { aFlow, type Flow } from '../support/flowWorld.ts';

let flow: Flow;
const ROLES = '{ grants: {}, duration: { max: 4h }, rules: [{ allow: { duration: { max: 4h } } }] }';
beforeEach(() => {
  flow = aFlow({
    roles: `      read: ${ROLES}\n      write: ${ROLES}`,
    more: `  web:
    name: Website
    target: { kind: webhook, url: "https://targets.example/web", secret: "\${SECRET}" }
    roles: { read: ${ROLES} }`,
  });
  targets({ placesOf: () => new Set(['db', 'web']) });
});
afterEach(() => flow.close());

const targets = (more: Partial<Targets>) => Object.assign(flow.deps.targets, more);
const holds = async (who: string, role = 'db/read') => {
  await flow.asks(who, role, HOUR);
  await flow.work();
  return flow.held(who, role);
};
const grant = async (id: string) => (await flow.deps.store.grant(id))?.value;
/** As an earlier version left it. */
const withoutPlace = async (id: string) => {
  const loaded = await flow.deps.store.grant(id);
  if (!loaded) throw new Error(`there is no grant ${id}`);
  await flow.deps.store.commit({ grants: [{ value: { ...loaded.value, place: null }, version: loaded.version }] });
};
const stranded = async () => (await strandedBy(flow.deps, flow.deps.policy)).map(({ grantId }) => grantId);

describe('access that a policy does not reach', () => {
  test('does not exist if its place is reached', async () => {
    await holds('U0ANA');
    expect(await stranded()).toEqual([]);
    await tellOfStranded(flow.deps);
    expect(flow.log.lines).toEqual([]);
  });

  test('is all access at its places, each once', async () => {
    const [ana, ben] = [await holds('U0ANA'), await holds('U0BEN', 'db/write')];
    await holds('U0ANA', 'web/read');
    targets({ placesOf: () => new Set(['web']) });
    expect(await strandedBy(flow.deps, flow.deps.policy)).toEqual([
      {
        grantId: ana.id,
        requestId: ana.requestId,
        role: 'db/read',
        person: { slackId: 'U0ANA', name: 'Ana' },
        place: 'db',
      },
      {
        grantId: ben.id,
        requestId: ben.requestId,
        role: 'db/write',
        person: { slackId: 'U0BEN', name: 'Ben' },
        place: 'db',
      },
    ]);
  });

  test('is that of several resources, each once', async () => {
    const [ana, ben] = [await holds('U0ANA'), await holds('U0BEN', 'web/read')];
    targets({ placesOf: () => new Set() });
    expect([...(await stranded())].sort()).toEqual([ana.id, ben.id].sort());
  });

  test('is looked up only where something may be out of reach, and writes only findings', async () => {
    await holds('U0ANA');
    await holds('U0BEN', 'web/read');
    const { liveGrants, commit } = flow.deps.store;
    const asked: object[] = [];
    flow.deps.store.liveGrants = (filter) => {
      asked.push(filter);
      return liveGrants(filter);
    };
    flow.deps.store.commit = () => Promise.reject(new Error('something was written'));
    await tellOfStranded(flow.deps);
    expect(asked).toEqual([]);
    flow.deps.store.commit = commit;
    targets({ placesOf: () => new Set(['web']) });
    await tellOfStranded(flow.deps);
    expect(asked).toEqual([{ resourceId: 'db' }]);
  });

  test('does not include what was given elsewhere on the same resource', async () => {
    const ana = await holds('U0ANA');
    targets({ placeOf: () => 'db at the new address' });
    const ben = await holds('U0BEN');
    targets({ placesOf: () => new Set(['db at the new address']) });
    expect(await stranded()).toEqual([ana.id]);
    targets({ placesOf: () => new Set() });
    expect(await stranded()).toEqual([ana.id, ben.id]);
  });

  test('does not include what has ended', async () => {
    await holds('U0ANA');
    flow.clock.advance(HOUR);
    await flow.work();
    targets({ placesOf: () => new Set() });
    expect(await stranded()).toEqual([]);
  });

  test('goes by its resource if an earlier version gave it', async () => {
    const { id } = await holds('U0ANA');
    await withoutPlace(id);
    targets({ placesOf: () => new Set() });
    expect(await stranded()).toEqual([]);
    flow.reload((source) => source.replace('  db:', '  database:'));
    expect(await strandedBy(flow.deps, flow.deps.policy)).toMatchObject([{ grantId: id, place: 'the target of db' }]);
  });

  test('is told immediately, and recorded', async () => {
    const [ana, ben] = [await holds('U0ANA'), await holds('U0BEN')];
    targets({ placesOf: () => new Set(['web']) });
    const before = flow.events().length;
    await tellOfStranded(flow.deps);
    expect(flow.events().slice(before)).toMatchObject(
      [ana, ben].map(({ id, requestId, person }) => ({
        type: 'grant.stranded',
        actor: { kind: 'bot' },
        requestId,
        grantId: id,
        payload: { role: 'db/read', person: { slackId: person.slackId, name: person.name }, place: 'db' },
      })),
    );
    expect(flow.log.lines).toMatchObject(
      [ana, ben].map(({ id, person }) => ({
        level: 'error',
        facts: { grantId: id, role: 'db/read', person: person.slackId, place: 'db' },
      })),
    );
  });

  test('is named in one line for people', async () => {
    await holds('U0ANA');
    targets({ placesOf: () => new Set() });
    const [one] = await strandedBy(flow.deps, flow.deps.policy);
    expect(one && strandedLine(one)).toBe(
      'live access of Ana to db/read was given at "db", which the policy no longer reaches',
    );
  });
});

describe('access of an earlier version', () => {
  test('is given its place, and its ids are asked for', async () => {
    const [ana, ben] = [await holds('U0ANA'), await holds('U0BEN', 'web/read')];
    const other = await holds('U0CHLOE');
    for (const { id } of [ana, ben]) await withoutPlace(id);
    targets({ placeOf: (resourceId) => `the place of ${resourceId}` });
    expect(await stampGrants(flow.deps, EARLIER_GRANTS)).toBeNull();
    expect((await grant(ana.id))?.place).toBe('the place of db');
    expect((await grant(ben.id))?.place).toBe('the place of web');
    expect((await grant(other.id))?.place).toBe('db');
    const { clock } = flow;
    expect(flow.due('stamp')).toEqual([ana.id, ben.id].map((key) => ({ key, dueAt: clock.now() })));
  });

  test('on a resource that is gone is skipped and reported, and the rest goes on', async () => {
    const [ana, ben] = [await holds('U0ANA'), await holds('U0BEN', 'web/read')];
    for (const { id } of [ana, ben]) await withoutPlace(id);
    targets({ placeOf: (resourceId) => (resourceId === 'db' ? null : 'web') });
    await stampGrants(flow.deps, EARLIER_GRANTS);
    expect((await grant(ana.id))?.place).toBeNull();
    expect((await grant(ben.id))?.place).toBe('web');
    expect(flow.log.lines).toMatchObject([{ level: 'error', facts: { grantId: ana.id, resource: 'db' } }]);
    expect(flow.due('stamp').map(({ key }) => key)).toEqual([ben.id]);
  });

  test('that somebody else changed in the same moment is left to the next try', async () => {
    const [ana, ben] = [await holds('U0ANA'), await holds('U0BEN')];
    for (const { id } of [ana, ben]) await withoutPlace(id);
    failCommit(flow.deps.store, new ConflictError('somebody was faster'));
    await stampGrants(flow.deps, EARLIER_GRANTS);
    expect([(await grant(ana.id))?.place, (await grant(ben.id))?.place]).toEqual([null, 'db']);
    failCommit(flow.deps.store, new StorageError('the disk is full'));
    await expect(stampGrants(flow.deps, EARLIER_GRANTS)).rejects.toThrow('the disk is full');
    await stampGrants(flow.deps, EARLIER_GRANTS);
    expect((await grant(ana.id))?.place).toBe('db');
  });

  test('is gone through by the hundred, to the last one', async () => {
    const { id } = await holds('U0ANA');
    const one = await flow.deps.store.grant(id);
    if (one?.value.state !== 'active') throw new Error('it is not active');
    const { value, version } = one;
    const asked: [string, number][] = [];
    const page = (count: number, from: number) =>
      Array.from({ length: count }, (_, index) => ({ version, value: { ...value, id: `G${from + index}` } }));
    const pages = [page(100, 0), page(100, 100), page(0, 200)];
    flow.deps.store.liveWithoutPlace = async (after, limit) => {
      asked.push([after, limit]);
      return pages.shift() ?? [];
    };
    targets({ placeOf: () => null });
    await stampGrants(flow.deps, EARLIER_GRANTS);
    expect(asked).toEqual([
      ['', 100],
      ['G99', 100],
      ['G199', 100],
    ]);
    asked.splice(0);
    pages.push(page(99, 0));
    await stampGrants(flow.deps, EARLIER_GRANTS);
    expect(asked).toHaveLength(1);
  });

  test('has its target asked for its ids while it is live', async () => {
    const { id } = await holds('U0ANA');
    const stamped: string[] = [];
    targets({ stamp: async (one) => void stamped.push(one.id) });
    expect(await stampGrants(flow.deps, id)).toBeNull();
    expect(stamped).toEqual([id]);
    flow.clock.advance(HOUR + MINUTE);
    await flow.work();
    await stampGrants(flow.deps, id);
    await stampGrants(flow.deps, 'G-none');
    expect(stamped).toEqual([id]);
  });

  test('is not asked about while somebody else works on it, nor after its end', async () => {
    const { id } = await holds('U0ANA');
    const stamped: string[] = [];
    targets({ stamp: async (one) => void stamped.push(one.id) });
    flow.clock.advance(HOUR);
    await Promise.all([endGrant(flow.deps, id, 1), stampGrants(flow.deps, id)]);
    expect(stamped).toEqual([]);
  });

  test('whose target does not answer is tried again', async () => {
    const { id } = await holds('U0ANA');
    targets({ stamp: () => Promise.reject(new Error('no answer')) });
    await expect(stampGrants(flow.deps, id)).rejects.toThrow('no answer');
  });
});
