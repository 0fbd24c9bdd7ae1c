import fc from 'fast-check';
import { expect, test } from 'vitest';
import { cut } from '../../src/domain/text.ts';

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
