/** Starts jitbot and git. */
import { spawnSync } from 'node:child_process';
import { existsSync, lstatSync, realpathSync } from 'node:fs';
import { dirname, extname, isAbsolute, join, relative, resolve } from 'node:path';

const MOST_OUTPUT = 64 * 1024 * 1024;
const { JITBOT = 'npx --no-install jitbot', PATH, HOME, TMPDIR } = process.env;
const [program = 'npx', ...first] = JITBOT.split(' ');

/** With none of the workflow's variables: a policy may name any, and its value would be shown. */
function run(command, args) {
  const env = { PATH, HOME, TMPDIR };
  const { status, stdout, stderr, error } = spawnSync(command, args, {
    ...{ env, encoding: 'utf8', maxBuffer: MOST_OUTPUT },
  });
  const name = `${command} ${args.join(' ')}`;
  if (error?.code === 'ENOBUFS') throw new Error(`${name}: more output than ${MOST_OUTPUT / 2 ** 20} MiB`);
  if (error) throw new Error(`${name}: ${error.message}`);
  if (status === null) throw new Error(`${name}: was ended from outside`);
  return { status, stdout, stderr };
}

/**
 * @returns what `jitbot policy … --json` says, and whether it found something
 * @throws Error with exit code 2 or none: it could not be carried out, and nothing is taken from it
 */
export function jitbot(...args) {
  const { status, stdout, stderr } = run(program, [...first, 'policy', ...args, '--json']);
  if (status !== 0 && status !== 1) throw new Error(`jitbot policy ${args[0]}: ${stderr.trim()}`);
  return { failed: status === 1, said: JSON.parse(stdout) };
}

/** @returns what git says, or null if it has no answer */
function git(...args) {
  const { status, stdout } = run('git', args);
  return status === 0 ? stdout : null;
}

/** @returns its hash, or null if this checkout does not have it */
export const commitOf = (name) =>
  git('rev-parse', '--verify', '--quiet', '--end-of-options', `${name}^{commit}`)?.trim() || null;

/** @returns the text of a file at a commit, or null if it is not there */
export function textAt(commit, path) {
  const inside = relative('.', path);
  if (inside.startsWith('..') || isAbsolute(inside)) return null;
  const entry = git('ls-tree', '-z', commit, '--', inside);
  if (entry === null) throw new Error(`git cannot read ${commit}`);
  const [, mode, hash] = /^(\d+) blob ([0-9a-f]+)\t/.exec(entry) ?? [];
  // A symbolic link has no text of its own.
  if (hash === undefined || mode === '120000') return null;
  const text = git('cat-file', 'blob', hash);
  if (text === null) throw new Error(`git cannot read ${path} at ${commit}`);
  return text;
}

/**
 * @param names what a policy names: files, folders, modules without their extension, and commands of several words
 * @returns the paths among them that have changed
 */
export function changedAmong(names, policy, commit) {
  const said = git('diff', '--relative', '--no-renames', '--name-only', '-z', commit, 'HEAD');
  if (said === null) throw new Error(`git cannot compare ${commit} with HEAD`);
  const words = new Set(names.flatMap((name) => [name, ...name.split(/\s+/)]).filter((word) => word !== ''));
  // A command is found from where the bot runs, which may be here.
  const meant = new Set(
    [...words].flatMap((word) => [dirname(policy), '.'].flatMap((from) => placesOf(join(from, word)))),
  );
  const isMeant = (path) => meant.has(path) || (path !== '.' && isMeant(dirname(path)));
  // A module of git changes as one path, which what is named is in.
  const isAround = (path) => [...meant].some((one) => one.startsWith(`${path}/`));
  return said
    .split('\0')
    .filter((path) => path !== '')
    .filter((path) => isMeant(path) || isAround(path) || meant.has(path.slice(0, -extname(path).length || undefined)));
}

/** Where it is by its name, and where it is once links are followed. */
function placesOf(path) {
  const named = relative('.', path);
  if (!existsSync(path)) return [named];
  return [named, relative(realpathSync('.'), realpathSync(path))];
}

/** @returns the branch as it is now, where HEAD merges this commit into it, or null */
export function mergedInto(commit) {
  const [, branch, merged, ...more] = git('rev-list', '--parents', '--max-count=1', 'HEAD')?.trim().split(' ') ?? [];
  return merged !== undefined && merged === commit && more.length === 0 ? branch : null;
}

/** @returns pairs of paths, from before to now */
export function renamesSince(commit) {
  const parts = (
    git('diff', '--relative', '--find-renames', '--diff-filter=R', '--name-status', '-z', commit, 'HEAD') ?? ''
  )
    .split('\0')
    .slice(0, -1);
  return Array.from({ length: parts.length / 3 }, (_, at) => parts.slice(at * 3 + 1, at * 3 + 3));
}

/** @throws Error if it is not a file in its own place, so that nothing outside the checkout is read and shown */
export function isThere(path) {
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (!found) return false;
  if (!found.isFile() || realpathSync(path) !== resolve(realpathSync('.'), path))
    throw new Error(`${path} is not a file, or is reached by a symbolic link`);
  return true;
}
