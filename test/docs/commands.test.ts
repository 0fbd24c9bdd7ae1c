/** What a reader copies from the documentation does what it says, and nothing else. */

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const pages = [
  'README.md',
  ...readdirSync(join(ROOT, 'docs'), { recursive: true, encoding: 'utf8' }).map((file) => join('docs', file)),
].filter((file) => /\.(?:md|ya?ml|mjs|service)$|Dockerfile$/.test(file));

test('no command can reach a package of a stranger’s in the registry', () => {
  const found = pages.flatMap((file) =>
    readFileSync(join(ROOT, file), 'utf8')
      .split('\n')
      .filter((line) =>
        /\bnpx (?:jit|-)(?!-no-install )|npm (?:exec|x) |npm i(?:nstall)? .*\sjit(?:bot)?(?:@|\s|$)/.test(line),
      )
      .map((line) => `${file}: ${line}`),
  );
  expect(found).toEqual([]);
});
