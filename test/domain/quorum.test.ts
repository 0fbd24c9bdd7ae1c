import fc from 'fast-check';
import { expect, test } from 'vitest';
import { isSamePerson } from '../../src/domain/person.ts';
import { missingApprovals } from '../../src/domain/quorum.ts';

const stage = (needed: number) => ({ reviewers: ['S1'], needed });
const voice = (slackId: string, ...stages: number[]) => ({ slackId, stages });

test('one person counts for one stage only, and where they help most', () => {
  const stages = [stage(1), stage(1)];
  expect(missingApprovals(stages, [voice('a', 0, 1)])).toEqual([0, 1]);
  // The first could stand in either seat; the second only in one: together they fill both.
  expect(missingApprovals(stages, [voice('a', 0, 1), voice('b', 0)])).toEqual([0, 0]);
  expect(missingApprovals(stages, [voice('a', 0), voice('b', 0)])).toEqual([0, 1]);
});

test('nothing is missing exactly where everybody can be seated, whatever the order', () => {
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

test('one human is one human under every account', () => {
  const person = (slackId: string, email: string) => ({ slackId, email });
  expect(isSamePerson(person('U1', 'Ana@x.example'), person('U2', 'ana@x.example'), [])).toBe(true);
  expect(isSamePerson(person('U1', 'ana+admin@x.example'), person('U2', 'ana@x.example'), [])).toBe(true);
  expect(isSamePerson(person('U1', 'ana@x.example'), person('U2', 'root@x.example'), [['U1', 'U2']])).toBe(true);
  expect(isSamePerson(person('U1', 'ana@x.example'), person('U2', 'ana@y.example'), [['U1', 'U3']])).toBe(false);
});

const subsets = (items: readonly number[]): number[][] =>
  Array.from({ length: 2 ** items.length }, (_, bits) => items.filter((_item, index) => (bits >> index) % 2 === 1));
