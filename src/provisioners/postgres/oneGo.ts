import type pg from 'pg';
import type { Client } from './transaction.ts';

/**
 * Runs statements that may not be part of a transaction on one server connection: they are sent together, and the server is
 * asked to answer only after the last. So a pooler that hands connections on after each transaction does so only after the
 * last statement. After a failure the rest does not run.
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
      // The driver calls these methods of a query.
      handleCommandComplete: () => undefined,
      handleError: reject,
      handleReadyForQuery: () => resolve(),
    });
  });
}
