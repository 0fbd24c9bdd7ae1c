/** How the action for pull requests writes what somebody else wrote. */

import { describe, expect, test, vi } from 'vitest';
import { annotate, rendered, visible } from '../../.github/actions/policy/text.js';

const FIT = { limit: 65_000, sizeOf: (text: string) => text.length, line: 1_000, rest: 'There is more elsewhere.' };
const MOST_OF_GITHUB = 65_536;
const comment = (blocks: { title: string; lines: string[] }[]) =>
  rendered({ head: ['### policy', 'It is so.'], blocks }, FIT);
const many = (count: number, line: string) => Array.from({ length: count }, (_, at) => `${line} ${at}`);

describe('a comment', () => {
  test.each([
    ['many lines', [{ title: 'Gains', lines: many(90_000, 'x') }]],
    ['long lines', [{ title: 'Gains', lines: many(300, 'x'.repeat(5_000)) }]],
    ['one endless line', [{ title: 'Gains', lines: ['x'.repeat(1_000_000)] }]],
    ['an endless run of backticks', [{ title: 'Gains', lines: ['`'.repeat(70_000)] }]],
    ['runs of backticks of every length', [{ title: 'Gains', lines: many(900, '`').map((one, at) => one.repeat(at)) }]],
    ['many blocks', many(40, 'Block').map((title) => ({ title, lines: many(400, 'x'.repeat(100)) }))],
  ])('of %s is never longer than GitHub takes, and says that it is cut', (_name, blocks) => {
    const text = comment(blocks);
    expect(text.length).toBeLessThan(MOST_OF_GITHUB);
    expect(text).toMatch(/^> \*\*Cut: \d+ lines are missing or shortened here\.\*\* There is more elsewhere\.$/m);
  });

  test('that fits is whole, and says nothing of a cut', () => {
    const text = comment([{ title: 'Gains', lines: many(900, 'x'.repeat(50)) }]);
    expect(text.match(/^ {4}x{50} \d+$/gm)).toHaveLength(900);
    expect(text).not.toContain('Cut');
  });

  test('counts each line that is missing or shortened once', () => {
    const text = comment([
      { title: 'Gains', lines: ['x'.repeat(2_000), ...many(2_000, 'y'.repeat(100))] },
      { title: 'Loses', lines: ['z'.repeat(2_000)] },
    ]);
    const [, missing] = /Cut: (\d+) lines/.exec(text) ?? [];
    const [, more] = /… (\d+) more lines/.exec(text) ?? [];
    expect(Number(missing)).toBe(Number(more) + 2);
  });

  test('keeps the first lines of each block, however many another one has', () => {
    const text = comment([
      { title: 'Gains', lines: many(5_000, 'decoy') },
      { title: 'In the file', lines: ['administrators: U0EVE → U0MALLORY', ...many(5_000, 'decoy')] },
      { title: 'Loses', lines: ['db/read: anybody'] },
    ]);
    expect(text).toContain('    administrators: U0EVE → U0MALLORY\n');
    expect(text).toContain('    db/read: anybody\n');
  });

  test.each(['`', '````', '`'.repeat(500), '~~~', '</code></pre>', '- ', '1. ', '\t', ''])(
    'has every line that begins with %j in its block',
    (start) => {
      const lines = ['before', `${start}@acme/all <b>nothing changes</b>`, 'after', start, `${start}`];
      const text = comment([{ title: 'Gains', lines }]);
      expect(text.split('**Gains**\n\n')[1]?.trimEnd().split('\n')).toEqual(
        lines
          .map((line) => `    ${visible(line)}`)
          .join('\n')
          .trimEnd()
          .split('\n'),
      );
      expect(text.replace(/^ {4}.*$/gm, '').trim()).toBe('### policy\n\nIt is so.\n\n**Gains**');
    },
  );
});

describe('a word', () => {
  test.each([
    ['with a letter of another alphabet', 'p\u0430yments', String.raw`p\u0430yments`],
    ['with a Greek letter', 'pr\u03bfd', String.raw`pr\u03BFd`],
    ['in wide letters', '\uff21dmin', String.raw`\uFF21dmin`],
    ['in mathematical letters', '\u{1d41a}dmin', String.raw`\u{1D41A}dmin`],
    ['with a mark of its own', 'e\u0301ve', String.raw`e\u0301ve`],
    ['with a space that is none', 'a\u00a0b\u3000c\u2800d', String.raw`a\u00A0b\u3000c\u2800d`],
  ])('%s is seen to be one', (_name, given, told) => {
    expect(visible(`the ${given} is`)).toBe(`the ${told} is`);
  });

  test.each(['Zahlungen für Müller', 'données', 'Платежи', '支払い 2', '🔐 prod', 'α', 'a → b …'])(
    '%s stays as it is',
    (text) => {
      expect(visible(text)).toBe(text);
    },
  );
});

test('a line of the log is one line, whatever is in it', () => {
  const said: string[] = [];
  const spy = vi.spyOn(process.stdout, 'write').mockImplementation((text) => said.push(String(text)) > 0);
  annotate('warning', '100 %0A\n::error::c\r', { file: 'a,line=9:b%.yaml', line: 3, title: 'x' });
  spy.mockRestore();
  expect(said).toEqual(['::warning file=a%2Cline=9%3Ab%25.yaml,line=3,title=x::100 %250A%0A::error::c\\u000D\n']);
});
