/**
 * Starts a TypeScript file of this project on a Node that runs it as it stands. Plain JavaScript, so that an
 * older Node gets as far as handing over to the one that `npm ci` brought, or saying what is missing.
 */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const NEEDED = 24;

/** @param {string} file relative to src/ @param {string[]} args */
export async function launch(file, args) {
  const path = fileURLToPath(new URL(file, import.meta.url));
  if (Number(process.versions.node.split('.')[0]) >= NEEDED) {
    process.argv = [process.execPath, path, ...args];
    await import(new URL(file, import.meta.url).href);
    return;
  }
  const brought = fileURLToPath(new URL('../node_modules/.bin/node', import.meta.url));
  if (!existsSync(brought)) {
    process.stderr.write(
      `jitbot needs Node.js ${NEEDED} or newer; this is ${process.versions.node}.\nOn Linux "npm ci" brings one along; elsewhere install it from https://nodejs.org and run "npm ci" again.\n`,
    );
    process.exitCode = 1;
    return;
  }
  const { status, signal } = spawnSync(brought, [path, ...args], { stdio: 'inherit' });
  process.exitCode = status ?? (signal ? 1 : 0);
}
