import type pg from 'pg';
import type { Client } from './transaction.ts';

/**
 * Runs statements one after the other without letting go of the server's connection, for what may not be part of a
 * transaction: they are sent together, and only then is the server asked to answer. A pooler that gives the connection to
 * somebody else after each transaction gives it away after the last of them. The first that fails keeps the rest from running.
 */
export function inOneGo(client: Client, statements: readonly string[]): Promise<void> {
  return new Promise((resolve, reject) => {
    client.query({
      submit: (connection: pg.Connection) => {
        for (const text of statements) {
          connection.parse({ name: '', text, types: [] }, true);
          connection.bind({ portal: '', statement: '', values: [] }, true);
          connection.execute({ portal: '' }, true);
        }
        connection.sync();
      },
      // What the driver tells whatever it was given to run.
      handleCommandComplete: () => undefined,
      handleError: reject,
      handleReadyForQuery: () => resolve(),
    });
  });
}
