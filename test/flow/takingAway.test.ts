/** Who may take access away: by what Slack says, and for a day by what it said while it does not. */

import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Person } from '../../src/domain/person.ts';
import type { Principal } from '../../src/domain/policy.ts';
import { HOUR, type Known, known, SECOND, unknown } from '../../src/domain/terms.ts';
import { mayTakeAway, noteStandings } from '../../src/lifecycle/grant/takingAway.ts';
import type { Directory } from '../../src/ports/people.ts';
import { ConflictError, StorageError } from '../../src/ports/store.ts';
import { failCommit, settled } from '../support/disturbed.ts';
import { aFlow, type Flow } from '../support/flowWorld.ts';

let flow: Flow;
const DAY = 24 * HOUR;
const ROLES = `      read:
        grants: {}
        duration: { max: 1h }
        rules: [{ ask: { reviewers: [U0CHLOE, S0LEADS] } }]
        break_glass: { members_of: [U0BEN], max: 1h, review_within: 24h, reviewers: [U0FRED] }`;
const start = (admins = '[U0EVE, S0ADMINS]') => {
  flow = aFlow({ roles: ROLES });
  flow.reload((source) => source.replace('admins: [U0EVE]', `admins: ${admins}`));
  flow.groups.set('S0ADMINS', ['U0DEV']);
  flow.groups.set('S0LEADS', ['U0ANA']);
};
beforeEach(() => start());
afterEach(() => flow.close());

const slack = (more: Partial<Directory>) => Object.assign(flow.deps.directory, more);
const ofAll = (who: string) => mayTakeAway(flow.deps, who, { others: [], no: { code: 'not_an_admin' } });
const ofRead = (who: string) =>
  mayTakeAway(flow.deps, who, { others: ['U0CHLOE', 'S0LEADS'], no: { code: 'not_yours' } });
const outcome = async (asked: ReturnType<typeof mayTakeAway>) => {
  const by = await asked;
  return 'refused' in by ? by.refused.code : by.seenAt;
};
const seen = async (kind: 'admin_seen' | 'reviewer_seen', who: string) =>
  (await flow.deps.store.record(kind, who)).value;
const now = () => flow.clock.now();
const group = (id: string, members: string[] | null) => {
  if (members) flow.groups.set(id, members);
  else flow.groups.delete(id);
};

describe('while Slack answers', () => {
  test.each([
    ['an administrator by name', 'U0EVE', null],
    ['an administrator by a group', 'U0DEV', null],
    ['a reviewer by name', 'U0CHLOE', 'not_an_admin'],
    ['a reviewer by a group', 'U0ANA', 'not_an_admin'],
    ['somebody else', 'U0BEN', 'not_an_admin'],
  ])('%s takes everything away: %s %s', async (_who, who, expected) => {
    expect(await outcome(ofAll(who))).toBe(expected);
  });

  test.each([
    ['an administrator by name', 'U0EVE', null],
    ['an administrator by a group', 'U0DEV', null],
    ['a reviewer by name', 'U0CHLOE', null],
    ['a reviewer by a group', 'U0ANA', null],
    ['somebody else', 'U0BEN', 'not_yours'],
  ])('%s takes the role away: %s %s', async (_who, who, expected) => {
    expect(await outcome(ofRead(who))).toBe(expected);
  });

  test('it is told who they are', async () => {
    expect(await ofAll('U0EVE')).toEqual({ person: flow.people.get('U0EVE'), seenAt: null });
  });

  test('an account that was deactivated takes nothing away, with the reason', async () => {
    flow.people.set('U0EVE', 'the account is deactivated');
    expect(await ofAll('U0EVE')).toEqual({
      refused: { code: 'person_refused', problem: 'the account is deactivated' },
    });
  });

  test('where a group cannot be read and nothing else names them, it is not known', async () => {
    group('S0ADMINS', null);
    expect(await ofAll('U0DEV')).toEqual({ refused: { code: 'eligibility_unknown', problem: 'no group S0ADMINS' } });
  });

  test('another group that names them is enough', async () => {
    start('[S0ADMINS, S0OWNERS]');
    group('S0OWNERS', ['U0BEN']);
    group('S0ADMINS', null);
    expect(await outcome(ofAll('U0BEN'))).toBeNull();
  });

  test('groups are not asked about where the policy names them themselves', async () => {
    const asked: Principal[] = [];
    const { members } = flow.deps.directory;
    slack({
      members: (ids, purpose) => {
        expect(purpose).toBe('decision');
        asked.push(...ids);
        return members(ids, purpose);
      },
    });
    await ofAll('U0EVE');
    expect(asked).toEqual([]);
    await ofRead('U0DEV');
    expect(asked).toEqual(['S0ADMINS', 'S0LEADS']);
  });
});

describe('an answer that does not come', () => {
  const hang = () => {
    const { promise, resolve } = Promise.withResolvers<Known<Person>>();
    slack({ person: () => promise });
    return () => resolve(known({ slackId: 'U0EVE', name: 'Eve', email: 'eve@harbor.example', timeZone: 'UTC' }));
  };

  test('is waited for one and a half seconds', async () => {
    const answer = hang();
    const asked = outcome(ofAll('U0EVE'));
    await settled();
    flow.clock.advance(1.5 * SECOND - 1);
    answer();
    expect(await asked).toBeNull();
  });

  test('and no longer', async () => {
    hang();
    const asked = ofAll('U0EVE');
    await settled();
    flow.clock.advance(1.5 * SECOND);
    expect(await asked).toEqual({
      refused: { code: 'eligibility_unknown', problem: 'Slack gave no answer within 1.5 s' },
    });
  });

  test('forgets nobody, so that having been seen counts', async () => {
    await ofAll('U0EVE');
    const at = now();
    hang();
    for (const _turn of [1, 2]) {
      const asked = outcome(ofAll('U0EVE'));
      await settled();
      flow.clock.advance(1.5 * SECOND);
      expect(await asked).toBe(at);
    }
  });

  test('nothing goes on waiting once there is an answer', async () => {
    let waiting = 0;
    const { wakeAt } = flow.clock;
    flow.clock.wakeAt = (at, callback) => {
      waiting += 1;
      const cancel = wakeAt(at, callback);
      return () => {
        waiting -= 1;
        cancel();
      };
    };
    await ofAll('U0EVE');
    await ofAll('U0BEN');
    expect(waiting).toBe(0);
  });
});

describe('having been seen', () => {
  test('as an administrator is written down, with what they were found as', async () => {
    await ofAll('U0EVE');
    await ofAll('U0DEV');
    expect(await seen('admin_seen', 'U0EVE')).toEqual({ person: flow.people.get('U0EVE'), as: ['U0EVE'], at: now() });
    expect(await seen('admin_seen', 'U0DEV')).toMatchObject({ person: { slackId: 'U0DEV' }, as: ['S0ADMINS'] });
  });

  test('as a reviewer alone makes nobody an administrator', async () => {
    await ofRead('U0CHLOE');
    expect(await seen('admin_seen', 'U0CHLOE')).toBeNull();
    flow.silent.add('U0CHLOE');
    expect(await outcome(ofAll('U0CHLOE'))).toBe('person_refused');
  });

  test('is enough for a day, to the millisecond', async () => {
    await ofAll('U0EVE');
    const at = now();
    flow.silent.add('U0EVE');
    flow.clock.advance(DAY);
    expect(await ofAll('U0EVE')).toEqual({ person: flow.people.get('U0EVE'), seenAt: at });
    expect(flow.log.lines).toMatchObject([
      { level: 'warn', facts: { slackId: 'U0EVE', seenAt: new Date(at).toISOString() } },
    ]);
    flow.clock.advance(1);
    expect(await ofAll('U0EVE')).toMatchObject({ refused: { code: 'person_refused' } });
  });

  test('is enough where a group cannot be read', async () => {
    await ofAll('U0DEV');
    group('S0ADMINS', null);
    expect(await outcome(ofAll('U0DEV'))).toBe(now());
  });

  test('is written down again after an hour, and not before', async () => {
    const first = now();
    await ofAll('U0EVE');
    flow.clock.advance(HOUR - 1);
    await ofAll('U0EVE');
    expect((await seen('admin_seen', 'U0EVE'))?.at).toBe(first);
    flow.clock.advance(1);
    await ofAll('U0EVE');
    expect((await seen('admin_seen', 'U0EVE'))?.at).toBe(first + HOUR);
  });

  test('is not enough once the policy names them no longer', async () => {
    await ofAll('U0EVE');
    await ofAll('U0DEV');
    for (const who of ['U0EVE', 'U0DEV']) flow.silent.add(who);
    flow.reload((source) => source.replace('admins: [U0EVE, S0ADMINS]', 'admins: [S0ADMINS]'));
    expect(await outcome(ofAll('U0EVE'))).toBe('person_refused');
    expect(await outcome(ofAll('U0DEV'))).toBe(now());
  });

  test('by two groups is enough by the one that is left', async () => {
    start('[S0ADMINS, S0OWNERS]');
    group('S0OWNERS', ['U0DEV']);
    await ofAll('U0DEV');
    flow.silent.add('U0DEV');
    flow.reload((source) => source.replace('[S0ADMINS, S0OWNERS]', '[S0OWNERS]'));
    expect(await outcome(ofAll('U0DEV'))).toBe(now());
  });

  test('of one is not of another', async () => {
    await ofAll('U0EVE');
    flow.silent.add('U0DEV');
    expect(await outcome(ofAll('U0DEV'))).toBe('person_refused');
  });

  test('by somebody else in the same moment is as good', async () => {
    failCommit(flow.deps.store, new ConflictError('somebody wrote it down'));
    expect(await outcome(ofAll('U0EVE'))).toBeNull();
  });

  test('that cannot be written down is a fault', async () => {
    failCommit(flow.deps.store, new StorageError('the disk is full'));
    await expect(ofAll('U0EVE')).rejects.toThrow('the disk is full');
  });

  test('as an administrator lets them end a role that they do not review', async () => {
    await ofAll('U0DEV');
    flow.silent.add('U0DEV');
    expect(await outcome(ofRead('U0DEV'))).toBe(now());
  });
});

describe('a clear no', () => {
  test('that they are no administrator ends having been seen as one', async () => {
    await ofAll('U0DEV');
    group('S0ADMINS', ['U0ANA']);
    expect(await outcome(ofAll('U0DEV'))).toBe('not_an_admin');
    group('S0ADMINS', null);
    expect(await outcome(ofAll('U0DEV'))).toBe('eligibility_unknown');
  });

  test('that they have left ends both', async () => {
    await noteStandings(flow.deps);
    flow.people.set('U0CHLOE', 'deactivated');
    expect(await outcome(ofAll('U0CHLOE'))).toBe('person_refused');
    flow.silent.add('U0CHLOE');
    expect(await outcome(ofRead('U0CHLOE'))).toBe('person_refused');
    expect(await seen('reviewer_seen', 'U0CHLOE')).toBeNull();
  });

  test('that they are no reviewer ends having been seen as one', async () => {
    await noteStandings(flow.deps);
    group('S0LEADS', []);
    expect(await outcome(ofRead('U0ANA'))).toBe('not_yours');
    expect(await seen('reviewer_seen', 'U0ANA')).toBeNull();
  });

  test('about administrators says nothing about a reviewer', async () => {
    await noteStandings(flow.deps);
    const at = now();
    expect(await outcome(ofAll('U0CHLOE'))).toBe('not_an_admin');
    flow.silent.add('U0CHLOE');
    expect(await outcome(ofRead('U0CHLOE'))).toBe(at);
  });

  test('is not that Slack does not say whether they left', async () => {
    await ofAll('U0EVE');
    const at = now();
    slack({ person: async () => unknown('an answer that makes no sense'), hasLeft: async () => unknown('no answer') });
    expect(await outcome(ofAll('U0EVE'))).toBe(at);
    slack({ hasLeft: async () => known(null) });
    expect(await outcome(ofAll('U0EVE'))).toBe(at);
  });
});

describe('the look at who they are', () => {
  test('finds administrators and reviewers, also by groups and for break-glass', async () => {
    await noteStandings(flow.deps);
    const found = async (kind: 'admin_seen' | 'reviewer_seen') =>
      Object.fromEntries((await flow.deps.store.records(kind)).map(({ person, as }) => [person.slackId, as]));
    expect(await found('admin_seen')).toEqual({ U0EVE: ['U0EVE'], U0DEV: ['S0ADMINS'] });
    expect(await found('reviewer_seen')).toEqual({ U0CHLOE: ['U0CHLOE'], U0ANA: ['S0LEADS'], U0FRED: ['U0FRED'] });
  });

  test('does not keep others waiting: nobody is in a hurry', async () => {
    const purposes: string[] = [];
    const { members } = flow.deps.directory;
    slack({
      members: (ids, purpose) => {
        purposes.push(purpose);
        return members(ids, purpose);
      },
    });
    await noteStandings(flow.deps);
    expect(new Set(purposes)).toEqual(new Set(['check']));
  });

  test('forgets whoever certainly left, and nobody else', async () => {
    await noteStandings(flow.deps);
    flow.clock.advance(HOUR);
    flow.people.set('U0EVE', 'deactivated');
    flow.people.set('U0CHLOE', 'deactivated');
    flow.silent.add('U0DEV').add('U0FRED');
    await noteStandings(flow.deps);
    expect(await seen('admin_seen', 'U0EVE')).toBeNull();
    expect(await seen('reviewer_seen', 'U0CHLOE')).toBeNull();
    expect(await seen('admin_seen', 'U0DEV')).toMatchObject({ at: now() - HOUR });
    expect(await seen('reviewer_seen', 'U0FRED')).toMatchObject({ at: now() - HOUR });
    expect(await seen('reviewer_seen', 'U0ANA')).toMatchObject({ at: now() });
  });

  test('forgets whoever is in none of the groups any more', async () => {
    await noteStandings(flow.deps);
    group('S0ADMINS', []);
    group('S0LEADS', []);
    await noteStandings(flow.deps);
    expect(await seen('admin_seen', 'U0DEV')).toBeNull();
    expect(await seen('reviewer_seen', 'U0ANA')).toBeNull();
    expect(await seen('admin_seen', 'U0EVE')).not.toBeNull();
    await noteStandings(flow.deps);
    expect(await seen('admin_seen', 'U0DEV')).toBeNull();
  });

  test('forgets nobody while one of the groups cannot be read', async () => {
    start('[S0ADMINS, S0OWNERS]');
    group('S0OWNERS', ['U0BEN']);
    await noteStandings(flow.deps);
    group('S0ADMINS', []);
    group('S0OWNERS', null);
    await noteStandings(flow.deps);
    expect(await seen('admin_seen', 'U0DEV')).not.toBeNull();
    expect(await seen('admin_seen', 'U0BEN')).not.toBeNull();
  });

  test('happens again after an hour, and not before', async () => {
    await noteStandings(flow.deps);
    const first = now();
    flow.clock.advance(HOUR - 1);
    await noteStandings(flow.deps);
    expect(await seen('admin_seen', 'U0EVE')).toMatchObject({ at: first });
    flow.clock.advance(1);
    await noteStandings(flow.deps);
    expect(await seen('admin_seen', 'U0EVE')).toMatchObject({ at: first + HOUR });
  });

  test('asks Slack about nobody who was seen within the hour', async () => {
    await noteStandings(flow.deps);
    flow.clock.advance(HOUR - 1);
    const asked: string[] = [];
    const { person } = flow.deps.directory;
    slack({
      person: (id) => {
        asked.push(id);
        return person(id);
      },
    });
    await noteStandings(flow.deps);
    expect(asked).toEqual([]);
  });

  test('takes twenty at once, those first who were not seen for longest', async () => {
    start('[S0ADMINS]');
    const ids = Array.from({ length: 25 }, (_, index) => `U0${String(index).padStart(3, '0')}`);
    for (const slackId of ids)
      flow.people.set(slackId, { slackId, name: slackId, email: `${slackId}@harbor.example`, timeZone: 'UTC' });
    group('S0ADMINS', ids);
    const seenSince = async (at: number) =>
      (await flow.deps.store.records('admin_seen')).filter((one) => one.at >= at).map(({ person }) => person.slackId);
    const first = now();
    await noteStandings(flow.deps);
    expect((await seenSince(first)).sort()).toEqual(ids.slice(0, 20));
    flow.clock.advance(HOUR);
    await noteStandings(flow.deps);
    const again = (await seenSince(now())).sort();
    expect(again).toHaveLength(20);
    expect(again).toEqual(expect.arrayContaining(ids.slice(20)));
  });
});
