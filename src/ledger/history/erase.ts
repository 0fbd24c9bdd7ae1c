import type { Database } from 'better-sqlite3';
import { ERASED, eachPerson } from '../book/personalNames.ts';
import type { OpenLedger } from '../sqlite/open.ts';

/** The number of names and addresses of a person in the ledger. */
export const countNames = ({ sqlite }: OpenLedger, person: string): number =>
  sqlite
    .prepare<[string], number>('SELECT count(*) FROM names WHERE person = ? AND salt IS NOT NULL')
    .pluck()
    .get(person) ?? 0;

/** Erases a person's names and addresses everywhere in the database. @returns how many there were */
export function erase({ sqlite }: OpenLedger, person: string): number {
  const without = (body: string): string =>
    JSON.stringify(eachPerson(JSON.parse(body), (id, text) => (id === person ? ERASED : text)));
  const erased = sqlite
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
      eraseMailbox(sqlite, person);
      // Their names at targets are stored beside ids there, which live access needs for its end.
      sqlite
        .prepare(
          "DELETE FROM target_ids WHERE grant_id IN (SELECT id FROM grants WHERE person = ? AND state IN ('ended', 'failed'))",
        )
        .run(person);
      return changes;
    })
    .immediate();
  // Otherwise free pages would still contain the old text.
  sqlite.exec('VACUUM');
  return erased;
}

/** Counts wrong one-time codes by Slack id instead of mailbox from now on, unless others share the mailbox. */
function eraseMailbox(sqlite: Database, person: string): void {
  const mailbox = sqlite
    .prepare<[string], string>(
      "SELECT json_extract(body, '$.human') FROM records WHERE kind = 'second_factor' AND key = ?",
    )
    .pluck()
    .get(person);
  if (!mailbox) return;
  sqlite
    .prepare(
      "UPDATE records SET body = json_set(body, '$.human', ''), version = version + 1 WHERE kind = 'second_factor' AND key = ?",
    )
    .run(person);
  const isShared = sqlite
    .prepare("SELECT 1 FROM records WHERE kind = 'second_factor' AND json_extract(body, '$.human') = ?")
    .get(mailbox);
  if (!isShared)
    sqlite
      .prepare("UPDATE OR REPLACE records SET key = ? WHERE kind = 'factor_guesses' AND key = ?")
      .run(person, mailbox);
}
