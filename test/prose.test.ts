/** How comments and test names are written: what a machine can check of it. */
import { describe, expect, test } from 'vitest';
import { all, type Node, programOf, type Source, sourcesIn } from './support/syntax.ts';

/** A comment between the imports and the first declaration, followed by an empty line: it is about the file. */
function hasFloatingComment({ text }: Source): boolean {
  const imports = [...text.matchAll(/^(?:import .*|\} from .*);$/gm)].at(-1);
  return (
    imports !== undefined && /^\s*\/\*\*(?:(?!\*\/)[\s\S])*\*\/\n\n/.test(text.slice(imports.index + imports[0].length))
  );
}

describe("a file's own comment", () => {
  test('is its first line', () => {
    const floating = [...sourcesIn('src'), ...sourcesIn('test')].filter(hasFloatingComment);
    expect(floating.map(({ file }) => file)).toEqual([]);
  });

  test.each([
    ["import a from 'a';\n\n/** All of it. */\n\nconst b = a;\n", true],
    ["import {\n  a,\n} from 'a';\n\n/** All\n * of it. */\n\nconst b = a;\n", true],
    ["import a from 'a';\n\n/** About b. */\nconst b = a;\n", false],
    ["/** All of it. */\n\nimport a from 'a';\n\nconst b = a;\n", false],
  ])('of %j floats: %s', (text, floats) => {
    expect(hasFloatingComment({ file: 'a.ts', text })).toBe(floats);
  });
});

const LONGEST_NAME = 79;
const NAMED = /^(?:test|it|describe)\b/;

/** Titles of tests and groups, as they stand in the source. */
function namesIn({ text }: Source): string[] {
  const titled = (node: Node): node is Node & { callee: Node; arguments: Node[] } =>
    node.type === 'CallExpression' && 'callee' in node && 'arguments' in node;
  return all(programOf(text))
    .filter(titled)
    .filter(({ callee }) => NAMED.test(text.slice(callee.start, callee.end)))
    .flatMap(({ arguments: [title] }) =>
      title?.type === 'StringLiteral' || title?.type === 'TemplateLiteral'
        ? [text.slice(title.start + 1, title.end - 1)]
        : [],
    );
}
const isUnreadable = (name: string): boolean => name.length > LONGEST_NAME || name.includes(';');

describe('the name of a test', () => {
  test('is under 80 characters, without semicolons', () => {
    const found = sourcesIn('test').flatMap((source) =>
      namesIn(source)
        .filter(isUnreadable)
        .map((name) => `${source.file}: ${name}`),
    );
    expect(found).toEqual([]);
  });

  test.each([
    ['test', 79, false],
    ['test', 80, true],
    ["test.each(['a'])", 80, true],
    ['describe.skipIf(true)', 80, true],
    ['tested', 80, false],
  ])('given to %s with %d characters is too long: %s', (call, length, isTooLong) => {
    const text = `${call}('${'a'.repeat(length)}', () => undefined);`;
    expect(namesIn({ file: 'a.test.ts', text }).some(isUnreadable)).toBe(isTooLong);
  });

  test('with a semicolon is two names', () => {
    expect(isUnreadable('grants; denies')).toBe(true);
  });
});
