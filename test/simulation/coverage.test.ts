import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

test('every deciding function runs in the simulation, or is listed with the reason', () => {
  const coverage = fileURLToPath(new URL('coverage.ts', import.meta.url));
  const said = execFileSync(process.execPath, [coverage, '100'], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  expect(said).toBe('every function ran, or is listed\n');
}, 300_000);
