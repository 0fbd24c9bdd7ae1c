import { expect, test } from 'vitest';
import { accountsBeside, humanOf, isSamePerson } from '../../src/domain/person.ts';

/** Each shares an account with the next, and none stands where one look at the lists would follow it. */
const CHAIN = [
  ['D', 'E'],
  ['C', 'D'],
  ['B', 'C'],
  ['A', 'B'],
];
const nobody = (slackId: string) => ({ slackId, email: '' });

test.each([
  ['in one order', CHAIN],
  ['in the other', [...CHAIN].reverse()],
])('K6.13 lists that share an account are one list, however long the chain, %s', (_which, lists) => {
  for (const id of 'ABCDE') expect([...humanOf([nobody(id)], lists).accounts].sort()).toEqual([...'ABCDE']);
  expect(accountsBeside('A', lists)).toEqual([...'BCDE']);
  expect(isSamePerson(nobody('A'), nobody('E'), lists)).toBe(true);
  expect(isSamePerson(nobody('A'), nobody('F'), lists)).toBe(false);
});

test('K6.13 no address is nobody’s mailbox: two whose names were erased are not one', () => {
  expect(isSamePerson(nobody('A'), nobody('B'), [])).toBe(false);
  expect(isSamePerson({ slackId: 'A', email: 'ana@x' }, { slackId: 'B', email: 'ANA+b@x' }, [])).toBe(true);
  expect(isSamePerson({ slackId: 'A', email: 'ana@x' }, { slackId: 'B', email: 'ana@y' }, [])).toBe(false);
});
