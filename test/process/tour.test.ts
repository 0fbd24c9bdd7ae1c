import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const SANDBOX = fileURLToPath(new URL('../../src/sandbox/start.js', import.meta.url));

const run = (args: string[]) =>
  new Promise<{ code: number; out: string; err: string }>((resolve) => {
    execFile(process.execPath, [SANDBOX, ...args], (error, out, err) =>
      resolve({ code: error ? Number(error.code) : 0, out, err }),
    );
  });

test('the tour plays the whole story, observes every step, and ends with 0', async () => {
  const { code, out, err } = await run(['--tour']);
  expect(err).toBe('');
  expect(out).toContain('Every step was observed.');
  expect(out.match(/✓/g)?.length).toBeGreaterThanOrEqual(13);
  expect(code).toBe(0);
}, 120_000);

test('a word that the sandbox does not know gets its usage', async () => {
  expect(await run(['--toor'])).toMatchObject({ code: 2, err: expect.stringContaining('--tour') });
});
