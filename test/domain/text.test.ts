import fc from 'fast-check';
import { expect, test } from 'vitest';
import { counted, cut, problemText } from '../../src/domain/text.ts';

test('a text that is too long for its place is cut before an emoji, not within one', () => {
  expect(cut('down 🔥🔥', 8)).toBe('down 🔥…');
  expect(cut('down 🔥🔥', 7)).toBe('down …');
  expect(cut('down 🔥🔥', 9)).toBe('down 🔥🔥');
});

test('what is cut fits, and is text that every service takes', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), fc.integer({ min: 1, max: 20 }), (text, length) => {
      const shown = cut(text, length);
      return shown.length <= length && shown.isWellFormed();
    }),
  );
});

test('of what a target says, people read the beginning: a page of it does not fill the ledger', () => {
  const shown = problemText(new Error(`no such role${' and on'.repeat(10_000)}`));
  expect(shown).toMatch(/^no such role and on.*…$/);
  expect(shown).toHaveLength(1_000);
  expect(problemText('said as it is')).toBe('said as it is');
});

test.each([
  [0, '0 rules'],
  [1, '1 rule'],
  [2, '2 rules'],
])('%i is counted as people count', (count, said) => {
  expect(counted(count, 'rule')).toBe(said);
});
