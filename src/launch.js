/**
 * Starts a TypeScript file of this project on a Node that runs it as it stands. Plain JavaScript, so that an
 * older Node gets as far as handing over to the one that `npm ci` brought, or saying what is missing.
 */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const NEEDED = 24;
/** What whoever started the bot sends to it. SIGHUP reads the policy again, the others stop it. */
const FORWARDED = /** @type {const} */ (['SIGTERM', 'SIGINT', 'SIGHUP']);

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
  process.exitCode = await handOver(brought, [path, ...args]);
}

/**
 * Runs it in a child that gets every signal that this process gets, and that notices when this process is gone.
 * @param {string} program @param {string[]} args @returns {Promise<number>} its exit code
 */
function handOver(program, args) {
  const child = spawn(program, args, { stdio: ['inherit', 'inherit', 'inherit', 'ipc'] });
  for (const signal of FORWARDED) process.on(signal, () => child.kill(signal));
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code, signal) => resolve(code ?? (signal ? 1 : 0)));
  });
}
