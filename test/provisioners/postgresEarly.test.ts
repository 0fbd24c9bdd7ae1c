/** SQL that is sent with the last word of a login. What it is for is in postgresAround.test.ts (K2.6). */

import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { sendEarly } from '../../src/provisioners/postgres/early.ts';
import { type PostgresServer, query } from '../../src/sandbox/postgres.ts';
import { VERSIONS } from '../support/postgres.ts';

const DEADLINE = 5_000;

describe.each(VERSIONS)('SQL with the last word of a login, $name', (version) => {
  let server: PostgresServer;
  beforeAll(async () => {
    server = await version.start({
      postgres: [
        "CREATE ROLE scram LOGIN PASSWORD 'scram'",
        'CREATE TABLE done (who text)',
        'GRANT INSERT ON done TO scram',
      ],
    });
  });
  afterAll(() => server.stop());
  const config = (user: string) => ({ connectionString: server.url('postgres', user, user) });
  const done = async () => {
    const [result] = await query(server.url('postgres'), ['SELECT who FROM done']);
    return result?.rows.map(({ who }) => who);
  };

  // The superuser of these servers is let in without a password.
  test.each(['scram', 'postgres'])('everything in the message has been done, login as %s', async (user) => {
    await sendEarly(config(user), `BEGIN; INSERT INTO done VALUES ('${user}'), ('${user} too'); COMMIT`, DEADLINE);
    expect(await done()).toEqual(expect.arrayContaining([user, `${user} too`]));
  });

  test('a refusal is thrown as the server worded it, and the message has no effect', async () => {
    const refused = sendEarly(
      config('scram'),
      "BEGIN; INSERT INTO done VALUES ('no'); DROP TABLE done; COMMIT",
      DEADLINE,
    );
    await expect(refused).rejects.toMatchObject({ code: '42501', message: 'must be owner of table done' });
    expect(await done()).not.toContain('no');
  });

  test('a wrong password is refused in the words of the server', async () => {
    const refused = sendEarly(
      { ...config('scram'), connectionString: server.url('postgres', 'scram', 'no') },
      'SELECT 1',
      DEADLINE,
    );
    await expect(refused).rejects.toMatchObject({ code: '28P01' });
  });
});

test('a server that never answers is given up after the deadline', async () => {
  const silent = createServer().listen(0, '127.0.0.1');
  await once(silent, 'listening');
  const { port } = silent.address() as AddressInfo;
  await expect(sendEarly({ host: '127.0.0.1', port, user: 'a', password: 'a' }, 'SELECT 1', 50)).rejects.toThrow(
    'no answer within 0.05 s',
  );
  silent.close();
});

test('a connection that the server closes without a word is an error', async () => {
  const rude = createServer((socket) => socket.destroy()).listen(0, '127.0.0.1');
  await once(rude, 'listening');
  const { port } = rude.address() as AddressInfo;
  await expect(
    sendEarly({ host: '127.0.0.1', port, user: 'a', password: 'a' }, 'SELECT 1', DEADLINE),
  ).rejects.toThrow();
  rude.close();
});
