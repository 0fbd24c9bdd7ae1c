import { spawnSync } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

/** The lint rule that keeps the layers apart, tried on imports that must not be. */

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const BIOME = join(ROOT, 'node_modules/@biomejs/biome/bin/biome');

function lint(file: string, imported: string): string {
  const path = join(ROOT, file);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, `import '${imported}';\n`);
  try {
    const { stdout, stderr } = spawnSync(process.execPath, [BIOME, 'lint', file], { cwd: ROOT, encoding: 'utf8' });
    return stdout + stderr;
  } finally {
    rmSync(path);
  }
}

test.each([
  ['src/domain/layerProbe.ts', '../ports.ts'],
  ['src/domain/layerProbe.ts', 'node:fs'],
  ['src/lifecycle/layerProbe.ts', '../ledger/store.ts'],
  ['src/lifecycle/layerProbe.ts', '../slack/app.ts'],
  ['src/ledger/layerProbe.ts', '../slack/app.ts'],
  ['src/slack/layerProbe.ts', '../ledger/store.ts'],
  ['src/slack/request/layerProbe.ts', '../../pagerduty/client.ts'],
  ['src/provisioners/postgres/layerProbe.ts', '../../config/env.ts'],
  ['src/forwarding/layerProbe.ts', '../slack/app.ts'],
  ['src/pagerduty/layerProbe.ts', '../provisioners/registry.ts'],
  ['src/ports/layerProbe.ts', '../provisioners/registry.ts'],
  ['src/jobs/layerProbe.ts', '../ledger/jobQueue.ts'],
  ['src/config/layerProbe.ts', '../provisioners/registry.ts'],
  ['src/cli/layerProbe.ts', '../sandbox/sandbox.ts'],
  ['src/sandbox/layerProbe.ts', '../domain/terms.ts'],
  ['src/sandbox/layerProbe.ts', '../slack/app.ts'],
  ['src/sandbox/slack/layerProbe.ts', '../../slack/blocks.ts'],
])('%s must not import %s', (file, imported) => {
  expect(lint(file, imported)).toContain('noRestrictedImports');
});

test.each([
  ['src/slack/layerProbe.ts', '../lifecycle/deps.ts'],
  ['src/lifecycle/layerProbe.ts', '../domain/terms.ts'],
  ['src/sandbox/slack/layerProbe.ts', '../http.ts'],
])('%s may import %s', (file, imported) => {
  expect(lint(file, imported)).not.toContain('noRestrictedImports');
});
