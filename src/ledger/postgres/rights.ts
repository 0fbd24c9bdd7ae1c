/** The rights of the bot's own role: it reads everything, and writes events and states by functions alone. */

import pg from 'pg';
import { StorageError } from '../../ports/store.ts';
import type { Finding } from '../../ports/targets.ts';
import { guardFor } from './errors.ts';
import { foreignParts } from './migrations.ts';
import type { PostgresLedger } from './open.ts';

/** What it writes itself: nothing of it is evidence. */
const WRITTEN = ['cursors', 'drain', 'jobs', 'posts', 'seats', 'target_ids'];
/** What only functions write. */
const RECORDED = ['events', 'event_people', 'grants', 'head', 'names', 'records', 'requests', 'writers', 'instances'];
const FUNCTIONS = [
  'jit_commit(text, bigint, json)',
  'jit_settle(text, json)',
  'jit_writer(text)',
  'jit_join(text, interval, text, int)',
  'jit_leave(text)',
  'jit_retire(text, text)',
  'jit_realign(text, text, text, text, text)',
  'jit_drop_record(text, text, text)',
];

/** Gives a role what the bot needs, and nothing else. @throws StorageError if there is no such role */
export async function grantTo({ pool, where }: PostgresLedger, role: string): Promise<void> {
  const name = pg.escapeIdentifier(role);
  await guardFor(where)(async () => {
    const { rows } = await pool.query<{ isOwner: boolean }>(
      `SELECT pg_has_role(rolname, (SELECT relowner FROM pg_class WHERE oid = 'public.events'::regclass), 'USAGE') AS "isOwner"
       FROM pg_roles WHERE rolname = $1`,
      [role],
    );
    const [found] = rows;
    if (!found) throw new StorageError(`${where}: there is no role ${role}; make it first, with LOGIN and a password`);
    if (found.isOwner)
      throw new StorageError(`${where}: ${role} owns the tables, or may act as their owner; name another role`);
    await pool.query(`
      REVOKE CREATE ON SCHEMA public FROM PUBLIC, ${name};
      GRANT USAGE ON SCHEMA public TO ${name};
      REVOKE ALL ON ALL TABLES IN SCHEMA public FROM ${name};
      GRANT SELECT ON ALL TABLES IN SCHEMA public TO ${name};
      GRANT INSERT, UPDATE, DELETE ON ${WRITTEN.join(', ')} TO ${name};
      GRANT USAGE ON SEQUENCE generations TO ${name};
      GRANT EXECUTE ON FUNCTION ${FUNCTIONS.join(', ')} TO ${name}`);
  });
}

interface Facts {
  readonly version: string;
  readonly role: string;
  readonly isOwner: boolean;
  /** Whether it may make functions that those of the ledger could be made to call. */
  readonly mayCreate: boolean;
  readonly changes: readonly string[];
  readonly lacks: readonly string[];
  readonly tls: boolean;
  readonly isLocal: boolean;
  readonly now: number;
}

const FACTS = `
  SELECT current_setting('server_version') AS version, current_user AS role,
    pg_has_role(current_user, (SELECT relowner FROM pg_class WHERE oid = 'public.events'::regclass), 'USAGE') AS "isOwner",
    has_schema_privilege('public', 'CREATE') AS "mayCreate",
    ARRAY(SELECT name FROM unnest($1::text[]) AS name
      WHERE has_table_privilege('public.' || name, 'INSERT, UPDATE, DELETE, TRUNCATE')) AS changes,
    ARRAY(SELECT name FROM unnest($2::text[]) AS name WHERE NOT has_table_privilege('public.' || name, 'INSERT')) ||
      ARRAY(SELECT name FROM unnest($3::text[]) AS name WHERE NOT has_function_privilege('public.' || name, 'EXECUTE')) AS lacks,
    coalesce((SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()), false) AS tls,
    inet_client_addr() IS NULL OR inet_client_addr() << '127.0.0.0/8' OR inet_client_addr() = '::1' AS "isLocal",
    (extract(epoch FROM clock_timestamp()) * 1000)::float8 AS now`;

/** How far the server's clock may be off before it is said. */
const CLOCK_BOUND = 2_000;

/** What a doctor finds of a ledger on PostgreSQL. */
export async function findingsOf(ledger: PostgresLedger): Promise<readonly Finding[]> {
  return guardFor(ledger.where)(async () => {
    const { rows } = await ledger.pool.query<Facts & { readonly [column: string]: unknown }>(FACTS, [
      RECORDED,
      WRITTEN,
      FUNCTIONS,
    ]);
    const [facts] = rows;
    if (!facts) return [{ ok: false, what: `${ledger.where} did not answer` }];
    return [
      { ok: true, what: `the ledger is on PostgreSQL ${facts.version}, and its tables are of this version` },
      rightsOf(facts),
      encrypted(facts),
      inTime(facts.now - Date.now()),
      ...(await foreignParts(ledger.pool)).map((what) => ({ ok: false, what, fix: 'Ask who did it, and drop it.' })),
    ];
  });
}

const SETUP = 'Make a role for the bot, and run jitbot ledger setup --role ROLE as the owner of the database.';

function rightsOf({ role, isOwner, mayCreate, changes, lacks }: Facts): Finding {
  if (isOwner)
    return { ok: false, what: `${role} owns the tables: whoever has its password can rewrite the record`, fix: SETUP };
  if (mayCreate) return { ok: false, what: `${role} may make tables and functions in the schema public`, fix: SETUP };
  if (changes.length > 0)
    return { ok: false, what: `${role} may change what is recorded: ${changes.join(', ')}`, fix: SETUP };
  if (lacks.length > 0) return { ok: false, what: `${role} may not use ${lacks.join(', ')}`, fix: SETUP };
  return { ok: true, what: `${role} can add to the record, and change or delete none of it` };
}

const encrypted = ({ tls, isLocal }: Facts): Finding =>
  tls || isLocal
    ? { ok: true, what: tls ? 'the connection is encrypted' : 'the connection does not leave this machine' }
    : { ok: false, what: 'the connection is not encrypted', fix: 'Add sslmode=verify-full to JIT_DATABASE.' };

const inTime = (offset: number): Finding =>
  Math.abs(offset) <= CLOCK_BOUND
    ? { ok: true, what: "the server's clock agrees with this machine's" }
    : {
        ok: false,
        what: `the server's clock is ${Math.round(Math.abs(offset) / 1000)} s ${offset > 0 ? 'ahead of' : 'behind'} this machine's`,
        fix: 'Let both follow the same time server.',
      };
