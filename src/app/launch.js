/**
 * Starts a program of this project, from its TypeScript in a checkout and from `dist/` in a package. Plain JavaScript, so
 * that an older Node gets as far as handing over to the one that `npm ci` brought, or saying what is missing.
 */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import * as modules from 'node:module';
import { fileURLToPath } from 'node:url';

const NEEDED = 24;
/**
 * Where Node keeps what it made of the sources. Beside the libraries, and not in a folder for everybody's temporary files:
 * whoever could write here could as well write what is run.
 */
const COMPILED = new URL('../../node_modules/.cache/jitbot', import.meta.url);
/** What whoever started the bot sends to it. SIGHUP reads the policy again, the others stop it. */
const FORWARDED = /** @type {const} */ (['SIGTERM', 'SIGINT', 'SIGHUP']);

/** @param {string} program its path under src/, without an ending @param {string[]} args */
export async function launch(program, args) {
  // Node strips no types from what is installed under node_modules.
  const source = new URL(`../${program}.ts`, import.meta.url);
  const url = existsSync(source) ? source : new URL(`../../dist/${program}.js`, import.meta.url);
  const path = fileURLToPath(url);
  if (Number(process.versions.node.split('.')[0]) >= NEEDED) {
    process.argv = [process.execPath, path, ...args];
    // Where it cannot be written, all is compiled each time.
    modules.enableCompileCache(fileURLToPath(COMPILED));
    await import(url.href);
    return;
  }
  const brought = fileURLToPath(new URL('../../node_modules/.bin/node', import.meta.url));
  if (!existsSync(brought)) {
    process.stderr.write(
      `jitbot needs Node.js ${NEEDED} or newer; this is ${process.versions.node}. Install it from https://nodejs.org.\nIn a checkout on Linux, "npm ci" brings one along for trying jitbot out.\n`,
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
  // The handlers stand first: a signal that came in between would end this process alone.
  /** @type {NodeJS.Signals[]} */
  const early = [];
  /** @type {(signal: NodeJS.Signals) => void} */
  let pass = (signal) => void early.push(signal);
  for (const signal of FORWARDED) process.on(signal, () => pass(signal));
  const child = spawn(program, args, { stdio: ['inherit', 'inherit', 'inherit', 'ipc'] });
  pass = (signal) => void child.kill(signal);
  for (const signal of early) pass(signal);
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code, signal) => resolve(code ?? (signal ? 1 : 0)));
  });
}
