import { SECOND } from '../../domain/terms.ts';
import { errorText } from '../../domain/text.ts';
import { StorageError } from '../../ports/store.ts';
import { shownPlace } from '../address.ts';
import { TARGET_DEADLINE, TargetRefusal } from '../provisioner.ts';
import { driver } from './driver.ts';
import { type Client, OnlyReads } from './transaction.ts';

/**
 * Runs work on a connection under the deadline.
 * @param url of its server
 * @param release gives the connection back, or closes it for good where there was a failure
 * @throws WrongServer where the server only reads
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
  // A connection that breaks between two statements says so as an event.
  client.on('error', fail);
  const timer = setTimeout(() => fail(new Error(`no answer within ${TARGET_DEADLINE / SECOND} s`)), TARGET_DEADLINE);
  try {
    return await Promise.race([work(client), broken]);
  } catch (error) {
    if (error instanceof OnlyReads) {
      failure = error;
      // Whether that works or breaks, this connection is not used again.
      await Promise.race([client.query(DROP), broken]).catch(() => undefined);
      throw new WrongServer(
        `PostgreSQL at ${shownPlace(url)} only reads (it follows another server, or was set to): ${errorText(error.cause)}. Let the address lead to the server that can be written to, or name all of them: postgres://user:password@a:5432,b:5432/database`,
        { cause: error.cause },
      );
    }
    if (error instanceof driver().DatabaseError || error instanceof TargetRefusal || error instanceof StorageError)
      throw error;
    failure ??= error instanceof Error ? error : new Error(String(error));
    throw unreachable(url, failure);
  } finally {
    clearTimeout(timer);
    // With a failure the connection is closed for good, and whatever transaction was open on it dies.
    release(failure);
    if (!failure) client.off('error', fail);
  }
}

/** A server that only follows another one, or none: whatever it says is no answer, and another one is to be asked. */
export class WrongServer extends Error {
  override readonly name = 'WrongServer';
}

/**
 * A pooler goes on giving out the connection that it has to that server: it is closed there, and the pooler opens another
 * one. The answer is that the connection breaks.
 */
const DROP = `SELECT pg_catalog.pg_terminate_backend(pg_catalog.pg_backend_pid())
  WHERE pg_catalog.pg_is_in_recovery() OR pg_catalog.current_setting('transaction_read_only')::pg_catalog.bool`;

export const unreachable = (url: string, error: unknown): Error =>
  new Error(`PostgreSQL at ${shownPlace(url)} cannot be reached: ${errorText(error)}`, { cause: error });
