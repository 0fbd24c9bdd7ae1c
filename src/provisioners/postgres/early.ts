import type pg from 'pg';
import { SECOND } from '../../domain/terms.ts';
import { POSTGRES } from '../../wording/targets/postgres.ts';
import { driver } from './driver.ts';

/**
 * Sends SQL on a connection of its own, together with the last message of the login, so that the server reads it the moment
 * it lets the bot in. Somebody who tries to end that connection first then races the server and not the bot.
 *
 * Only with SCRAM does the client send that last message. Otherwise SQL is sent as soon as the server says that it is ready.
 *
 * @param sql one message, all of which is done when the promise resolves
 * @param deadline in milliseconds, for login and SQL together
 * @throws pg.DatabaseError if the server refused; Error if the connection broke
 */
export function sendEarly(config: pg.ClientConfig, sql: string, deadline: number): Promise<void> {
  const client = new (driver().Client)(config);
  const { connection } = client;
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  let isSent = false;
  const send = (): void => {
    isSent = true;
    connection.query(sql);
  };
  connection.once('authenticationSASLContinue', () => {
    const { stream } = connection;
    const write = stream.write.bind(stream);
    stream.write = (lastWord: Buffer) => {
      stream.write = write;
      stream.cork();
      const isRoom = write(lastWord);
      send();
      stream.uncork();
      return isRoom;
    };
  });
  let timesReady = 0;
  connection.on('readyForQuery', () => {
    timesReady += 1;
    if (timesReady > 1) resolve();
    else if (!isSent) send();
  });
  connection.once('errorMessage', reject);
  connection.once('error', reject);
  connection.once('end', () => reject(new Error(POSTGRES.closedEarly)));
  // The client did not send this SQL itself, so it reports the answer as an error.
  client.on('error', () => undefined);
  client.connect().catch(reject);
  const timer = setTimeout(() => reject(new Error(POSTGRES.noAnswer(deadline / SECOND))), deadline);
  return promise.finally(() => {
    clearTimeout(timer);
    client.end().catch(() => undefined);
  });
}
