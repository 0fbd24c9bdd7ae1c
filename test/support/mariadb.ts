/** A real MariaDB server for one test file. */

import { execFile, spawn } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import mysql from 'mysql2/promise';
import { freePort } from './ports.ts';

const SERVER = ['/usr/sbin/mariadbd', '/usr/libexec/mariadbd'].find(existsSync) ?? null;
export const hasMariaDb = SERVER !== null;

export interface MariaDb {
  readonly port: number;
  /** As the server's administrator, around the provisioner. */
  query(statement: string): Promise<Record<string, unknown>[]>;
  stop(): Promise<void>;
}

export async function startMariaDb(setup: readonly string[], options: readonly string[] = []): Promise<MariaDb> {
  if (SERVER === null) throw new Error('there is no MariaDB here');
  const folder = mkdtempSync(join(tmpdir(), 'jitbot-mariadb-'));
  chmodSync(folder, 0o777);
  const data = join(folder, 'data');
  const socket = join(folder, 'sock');
  // Each server begins by removing every temporary table in this folder: in a shared one, those of servers beside it too.
  const temporary = `--tmpdir=${folder}`;
  const asWhom = userInfo().uid === 0 ? ['--user=mysql'] : [];
  await promisify(execFile)('mariadb-install-db', [
    '--no-defaults',
    `--datadir=${data}`,
    temporary,
    '--auth-root-authentication-method=normal',
    '--skip-test-db',
    ...asWhom,
  ]);
  const port = await freePort();
  const server = spawn(
    SERVER,
    [
      '--no-defaults',
      ...[
        `--datadir=${data}`,
        temporary,
        `--socket=${socket}`,
        `--port=${port}`,
        '--bind-address=127.0.0.1',
        '--skip-name-resolve',
      ],
      ...['--innodb-buffer-pool-size=32M', '--innodb-flush-log-at-trx-commit=0', ...asWhom, ...options],
    ],
    { stdio: 'ignore' },
  );
  const exited = new Promise((resolve) => server.once('exit', resolve));
  const admin = await connectWhenReady(socket);
  for (const statement of setup) await admin.query(statement);
  return {
    port,
    query: async (statement) => {
      const [rows] = await admin.query(statement);
      return Array.isArray(rows) ? (rows as Record<string, unknown>[]) : [];
    },
    stop: async () => {
      await admin.end();
      server.kill();
      await exited;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function connectWhenReady(socket: string): Promise<mysql.Connection> {
  for (let tries = 0; ; tries += 1) {
    try {
      return await mysql.createConnection({ socketPath: socket, user: 'root' });
    } catch (error) {
      if (tries > 200) throw error;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
}
