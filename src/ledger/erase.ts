import { ERASED, eachPerson } from './names.ts';
import type { OpenLedger } from './open.ts';

/** How many names and addresses of a person the record holds. */
export const countNames = ({ sqlite }: OpenLedger, person: string): number =>
  sqlite
    .prepare<[string], number>('SELECT count(*) FROM names WHERE person = ? AND salt IS NOT NULL')
    .pluck()
    .get(person) ?? 0;

/** Takes a person's names and addresses out, wherever the database has them. @returns how many there were */
export function erase({ sqlite }: OpenLedger, person: string): number {
  const without = (body: string): string =>
    JSON.stringify(eachPerson(JSON.parse(body), (id, text) => (id === person ? ERASED : text)));
  return sqlite
    .transaction(() => {
      const { changes } = sqlite
        .prepare('UPDATE names SET salt = NULL, value = NULL WHERE person = ? AND salt IS NOT NULL')
        .run(person);
      for (const table of ['requests', 'grants', 'records']) {
        const rows = sqlite
          .prepare<[string], { rowid: number; body: string }>(
            `SELECT rowid, body FROM ${table} WHERE instr(body, ?) > 0`,
          )
          .all(person);
        const write = sqlite.prepare(`UPDATE ${table} SET body = ?, version = version + 1 WHERE rowid = ?`);
        for (const { rowid, body } of rows) write.run(without(body), rowid);
      }
      sqlite.prepare("UPDATE requests SET mailbox = '' WHERE requester = ?").run(person);
      sqlite.prepare("UPDATE grants SET mailbox = '' WHERE person = ?").run(person);
      // What they were called at targets stands beside the ids there, which live access needs to be taken back.
      sqlite
        .prepare(
          "DELETE FROM target_ids WHERE grant_id IN (SELECT id FROM grants WHERE person = ? AND state IN ('ended', 'failed'))",
        )
        .run(person);
      return changes;
    })
    .immediate();
}
