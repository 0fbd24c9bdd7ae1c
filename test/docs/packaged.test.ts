/** Who installed the package reads its pages there: what they link to has come along. */

import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { z } from 'zod';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
/** For contributors, who have a checkout; and raw measurements, which are figures in the page itself. */
const NOT_FOR_OPERATORS = /^(src|test|\.github|docs\/(screenshots|decisions|growth))\b/;
const packedSchema = z.array(z.object({ files: z.array(z.object({ path: z.string() })) }));

function packed(): ReadonlySet<string> {
  const said = execFileSync('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], {
    cwd: ROOT,
    encoding: 'utf8',
  });
  return new Set(packedSchema.parse(JSON.parse(said)).flatMap(({ files }) => files.map(({ path }) => path)));
}

const linksOf = (page: string): string[] =>
  [...readFileSync(join(ROOT, page), 'utf8').matchAll(/\]\((?!https?:|#|mailto:)([^)#\s]+)/g)].map(([, to = '']) =>
    normalize(join(page, '..', to)),
  );

test('every file that a packaged page links to is in the package', () => {
  const files = packed();
  const pages = [...files].filter((file) => file.startsWith('docs/') && file.endsWith('.md'));
  expect(pages.length).toBeGreaterThan(20);
  const isThere = (to: string) =>
    files.has(to) || [...files].some((file) => file.startsWith(`${to.replace(/\/$/, '')}/`));
  const missing = pages.flatMap((page) =>
    linksOf(page)
      .filter((to) => !NOT_FOR_OPERATORS.test(to) && !isThere(to))
      .map((to) => `${page} → ${to}`),
  );
  expect(missing).toEqual([]);
});
