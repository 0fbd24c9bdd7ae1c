/** What the server answers about prepared transactions: a list, a refusal, or nothing at all. */

import { describe, expect, test } from 'vitest';
import type { IdBook } from '../../src/ports/targets.ts';
import { keepPrepared, preparedAfter } from '../../src/provisioners/mysql/prepared.ts';
import type { Session } from '../../src/provisioners/mysql/session.ts';
import type { Sql } from '../../src/provisioners/mysql/sql.ts';
import { recordedLog } from '../support/log.ts';

const answers = (answer: () => Promise<unknown[]>): Sql => ({
  isMariaDb: false,
  query: async <Row>() => (await answer()) as Row[],
});
const listing = (...names: string[]) =>
  answers(async () => names.map((data) => ({ formatID: 1, gtrid_length: data.length, bqual_length: 0, data })));
const REFUSES = answers(async () => {
  throw Object.assign(new Error('XAER_RMERR'), { errno: 1401, sqlState: 'XAE03' });
});
const IS_SILENT = answers(async () => {
  throw Object.assign(new Error('Connection lost'), { code: 'PROTOCOL_CONNECTION_LOST', fatal: true });
});

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
