import { globSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { EMOJI } from '../../src/sandbox/web/page/emoji.ts';

const root = fileURLToPath(new URL('../../src/', import.meta.url));

test('the workspace page draws every emoji that the bot posts, as Slack does', () => {
  const sources = globSync('{slack,domain,lifecycle,wording}/**/*.ts', { cwd: root }).map((file) =>
    readFileSync(`${root}${file}`, 'utf8'),
  );
  const used = new Set(sources.flatMap((source) => [...source.matchAll(/:([a-z][a-z_]*):/g)].map(([, name]) => name)));
  expect(used.size).toBeGreaterThan(15);
  expect([...used].filter((name) => !Object.hasOwn(EMOJI, name ?? ''))).toEqual([]);
});
