/** What kinds of targets share, each by itself. */

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { SECOND } from '../../src/domain/terms.ts';
import { StorageError } from '../../src/ports/store.ts';
import type { SeatRecord } from '../../src/ports/targets.ts';
import { attemptAll } from '../../src/provisioners/attemptAll.ts';
import { holdingsOf } from '../../src/provisioners/labelledHoldings.ts';
import { levelsOf } from '../../src/provisioners/levels.ts';
import { ownIds } from '../../src/provisioners/ownIds.ts';
import { ownResidue } from '../../src/provisioners/ownResidue.ts';
import { lackingPackages } from '../../src/provisioners/packages.ts';
import { pause, poll } from '../../src/provisioners/polling.ts';
import { sessionsSchema } from '../../src/provisioners/protocol.ts';
import { PROVISIONERS } from '../../src/provisioners/registry.ts';
import { seatRows } from '../../src/provisioners/seatRows.ts';
import { parseStrictly } from '../../src/provisioners/strictJson.ts';
import { provisionerOf } from '../../src/provisioners/targetPlaces.ts';
import { Unanswered, underWayBook } from '../../src/provisioners/underWay.ts';
import { aPolicy, aResource } from '../support/domain.ts';
import { newGrantId, useForTests } from './contract.ts';

const use = useForTests();
afterAll(() => use.close());
let id: string;
beforeEach(() => {
  id = newGrantId();
});

describe('doing something for each', () => {
  const failing = (...bad: string[]) => {
    const tried: string[] = [];
    const run = attemptAll(['a', 'b', 'c'], async (one) => {
      tried.push(one);
      if (bad.includes(one)) throw new Error(`no ${one}`);
    });
    return { tried, run };
  };

  test('one that fails keeps it from no other, and is what is thrown', async () => {
    const { tried, run } = failing('a');
    await expect(run).rejects.toThrow(/^no a$/);
    expect(tried).toEqual(['a', 'b', 'c']);
  });

  test('all that failed are told', async () => {
    const failed = await failing('a', 'c').run.catch((error: unknown) => error);
    expect(failed).toBeInstanceOf(AggregateError);
    expect(failed).toMatchObject({ message: 'no a; and no c', errors: [new Error('no a'), new Error('no c')] });
  });

  test('what fails for the same reason is told once, as what it is', async () => {
    const full = () => new StorageError('the disk is full');
    const failed = await attemptAll(['a', 'b'], () => Promise.reject(full())).catch((error: unknown) => error);
    expect(failed).toEqual(full());
    expect(failed).toBeInstanceOf(StorageError);
  });

  test('where nothing fails nothing is thrown', async () => {
    await expect(failing().run).resolves.toBeUndefined();
  });

  test('they are done one after the other', async () => {
    let running = 0;
    const most: number[] = [];
    await attemptAll([1, 2, 3], async () => {
      running += 1;
      most.push(running);
      await pause(1);
      running -= 1;
    });
    expect(most).toEqual([1, 1, 1]);
  });
});

describe('levels', () => {
  const { rank, most } = levelsOf({ scope: 'hub', levels: ['read', 'write', 'admin'] });

  test('go from nothing up, and one that nobody has heard of is refused', () => {
    expect([null, 'read', 'write', 'admin'].map(rank)).toEqual([-1, 0, 1, 2]);
    expect(() => rank('emperor')).toThrow('hub answered with emperor, which is not one of its levels');
    expect(() => most(['read', 'emperor'])).toThrow('emperor');
  });

  test.each([
    [[], null],
    [[null, null], null],
    [['read'], 'read'],
    [['read', 'admin', 'write'], 'admin'],
    [[null, 'write', null], 'write'],
  ])('the most of %j is %j', (all, expected) => {
    expect(most(all)).toBe(expected);
  });
});

describe('looking until it is over', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());
  const counting = (overAt: number) => {
    let looks = 0;
    const done = poll('hub: assigning is not over', { every: 2 * SECOND, until: 10 * SECOND }, async () => {
      looks += 1;
      return looks >= overAt;
    }).then(
      () => 'over',
      (error: Error) => error.message,
    );
    return { done, looks: () => looks };
  };

  test.each([
    [1, 0],
    [2, 2],
    [6, 10],
  ])('over at look %i: it is known after %i s', async (overAt, seconds) => {
    const { done, looks } = counting(overAt);
    await vi.advanceTimersByTimeAsync(seconds * SECOND);
    expect(looks()).toBe(overAt);
    expect(await done).toBe('over');
  });

  test('what is not over at the end of its time is a failure, with the time', async () => {
    const { done, looks } = counting(7);
    await vi.advanceTimersByTimeAsync(10 * SECOND);
    expect(await done).toBe('hub: assigning is not over after 10 s');
    expect(looks()).toBe(6);
  });

  test('a look that fails is a failure at once', async () => {
    vi.useRealTimers();
    const failing = poll('it', { every: 1, until: 100 }, () => Promise.reject(new Error('away')));
    await expect(failing).rejects.toThrow('away');
  });
});

describe('JSON where a name may be said once', () => {
  test.each([
    '{"a": 1, "a": 2}',
    String.raw`{"active": true, "\u0061ctive": false}`,
    '{"b": {"a": 1, "a": 2}}',
    '[{"a": 1}, {"a": 1, "a": 2}]',
    '{"b": [1, {"x": 0}], "b": 2}',
    '{"b": {"c": 1}, "b": 2}',
    String.raw`{"a\"": 1, "a\"": 2}`,
    '{"a" : 1, "a"\n: 2}',
  ])('%s is refused', (text) => {
    expect(() => parseStrictly(text)).toThrow(/appears twice/);
  });

  test.each([
    '{"a": 1, "b": {"a": 2}}',
    '[{"a": 1}, {"a": 2}]',
    '{"a": "a", "b": "a"}',
    '{"a": ["a", "a"], "b": "{\\"a\\": 1, \\"a\\": 2}"}',
    '{"a": {"b": 1}, "c": {"b": 1}}',
    String.raw`{"a": "x\\", "b": "\""}`,
    '"a"',
    'null',
    '[]',
  ])('%s is understood as it is usually', (text) => {
    expect(parseStrictly(text)).toEqual(JSON.parse(text));
  });

  test('what is no JSON is refused', () => {
    expect(() => parseStrictly('{"a": 1')).toThrow(SyntaxError);
  });
});

describe('a request that nobody answered', () => {
  const clock = { at: 0 };
  const book = () => underWayBook(use.ids, { now: () => clock.at, lastsFor: 75 * SECOND });
  const lost = () => Promise.reject(new Unanswered('lost'));
  const over = () => book().checkOver(id, 'hub');
  beforeEach(() => {
    clock.at = 1_000_000;
  });

  test('may be carried out until it is too old, to the second', async () => {
    await expect(book().during(id, lost)).rejects.toThrow('lost');
    clock.at += 74_999;
    await expect(over()).rejects.toThrow(
      'hub did not answer a grant, and may still carry it out; I end it again in 1 second',
    );
    clock.at += 1;
    await over();
  });

  test('is only that of its own grant', async () => {
    await expect(book().during(newGrantId(), lost)).rejects.toThrow('lost');
    await over();
  });

  test('that was answered, also with a refusal, is over at once', async () => {
    expect(await book().during(id, async () => 'yes')).toBe('yes');
    await over();
    await expect(book().during(id, () => Promise.reject(new Error('no')))).rejects.toThrow('no');
    await over();
  });

  test('is waited for after a later answer, and a later silent one even longer', async () => {
    await expect(book().during(id, lost)).rejects.toThrow();
    clock.at += 50_000;
    await book().during(id, async () => 'yes');
    await expect(over()).rejects.toThrow('in 25 seconds');
    await expect(book().during(id, lost)).rejects.toThrow();
    await expect(over()).rejects.toThrow('in 75 seconds');
  });

  test('a crash while it is on its way leaves it written down', async () => {
    const { promise, resolve } = Promise.withResolvers<string>();
    let hasSent = false;
    const running = book().during(id, () => {
      hasSent = true;
      return promise;
    });
    await expect.poll(() => hasSent).toBe(true);
    // Another process looks at the same book.
    await expect(over()).rejects.toThrow('in 75 seconds');
    resolve('yes');
    await running;
    await over();
  });
});

describe('what a target says of itself is remembered of a grant', () => {
  test('ids given one after the other are all kept, beside the other notes', async () => {
    const own = ownIds(use.ids);
    expect(await own.of(id)).toEqual([null]);
    await use.ids.keep(id, 'account', 'ben');
    for (const one of ['seat-1', 'seat-2', 'seat-1']) await own.keep(id, one);
    await own.keep(newGrantId(), 'of-another');
    expect(await own.of(id)).toEqual(['seat-1', 'seat-2']);
  });

  test('what is left is kept once each, two hundred of it, and how many more there were', async () => {
    const residue = ownResidue(use.ids);
    const some = (count: number) =>
      Array.from({ length: count }, (_, index) => ({ what: `key ${1000 + index}`, done: 'stays' }));
    await residue.keep(id, some(200));
    await residue.keep(id, some(2));
    expect(await residue.of(id)).toEqual(some(200));
    await residue.keep(id, some(203));
    expect(await residue.of(id)).toEqual([{ what: '3 more', done: 'the target named them' }, ...some(200)]);
    expect(await residue.of(newGrantId())).toEqual([]);
  });
});

describe('rows of the book about one roster', () => {
  const record = (more: Partial<SeatRecord> = {}): SeatRecord => ({
    grantId: id,
    place: 'team 1',
    account: 'Ben',
    level: 'write',
    role: 'db/read',
    before: null,
    ...more,
  });
  const rows = () => seatRows(`hub ${id}`, use.seats);

  test('come back as they were kept, and are no other roster’s', async () => {
    await rows().keep(record({ before: 'read' }));
    expect(await rows().of(id)).toEqual([record({ before: 'read' })]);
    expect(await rows().at('team 1', 'Ben')).toEqual([record({ before: 'read' })]);
    expect(await seatRows(`hub ${id} more`, use.seats).at('team 1', 'Ben')).toEqual([]);
    await expect(seatRows('elsewhere', use.seats).of(id)).rejects.toThrow(
      `what was given at "hub ${id}#team 1" cannot be ended at elsewhere`,
    );
  });

  test('of ids that differ by their capitals only are two people’s', async () => {
    await rows().keep(record());
    await rows().keep(record({ grantId: `${id}B`, account: 'bEN' }));
    expect((await rows().at('team 1', 'Ben')).map(({ grantId }) => grantId)).toEqual([id]);
    expect((await rows().at('team 1', 'bEN')).map(({ grantId }) => grantId)).toEqual([`${id}B`]);
    expect(await rows().at('team 1', 'ben')).toEqual([]);
  });

  test('go one by one', async () => {
    await rows().keep(record());
    await rows().keep(record({ place: 'team 2' }));
    await rows().drop(record());
    expect(await rows().of(id)).toEqual([record({ place: 'team 2' })]);
  });
});

describe('holders of a role where grants are labelled', () => {
  const made = (account: string, grantId: string | null) => ({ account, grantId });

  test('by grants, by other ways only where they have all of it, and each once', () => {
    const standing = [new Set(['ana', 'eve', 'ben']), new Set(['eve', 'ben', 'zoe']), new Set(['ben', 'eve'])];
    const found = holdingsOf('db/read', [made('ben', 'G1'), made('ben', 'G1'), made('ben', 'G2')], standing);
    expect(found).toEqual([
      { account: 'ben', role: 'db/read', grantId: 'G1' },
      { account: 'ben', role: 'db/read', grantId: 'G2' },
      { account: 'eve', role: 'db/read', grantId: null },
      { account: 'ben', role: 'db/read', grantId: null },
    ]);
  });

  test('a role that gives one thing, and one that gives nothing that others could have', () => {
    expect(holdingsOf('db/read', [], [new Set(['ana'])])).toEqual([{ account: 'ana', role: 'db/read', grantId: null }]);
    expect(holdingsOf('db/read', [made('ana', null)], [new Set(['ana'])])).toHaveLength(1);
    expect(holdingsOf('db/read', [], [])).toEqual([]);
  });
});

describe('kinds', () => {
  test('are found by their name, and one that is none is named', () => {
    expect(PROVISIONERS.map(provisionerOf)).toEqual(PROVISIONERS);
    expect(() => provisionerOf({ kind: 'telnet' })).toThrow('no provisioner of kind telnet');
  });

  const resource = (kind: string) => ({ ...aResource(kind, kind, []), kind });
  const retired = (kind: string) => ({ name: kind, kind, target: null });
  const nothing = () => false;

  test('that the policy does not use need no package, and retired ones do', () => {
    expect(lackingPackages(aPolicy(resource('webhook')), nothing)).toBeNull();
    const policy = { ...aPolicy(resource('mysql')), retiredTargets: [retired('okta')] };
    expect(lackingPackages(policy, (name) => name === 'mysql2')).toMatch(
      /^targets of kind okta need packages that are not installed: @okta\/okta-sdk-nodejs\. Run: npm install .*'mysql2@\^.* '@okta\/okta-sdk-nodejs@\^/,
    );
    expect(lackingPackages(policy, (name) => name === '@okta/okta-sdk-nodejs')).toMatch(
      /^targets of kind mysql need packages that are not installed: mysql2\. Run:/,
    );
    expect(lackingPackages(policy, nothing)?.split('\n')).toHaveLength(2);
  });

  test('they are installed beside the program, however that was installed', () => {
    const policy = aPolicy(resource('mysql'));
    const said = (root: string) => lackingPackages(policy, nothing, root) ?? '';
    expect(said('/opt/jitbot/')).toContain("npm install --no-save --save-prod --omit=dev 'mysql2@");
    expect(said('/opt/jitbot/lib/node_modules/jitbot/')).toContain(
      "npm install --global --prefix /opt/jitbot 'mysql2@",
    );
    const project = mkdtempSync(join(tmpdir(), 'jitbot-packages-'));
    writeFileSync(join(project, 'package.json'), '{}');
    expect(said(join(project, 'node_modules/jitbot/'))).toContain(
      `npm install --save-exact --prefix ${project} 'mysql2@`,
    );
    rmSync(project, { recursive: true });
  });

  test('packages that are installed are seen without a word from anybody', () => {
    const all = PROVISIONERS.map(({ kind }) => resource(kind));
    expect(lackingPackages(aPolicy(...all))).toBeNull();
  });
});

describe('what becomes of sessions', () => {
  test.each([
    [undefined, 'none'],
    ['none', 'none'],
    ['ended', 0],
    ['until_closed', null],
    ['90s', 90_000],
    ['1h30m', 5_400_000],
    ['2d', 172_800_000],
  ])('%j is understood as %j', (said, expected) => {
    expect(sessionsSchema.parse(said)).toBe(expected);
  });

  test.each(['never', '1', '-1h', '1h of it', '1x', 'h1'])('%j is refused', (said) => {
    expect(sessionsSchema.safeParse(said).success).toBe(false);
  });
});
