/** The statements that the documentation asks for, one by one: PostgreSQL takes some of them alone only. */

import { readFileSync } from 'node:fs';

const DOCS = readFileSync(new URL('../../docs/targets/postgres.md', import.meta.url), 'utf8');

const statements = (sql: string): string[] =>
  sql
    .split('\n')
    .map((line) => line.replace(/--.*$/, '').trim())
    .filter((line) => line !== '');

/** For the bot's own login; a reserved connection, from 16 on; `keep_owner`; and a pooler that looks up logins. */
export const [BASE = [], RESERVED = [], KEEP_OWNER = [], LOOKUP = []] = [...DOCS.matchAll(/```sql\n(.*?)```/gs)].map(
  ([, sql]) => statements(sql ?? ''),
);
