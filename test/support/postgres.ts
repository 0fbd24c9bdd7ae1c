/** The servers that attacks are tried against: rights of roles work differently from PostgreSQL 16 on. */

import { existsSync } from 'node:fs';
import { type PostgresServer, type ServerOptions, type Setup, startPostgres } from '../../src/sandbox/postgres.ts';

const DEBIAN_15 = '/usr/lib/postgresql/15';

export interface Version {
  readonly name: string;
  /** From 16 on, a membership says whether it may be used for SET ROLE, and ADMIN is needed to alter a role. */
  readonly hasGrantOptions: boolean;
  start(
    setup: Setup,
    settings?: Readonly<Record<string, string>>,
    lines?: ServerOptions['lines'],
  ): Promise<PostgresServer>;
}

const version = (name: string, hasGrantOptions: boolean, options: ServerOptions): Version => ({
  name,
  hasGrantOptions,
  start: (setup, settings = {}, lines = {}) => startPostgres(setup, { ...options, settings, lines }),
});

/** What npm brings; and Debian's PostgreSQL 15, where that is installed. */
export const VERSIONS: readonly Version[] = [
  version('PostgreSQL 18', true, {}),
  ...(existsSync(`${DEBIAN_15}/bin/postgres`) ? [version('PostgreSQL 15', false, { native: DEBIAN_15 })] : []),
];

/** A database with roles to hand out, people, and a bot with no more rights than the documentation asks for. */
export const ATTACKED: Setup = {
  postgres: [
    'CREATE ROLE payments_read NOLOGIN',
    'CREATE ROLE payments_admin NOLOGIN',
    "CREATE ROLE jitbot LOGIN CREATEROLE PASSWORD 'jitbot'",
    'GRANT payments_read, payments_admin TO jitbot WITH ADMIN OPTION',
    'GRANT pg_signal_backend TO jitbot',
    "CREATE ROLE ben LOGIN PASSWORD 'ben'",
    "CREATE ROLE evil LOGIN PASSWORD 'evil'",
    "CREATE ROLE app LOGIN PASSWORD 'app'",
    'CREATE ROLE secret_role NOLOGIN',
    'CREATE ROLE app_owner NOLOGIN',
    'CREATE ROLE payments_owner NOLOGIN',
    'CREATE DATABASE payments OWNER payments_owner',
    'CREATE DATABASE ledger',
  ],
  payments: [
    'CREATE TABLE payments (id int PRIMARY KEY, amount_cents int NOT NULL, status text NOT NULL)',
    "INSERT INTO payments VALUES (1, 4200, 'settled'), (2, 1999, 'stuck')",
    'ALTER TABLE payments OWNER TO payments_owner',
    'GRANT SELECT ON payments TO payments_read',
    'GRANT ALL ON payments TO payments_admin',
    'GRANT SELECT, INSERT, UPDATE ON payments TO app',
    'GRANT CREATE ON SCHEMA public TO payments_admin',
    'CREATE TABLE secrets (word text)',
    "INSERT INTO secrets VALUES ('hunter2')",
    'GRANT SELECT ON secrets TO secret_role',
  ],
  ledger: ['GRANT CREATE ON SCHEMA public TO payments_admin'],
};
