import { expect, test } from 'vitest';
import {
  accountsBeside,
  bothHumans,
  humanOf,
  isSameHuman,
  isSamePerson,
  mailboxOf,
  named,
  personActor,
} from '../../src/domain/person.ts';

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

test('K6.13 no address is nobody’s mailbox: two people with erased names are not one', () => {
  expect(isSamePerson(nobody('A'), nobody('B'), [])).toBe(false);
  expect(isSamePerson({ slackId: 'A', email: 'ana@x' }, { slackId: 'B', email: 'ANA+b@x' }, [])).toBe(true);
  expect(isSamePerson({ slackId: 'A', email: 'ana@x' }, { slackId: 'B', email: 'ana@y' }, [])).toBe(false);
});

test('an actor in an event is only the id and name of the person', () => {
  const ana = { slackId: 'U0ANA', name: 'Ana', email: 'ana@x', timeZone: 'UTC' };
  expect(personActor(ana)).toEqual({ kind: 'person', id: 'U0ANA', name: 'Ana' });
  expect(named(ana)).toEqual({ slackId: 'U0ANA', name: 'Ana' });
});

test('a human has every account and mailbox of all identities, each once', () => {
  const identities = [
    { slackId: 'A', email: 'Ana@x' },
    { slackId: 'A', email: 'ana+old@x' },
    { slackId: 'B', email: 'ana@y' },
    { slackId: 'C', email: '' },
  ];
  expect(
    humanOf(identities, [
      ['B', 'D'],
      ['E', 'F'],
    ]),
  ).toEqual({ accounts: ['A', 'B', 'C', 'D'], mailboxes: ['ana@x', 'ana@y'] });
});

test.each([
  ['Ana@X.example', 'ana@x.example'],
  ['ana+admin@x', 'ana@x'],
  ['ana+a+b@x', 'ana@x'],
  ['ana@x+y', 'ana@x+y'],
  ['erased', ''],
  ['', ''],
])('the mailbox of "%s" is "%s"', (email, mailbox) => {
  expect(mailboxOf(email)).toBe(mailbox);
});

test('one shared account or mailbox is enough, whichever of many', () => {
  const ana = { accounts: ['A', 'B'], mailboxes: ['ana@x', 'ana@y'] };
  expect(isSameHuman(ana, { accounts: ['C', 'B'], mailboxes: [] })).toBe(true);
  expect(isSameHuman(ana, { accounts: ['C'], mailboxes: ['c@x', 'ana@y'] })).toBe(true);
  expect(isSameHuman(ana, { accounts: ['C'], mailboxes: ['c@x'] })).toBe(false);
  expect(isSameHuman({ accounts: [], mailboxes: [] }, { accounts: [], mailboxes: [] })).toBe(false);
});

test('a stand-in and their reviewer are known by all identities of either', () => {
  const both = bothHumans(
    { accounts: ['A', 'B'], mailboxes: ['ana@x'] },
    { accounts: ['B', 'C'], mailboxes: ['ana@x', 'c@x'] },
  );
  expect(both).toEqual({ accounts: ['A', 'B', 'C'], mailboxes: ['ana@x', 'c@x'] });
});

test('an account that is listed nowhere has no other accounts', () => {
  expect(accountsBeside('F', CHAIN)).toEqual([]);
  expect(accountsBeside('A', [['C', 'B', 'A']])).toEqual(['B', 'C']);
});
