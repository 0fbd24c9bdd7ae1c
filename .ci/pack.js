// What the package has and a checkout does not: the programs without their types, as Node strips none under node_modules.
// `npm pack` runs it.
import { copyFileSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { stripTypeScriptTypes } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const SRC = fileURLToPath(new URL('../src', import.meta.url));
const DIST = fileURLToPath(new URL('../dist', import.meta.url));
/** What a program reads beside itself. */
const DATA = /\.py$/;
/** `from './x.ts'` and `import('./x.ts')`. What replaces it is as long, so that a stack trace names the place in the source. */
const RELATIVE = /((?:from|import|import\()\s*'\.{1,2}\/[^'\n]+)\.ts'/g;

rmSync(DIST, { recursive: true, force: true });
for (const file of readdirSync(SRC, { recursive: true, encoding: 'utf8' })) {
  if (file.startsWith('sandbox')) continue;
  const made = join(DIST, file.replace(/\.ts$/, '.js'));
  mkdirSync(dirname(made), { recursive: true });
  if (file.endsWith('.ts'))
    writeFileSync(made, stripTypeScriptTypes(readFileSync(join(SRC, file), 'utf8')).replace(RELATIVE, "$1.js'"));
  else if (DATA.test(file)) copyFileSync(join(SRC, file), made);
}
