import fc from 'fast-check';
import { expect, test } from 'vitest';
import { counted, cut, errorText, problemText, typed } from '../../src/domain/text.ts';

test('a text that is too long is cut before an emoji, not within one', () => {
  expect(cut('down 🔥🔥', 8)).toBe('down 🔥…');
  expect(cut('down 🔥🔥', 7)).toBe('down …');
  expect(cut('down 🔥🔥', 9)).toBe('down 🔥🔥');
});

test('a cut text fits, and is text that every service accepts', () => {
  fc.assert(
    fc.property(
      fc.array(fc.constantFrom('a', 'é', ' ', '🔥', '👩‍🚒')),
      fc.integer({ min: 1, max: 20 }),
      (letters, length) => {
        const shown = cut(letters.join(''), length);
        return shown.length <= length && shown.isWellFormed();
      },
    ),
  );
});

test('people read the beginning of a target’s message, and the ledger stays small', () => {
  const shown = problemText(new Error(`no such role${' and on'.repeat(10_000)}`));
  expect(shown).toMatch(/^no such role and on.*…$/);
  expect(shown).toHaveLength(1_000);
  expect(problemText('said as it is')).toBe('said as it is');
});

test.each([
  [0, '0 rules'],
  [1, '1 rule'],
  [2, '2 rules'],
])('%i gets a singular or plural as people write it', (count, said) => {
  expect(counted(count, 'rule')).toBe(said);
});

test('a noun with an irregular plural is counted with it', () => {
  expect(counted(1, 'other person', 'others')).toBe('1 other person');
  expect(counted(3, 'other person', 'others')).toBe('3 others');
});

test('a text is cut only if it is too long', () => {
  expect(cut('abcd', 4)).toBe('abcd');
  expect(cut('abcde', 4)).toBe('abc…');
});

test('a thrown value is shown by its message, or as it is', () => {
  expect(errorText(new TypeError('no such role'))).toBe('no such role');
  expect(errorText('no such role')).toBe('no such role');
  expect(errorText(7)).toBe('7');
});

test.each([
  ['  it is stuck \n', 'it is stuck'],
  ['it \u202eis stuck', 'it is stuck'],
  ['x', 'x'],
  ['\u200b \u0000\t', ''],
  ['', ''],
])('%j is kept as "%s"', (text, kept) => {
  expect(typed(text)).toBe(kept);
});
