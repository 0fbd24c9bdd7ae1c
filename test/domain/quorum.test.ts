import fc from 'fast-check';
import { expect, test } from 'vitest';
import { isSamePerson } from '../../src/domain/person.ts';
import { missingApprovals, voicesOf } from '../../src/domain/quorum.ts';

const stage = (needed: number) => ({ reviewers: ['S1'], needed });
const voice = (slackId: string, ...stages: number[]) => ({ slackId, stages });

test('one person counts for one stage only, where they help most', () => {
  const stages = [stage(1), stage(1)];
  expect(missingApprovals(stages, [voice('a', 0, 1)])).toEqual([0, 1]);
  // The first could stand in either seat; the second only in one: together they fill both.
  expect(missingApprovals(stages, [voice('a', 0, 1), voice('b', 0)])).toEqual([0, 0]);
  expect(missingApprovals(stages, [voice('a', 0), voice('b', 0)])).toEqual([0, 1]);
});

test('nothing is missing exactly if everybody can be assigned, in any order', () => {
  const voices = fc.array(fc.subarray([0, 1, 2]), { maxLength: 6 });
  const counts = fc.array(fc.integer({ min: 1, max: 2 }), { minLength: 3, maxLength: 3 });
  fc.assert(
    fc.property(voices, counts, (given, needed) => {
      const stages = needed.map(stage);
      const people = given.map((of, index) => voice(String(index), ...of));
      const missing = missingApprovals(stages, people);
      const sum = (numbers: readonly number[]) => numbers.reduce((a, b) => a + b, 0);
      expect(missing.every((count, index) => count >= 0 && count <= (needed[index] ?? 0))).toBe(true);
      expect(sum(missingApprovals(stages, people.toReversed()))).toBe(sum(missing));
      // Hall's condition, the other way to see it: some set of stages lacks voices.
      const short = subsets([0, 1, 2]).some(
        (set) =>
          people.filter(({ stages: of }) => of.some((one) => set.includes(one))).length <
          sum(set.map((one) => needed[one] ?? 0)),
      );
      expect(sum(missing) > 0).toBe(short);
    }),
  );
});

test('one human counts once under all accounts', () => {
  const person = (slackId: string, email: string) => ({ slackId, email });
  expect(isSamePerson(person('U1', 'Ana@x.example'), person('U2', 'ana@x.example'), [])).toBe(true);
  expect(isSamePerson(person('U1', 'ana+admin@x.example'), person('U2', 'ana@x.example'), [])).toBe(true);
  expect(isSamePerson(person('U1', 'ana@x.example'), person('U2', 'root@x.example'), [['U1', 'U2']])).toBe(true);
  expect(isSamePerson(person('U1', 'ana@x.example'), person('U2', 'ana@y.example'), [['U1', 'U3']])).toBe(false);
});

const said = (human: { accounts?: string[]; mailboxes?: string[] }, ...stages: number[]) => ({
  human: { accounts: [], mailboxes: [], ...human },
  stages,
});

test('two humans count twice, each for their own stages', () => {
  expect(voicesOf([said({ accounts: ['U1'] }, 0, 1), said({ accounts: ['U2'] }, 1)])).toEqual([
    { stages: [0, 1] },
    { stages: [1] },
  ]);
  expect(voicesOf([])).toEqual([]);
});

test('approvals of one human by two accounts count once, for the stages of either', () => {
  const voices = voicesOf([
    said({ accounts: ['U1'], mailboxes: ['ana@x'] }, 0),
    said({ accounts: ['U3'] }, 2),
    said({ accounts: ['U2'], mailboxes: ['ana@x'] }, 1),
  ]);
  expect(voices.map(({ stages }) => [...stages].sort())).toEqual([[2], [0, 1]]);
});

test.each([
  ['last', [0, 2, 1]],
  ['in between', [0, 1, 2]],
  ['first', [1, 0, 2]],
])('three linked through the one in the middle count once, the middle heard %s', (_when, order) => {
  const three = [said({ accounts: ['U1'] }, 0), said({ accounts: ['U1', 'U2'] }, 1), said({ accounts: ['U2'] }, 2)];
  const voices = voicesOf(order.flatMap((index) => three[index] ?? []));
  expect(voices.map(({ stages }) => [...stages].sort())).toEqual([[0, 1, 2]]);
  expect(missingApprovals([stage(1), stage(1), stage(1)], voices)).toEqual([0, 1, 1]);
});

test('a stage that needs two takes two, and an approval for no stage counts nowhere', () => {
  expect(missingApprovals([stage(2)], [voice('a', 0)])).toEqual([1]);
  expect(missingApprovals([stage(2)], [voice('a', 0), voice('b', 0)])).toEqual([0]);
  expect(missingApprovals([stage(2)], [voice('a', 0), voice('b', 0), voice('c', 0)])).toEqual([0]);
  expect(missingApprovals([stage(1), stage(2)], [voice('a'), voice('b', 7)])).toEqual([1, 2]);
  expect(missingApprovals([stage(1), stage(2)], [voice('a', 1), voice('b', 1)])).toEqual([1, 0]);
});

test('several move to other stages in turn, so that the last one finds a place', () => {
  const stages = [stage(1), stage(1), stage(1)];
  expect(missingApprovals(stages, [voice('a', 0, 1), voice('b', 1, 2), voice('c', 0), voice('d', 1)])).toEqual([
    0, 0, 0,
  ]);
  expect(missingApprovals(stages, [voice('a', 0, 1), voice('b', 0, 1), voice('c', 0, 1)])).toEqual([0, 0, 1]);
});

const subsets = (items: readonly number[]): number[][] =>
  Array.from({ length: 2 ** items.length }, (_, bits) => items.filter((_item, index) => (bits >> index) % 2 === 1));
