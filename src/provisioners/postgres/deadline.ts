import { SECOND } from '../../domain/terms.ts';
import { errorText } from '../../domain/text.ts';
import { StorageError } from '../../ports/store.ts';
import { POSTGRES } from '../../wording/targets/postgres.ts';
import { shownPlace } from '../address.ts';
import { TARGET_DEADLINE, TargetRefusal } from '../provisioner.ts';
import { driver } from './driver.ts';
import { type Client, OnlyReads } from './transaction.ts';

/**
 * Runs work on a connection under the deadline.
 * @param url the address of its server
 * @param release gives the connection back, or closes it for good where there was a failure
 * @throws WrongServer if the server is read-only
 */
export async function withDeadline<T>(
  client: Client,
  url: string,
  work: (client: Client) => Promise<T>,
  release: (failure: Error | undefined) => void,
): Promise<T> {
  let failure: Error | undefined;
  const { promise: broken, reject } = Promise.withResolvers<never>();
  const fail = (error: Error): void => {
    failure ??= error;
    reject(error);
  };
  // A connection that breaks between two statements emits an event.
  client.on('error', fail);
  const timer = setTimeout(() => fail(new Error(POSTGRES.noAnswer(TARGET_DEADLINE / SECOND))), TARGET_DEADLINE);
  try {
    return await Promise.race([work(client), broken]);
  } catch (error) {
    if (error instanceof OnlyReads) {
      failure = error;
      // This connection is not used again, whether or not the statement works.
      await Promise.race([client.query(DROP), broken]).catch(() => undefined);
      throw new WrongServer(POSTGRES.onlyReads(shownPlace(url), errorText(error.cause)), { cause: error.cause });
    }
    if (error instanceof driver().DatabaseError || error instanceof TargetRefusal || error instanceof StorageError)
      throw error;
    failure ??= error instanceof Error ? error : new Error(String(error));
    throw unreachable(url, failure);
  } finally {
    clearTimeout(timer);
    // After a failure the connection is closed for good, which aborts a transaction that was open on it.
    release(failure);
    if (!failure) client.off('error', fail);
  }
}

/** The server is a read-only replica: its answers do not count, and another server has to be asked. */
export class WrongServer extends Error {
  override readonly name = 'WrongServer';
}

/**
 * Ends the server's side of this connection. Otherwise a pooler would keep handing out its connection to that server. The
 * statement never answers: the connection breaks.
 */
const DROP = `SELECT pg_catalog.pg_terminate_backend(pg_catalog.pg_backend_pid())
  WHERE pg_catalog.pg_is_in_recovery() OR pg_catalog.current_setting('transaction_read_only')::pg_catalog.bool`;

export const unreachable = (url: string, error: unknown): Error =>
  new Error(POSTGRES.notReached(shownPlace(url), errorText(error)), { cause: error });
