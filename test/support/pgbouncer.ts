/** Debian's PgBouncer in transaction mode: after each transaction the server's connection goes to somebody else. */

import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort, hand, unprivilegedAccount } from '../../src/sandbox/postgres.ts';

const PROGRAM = '/usr/sbin/pgbouncer';
export const HAS_PGBOUNCER = existsSync(PROGRAM);

export interface Pooler {
  readonly port: number;
  url(database: string, user: string, password: string): string;
  stop(): Promise<void>;
}

interface Login {
  readonly user: string;
  readonly password: string;
}

/**
 * @param serverPort where PostgreSQL is; every database of it can be reached
 * @param login what it looks up the secrets of others with, by `pgbouncer.secret_of`
 * @param everybodyIs whom the server sees, whoever comes of those whom a file of the pooler's knows
 */
export async function startPgBouncer(
  serverPort: number,
  { login, everybodyIs }: { login: Login; everybodyIs?: Login & { readonly from: readonly Login[] } },
): Promise<Pooler> {
  const account = await unprivilegedAccount();
  const folder = mkdtempSync(join(tmpdir(), 'jitbot-pgbouncer-'));
  const port = await freePort();
  const all = {
    listen_addr: '127.0.0.1',
    listen_port: port,
    unix_socket_dir: '',
    pool_mode: 'transaction',
    auth_type: 'scram-sha-256',
    auth_file: join(folder, 'users'),
    auth_user: login.user,
    auth_query: 'SELECT name, secret FROM pgbouncer.secret_of($1)',
    // A server that refused a login is asked again at once, and nobody waits for long.
    server_login_retry: 0.1,
    query_wait_timeout: 1,
  };
  const lines = Object.entries(all).map(([name, value]) => `${name} = ${value}`);
  const databases = `${everybodyIs ? 'payments' : '*'} = host=127.0.0.1 port=${serverPort}${everybodyIs ? ` user=${everybodyIs.user} password=${everybodyIs.password}` : ''}`;
  writeFileSync(join(folder, 'ini'), ['[databases]', databases, '[pgbouncer]', ...lines, ''].join('\n'));
  const known = [login, ...(everybodyIs?.from ?? []), ...(everybodyIs ? [everybodyIs] : [])];
  writeFileSync(join(folder, 'users'), known.map(({ user, password }) => `"${user}" "${password}"\n`).join(''));
  hand(folder, account);
  const pooler = spawn(PROGRAM, ['-q', join(folder, 'ini')], { ...account, stdio: ['ignore', 'ignore', 'pipe'] });
  const killWithUs = () => pooler.kill('SIGKILL');
  process.once('exit', killWithUs);
  await listening(pooler, port);
  return {
    port,
    url: (database, user, password) =>
      `postgres://${user}:${encodeURIComponent(password)}@127.0.0.1:${port}/${database}`,
    stop: async () => {
      process.off('exit', killWithUs);
      const ended = new Promise((resolve) => pooler.once('exit', resolve));
      pooler.kill('SIGKILL');
      await ended;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** It says nothing when it is ready; so it is asked until it answers. */
async function listening(pooler: ChildProcess, port: number): Promise<void> {
  let said = '';
  pooler.stderr?.on('data', (chunk: Buffer) => {
    said += chunk.toString();
  });
  let hasEnded = false;
  pooler.once('exit', () => {
    hasEnded = true;
  });
  while (!(await answers(port))) if (hasEnded) throw new Error(`PgBouncer did not start:\n${said}`);
}

const answers = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
