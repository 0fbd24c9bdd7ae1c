/** What only the owner of the tables may do, with the bot stopped: delete archived events, and erase names. */

import type { PoolClient } from 'pg';
import { POSTS } from '../../ports/keys.ts';
import { jsonIn } from '../book/jsonIn.ts';
import { ERASED, eachPerson } from '../book/personalNames.ts';
import { guardFor } from './errors.ts';
import type { PostgresLedger } from './open.ts';

/** Deletes archived events, and the requests and grants that have no other events. */
export const prune = (ledger: PostgresLedger, upTo: number): Promise<void> =>
  asOwner(ledger, async (client) => {
    await client.query('ALTER TABLE events DISABLE TRIGGER events_are_kept');
    await client.query('DELETE FROM event_people WHERE seq <= $1', [upTo]);
    await client.query('DELETE FROM events WHERE seq <= $1', [upTo]);
    await client.query('ALTER TABLE events ENABLE TRIGGER events_are_kept');
    await dropUnmentioned(client);
  });

const IS_GONE = 'NOT EXISTS (SELECT 1 FROM events WHERE events.request_id = ';

async function dropUnmentioned(client: PoolClient): Promise<void> {
  const ids = await client.query<{ id: string }>(
    `SELECT id FROM grants WHERE ${IS_GONE} grants.request_id) UNION ALL SELECT id FROM requests WHERE ${IS_GONE} requests.id)`,
  );
  const gone = new Set(ids.rows.map(({ id }) => id));
  await client.query(
    `DELETE FROM posts USING requests WHERE posts.key = $1 || bundle AND ${IS_GONE} requests.id)
       AND NOT EXISTS (SELECT 1 FROM requests AS kept JOIN events ON events.request_id = kept.id WHERE kept.bundle = requests.bundle)`,
    [POSTS.card('')],
  );
  const { rows } = await client.query<{ key: string }>('SELECT key FROM posts WHERE NOT starts_with(key, $1)', [
    POSTS.card(''),
  ]);
  const about = rows.map(({ key }) => key).filter((key) => key.split(':').some((part) => gone.has(part)));
  await client.query('DELETE FROM posts WHERE key = ANY($1)', [about]);
  await client.query(`DELETE FROM grants WHERE ${IS_GONE} grants.request_id)`);
  await client.query('DELETE FROM target_ids WHERE NOT EXISTS (SELECT 1 FROM grants WHERE grants.id = grant_id)');
  await client.query(`DELETE FROM requests WHERE ${IS_GONE} requests.id)`);
}

/** Erases a person's names and addresses everywhere in the database. @returns how many there were */
export const erase = (ledger: PostgresLedger, person: string): Promise<number> =>
  asOwner(ledger, async (client) => {
    const names = await client.query(
      'UPDATE names SET salt = NULL, value = NULL WHERE person = $1 AND salt IS NOT NULL',
      [person],
    );
    await eraseFromBodies(client, person);
    await client.query("UPDATE requests SET mailbox = '' WHERE requester = $1", [person]);
    await client.query("UPDATE grants SET mailbox = '' WHERE person = $1", [person]);
    await eraseMailbox(client, person);
    // Their names at targets are stored beside ids there, which live access needs for its end.
    await client.query(
      "DELETE FROM target_ids USING grants WHERE grants.id = grant_id AND person = $1 AND state IN ('ended', 'failed')",
      [person],
    );
    return names.rowCount ?? 0;
  });

const BODIES = [
  ['requests', 'id'],
  ['grants', 'id'],
  ['records', "kind || '\n' || key"],
] as const;

async function eraseFromBodies(client: PoolClient, person: string): Promise<void> {
  for (const [table, key] of BODIES) {
    const { rows } = await client.query<{ key: string; body: string }>(
      `SELECT ${key} AS key, body FROM ${table} WHERE strpos(body, $1) > 0`,
      [person],
    );
    for (const row of rows) {
      const without = eachPerson(jsonIn(row.body), (id, text) => (id === person ? ERASED : text));
      await client.query(`UPDATE ${table} SET body = $2, version = version + 1 WHERE ${key} = $1`, [
        row.key,
        JSON.stringify(without),
      ]);
    }
  }
}

/** Counts wrong one-time codes by Slack id instead of mailbox from now on, unless others share the mailbox. */
async function eraseMailbox(client: PoolClient, person: string): Promise<void> {
  const { rows } = await client.query<{ mailbox: string | null }>(
    "SELECT jit_json(body) ->> 'human' AS mailbox FROM records WHERE kind = 'second_factor' AND key = $1",
    [person],
  );
  const mailbox = rows[0]?.mailbox;
  if (!mailbox) return;
  await client.query(
    `UPDATE records SET body = jsonb_set(jit_json(body), '{human}', '""')::text, version = version + 1
     WHERE kind = 'second_factor' AND key = $1`,
    [person],
  );
  const shared = await client.query(
    "SELECT 1 FROM records WHERE kind = 'second_factor' AND jit_json(body) ->> 'human' = $1",
    [mailbox],
  );
  if (shared.rows.length > 0) return;
  const guesses = "kind = 'factor_guesses' AND key =";
  await client.query(`DELETE FROM records WHERE ${guesses} $1 AND EXISTS (SELECT 1 FROM records WHERE ${guesses} $2)`, [
    person,
    mailbox,
  ]);
  await client.query(`UPDATE records SET key = $1 WHERE ${guesses} $2`, [person, mailbox]);
}

/** In one transaction, however long it takes. @throws StorageError, also if the role does not own the tables */
async function asOwner<T>({ pool, where }: PostgresLedger, work: (client: PoolClient) => Promise<T>): Promise<T> {
  return guardFor(where)(async () => {
    const client = await pool.connect();
    let failure: Error | undefined;
    try {
      await client.query('BEGIN');
      await client.query('SET LOCAL statement_timeout = 0');
      const result = await work(client);
      await client.query('COMMIT');
      return result;
    } catch (error) {
      failure = error instanceof Error ? error : new Error(String(error));
      throw error;
    } finally {
      // A connection that is given up ends its transaction.
      client.release(failure);
    }
  });
}
