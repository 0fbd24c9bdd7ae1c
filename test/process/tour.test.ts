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
  expect(out).toContain('(times in Europe/Zagreb)');
  expect(out).toContain('Twenty minutes pass');
  expect(code).toBe(0);
}, 120_000);

test('an unknown word in the sandbox gets its usage and the nearest word', async () => {
  expect(await run(['--tuor'])).toMatchObject({ code: 2, err: expect.stringContaining('Did you mean "--tour"?') });
  expect((await run(['--astrology'])).err).not.toContain('Did you mean');
});

test('the sandbox explains itself when asked', async () => {
  expect(await run(['--help'])).toMatchObject({ code: 0, out: expect.stringContaining('--port N') });
});
