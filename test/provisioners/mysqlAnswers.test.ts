/** A server that refuses a question says something. One that does not answer says nothing, also not "none". */

import { describe, expect, test } from 'vitest';
import type { IdBook } from '../../src/ports/targets.ts';
import { keepPrepared, preparedAfter } from '../../src/provisioners/mysql/prepared.ts';
import { serverId } from '../../src/provisioners/mysql/server.ts';
import type { Session } from '../../src/provisioners/mysql/session.ts';
import { sessionsOf } from '../../src/provisioners/mysql/sessions.ts';
import type { Sql } from '../../src/provisioners/mysql/sql.ts';
import { recordedLog } from '../support/log.ts';

const answers = (answer: (statement: string) => Promise<unknown[]>): Sql => ({
  isMariaDb: false,
  query: async <Row>(statement: string) => (await answer(statement)) as Row[],
});
const listing = (...names: string[]) =>
  answers(async () => names.map((data) => ({ formatID: 1, gtrid_length: data.length, bqual_length: 0, data })));
const refused = (errno: number, sqlState: string) => Object.assign(new Error('refused'), { errno, sqlState });
const lost = () => Object.assign(new Error('Connection lost'), { code: 'PROTOCOL_CONNECTION_LOST', fatal: true });
const REFUSES = answers(() => Promise.reject(refused(1401, 'XAE03')));
const IS_SILENT = answers(() => Promise.reject(lost()));
/** Answers this, and fails where a statement has these words. */
const failing = (words: string, error: Error, rows: unknown[]) =>
  answers((statement) => (statement.includes(words) ? Promise.reject(error) : Promise.resolve(rows)));

function bookOf(): IdBook {
  const kept = new Map<string, Map<string, string>>();
  return {
    of: async (grantId) => kept.get(grantId) ?? new Map(),
    keep: async (grantId, what, id) => void kept.set(grantId, new Map([...(kept.get(grantId) ?? []), [what, id]])),
  };
}
const leftBy = (sql: Sql, ids: IdBook, grantId = 'G1') => {
  const session: Pick<Session, 'run'> = { run: (work) => work(sql) };
  return preparedAfter(session, grantId, { ids, log: recordedLog() });
};

describe('transactions that are prepared after a grant', () => {
  test('are named, and those from before are not', async () => {
    const ids = bookOf();
    await keepPrepared(listing('one', 'two'), 'G1', ids);
    const left = await leftBy(listing('two', 'three', 'four'), ids);
    expect(left.map(({ what }) => what)).toEqual(['prepared transaction three (1)', 'prepared transaction four (1)']);
  });

  test('are nobody’s where the server lets the bot see none', async () => {
    const ids = bookOf();
    await keepPrepared(REFUSES, 'G1', ids);
    expect(await leftBy(listing('one'), ids)).toEqual([]);
    await keepPrepared(listing('one'), 'G2', ids);
    expect(await leftBy(REFUSES, ids, 'G2')).toEqual([]);
  });

  test('are asked for again where the server did not answer', async () => {
    const ids = bookOf();
    await expect(keepPrepared(IS_SILENT, 'G1', ids)).rejects.toThrow('Connection lost');
    await keepPrepared(listing('one'), 'G1', ids);
    await expect(leftBy(IS_SILENT, ids)).rejects.toThrow('Connection lost');
  });
});

describe('which server it is', () => {
  const rows = [{ id: 'db:3306 /var/lib/mysql/' }];

  test('is told by an older one without an id as its host and folder', async () => {
    expect(await serverId(failing('@@server_uuid', refused(1193, 'HY000'), rows))).toBe('db:3306 /var/lib/mysql/');
  });

  test('is not known where the question for its id fails', async () => {
    await expect(serverId(failing('@@server_uuid', lost(), rows))).rejects.toThrow('Connection lost');
    await expect(serverId(failing('@@server_uuid', refused(1317, '70100'), rows))).rejects.toThrow('refused');
  });
});

describe('whose sessions are open', () => {
  const rows = [
    { id: 7, user: 'ana', command: 'Sleep' },
    { id: 8, user: 'ben', command: 'Query' },
  ];
  const users = new Set(['ana', 'zoe']);

  test('is told without performance_schema where the bot may not read it', async () => {
    const open = await sessionsOf(failing('performance_schema', refused(1142, '42000'), rows), users);
    expect(open).toEqual([{ id: 7, user: 'ana', isEnding: false }]);
  });

  test('is not known where the question for who opened them is not answered', async () => {
    await expect(sessionsOf(failing('performance_schema', lost(), rows), users)).rejects.toThrow('Connection lost');
  });
});
