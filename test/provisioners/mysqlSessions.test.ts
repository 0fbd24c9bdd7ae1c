/** Sessions of MySQL that do not end when told to, which no real server has at will. */

import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { Session } from '../../src/provisioners/mysql/session.ts';
import { endSessions } from '../../src/provisioners/mysql/sessions.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

/** @param open the sessions that the server shows at each look */
function sessionWith(open: (look: number) => readonly { id: number; user: string; command: string }[]) {
  let looks = 0;
  const killed: string[] = [];
  const query = async (statement: string): Promise<unknown[]> => {
    if (statement.startsWith('KILL')) killed.push(statement);
    if (!statement.includes('information_schema.PROCESSLIST')) return [];
    looks += 1;
    return [...open(looks)];
  };
  const run = (work: (sql: { query: typeof query; isMariaDb: boolean }) => Promise<unknown>) =>
    work({ query, isMariaDb: true });
  return { session: { run } as unknown as Session, killed };
}

async function ends({ session }: { session: Session }) {
  const ending = endSessions(session, new Set(['jit_ben_g1']), new Set([7, 8]));
  ending.catch(() => undefined);
  await vi.advanceTimersByTimeAsync(10_000);
  return ending;
}
const at = (id: number, command: string) => ({ id, user: 'jit_ben_g1', command });

test('a session that goes on is no end, also beside one that rolls back', async () => {
  const { session, killed } = sessionWith(() => [at(7, 'Killed'), at(8, 'Query')]);
  await expect(ends({ session })).rejects.toThrow('a database session of "jit_ben_g1" did not end when told to');
  expect(new Set(killed)).toEqual(new Set(['KILL 8']));
});

test('a session that only rolls back is left to the server, and named', async () => {
  const { session } = sessionWith(() => [at(7, 'Killed')]);
  expect(await ends({ session })).toMatchObject([{ id: 7, isEnding: true }]);
});

test('a session that was opened since, and is not among those, keeps no end waiting', async () => {
  const { session, killed } = sessionWith((look) => (look > 2 ? [at(9, 'Sleep')] : [at(7, 'Sleep'), at(9, 'Sleep')]));
  expect(await ends({ session })).toEqual([]);
  expect(new Set(killed)).toEqual(new Set(['KILL 7']));
});
