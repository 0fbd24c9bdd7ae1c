/** A file that somebody took for the database: it has no access in it, which must not read as "nothing is active". */

import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import SQLite from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openLedger } from '../../src/ledger/sqlite/open.ts';
import { jit } from '../support/cli.ts';
import { runHere } from '../support/cliHere.ts';

const POLICY = `version: 1
slack: { audit_channel: C0AUDIT, approvals_channel: C0ACCESS, admins: [U0EVE] }
resources:
  door:
    target: { kind: command, run: [/bin/true] }
    roles: { open: { grants: {}, duration: { max: 1h }, rules: [{ ask: { reviewers: [U0EVE] } }] } }
`;

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'jitbot-wrong-'));
  writeFileSync(join(folder, 'policy.yaml'), POLICY);
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));
const at = (name: string) => join(folder, name);

/** What somebody may name by mistake, and what they are told. */
const WRONG: Readonly<Record<string, { readonly make: (path: string) => void; readonly says: string }>> = {
  'an empty file': { make: (path) => writeFileSync(path, ''), says: 'there is no ledger in it' },
  'the database of another program': { make: another, says: 'this is the database of another program' },
  'a folder': { make: (path) => mkdirSync(path), says: 'it is a folder' },
  'no database': {
    make: (path) => writeFileSync(path, 'a text, and no database '.repeat(90)),
    says: 'no SQLite database',
  },
};

/** A table of it has the name of one of ours. */
function another(path: string): void {
  const database = new SQLite(path);
  database.exec(
    "CREATE TABLE events (what TEXT); INSERT INTO events VALUES ('theirs'); CREATE TABLE songs (title TEXT)",
  );
  database.close();
}

const COMMANDS: readonly (readonly string[])[] = [
  ['audit', 'FILE'],
  ['audit-bundle', '--from', '2026-01-01', '--to', '2026-02-01', '--key', 'none.pem', '--out', 'OUT', 'FILE'],
  ['backup', 'OUT', 'FILE'],
  ['drain', 'FILE'],
  ['drain', '--for', '45m', 'FILE'],
  ['ledger', 'archive', '--before', '2026-01-01', '--to', 'OUT', 'FILE'],
  ['ledger', 'erase', '--person', 'U0ANA', 'FILE'],
  ['ledger', 'export', '--format', 'jsonl', 'FILE'],
  ['ledger', 'verify', 'FILE'],
  ['policy', 'check', '--live', '--database', 'FILE', 'POLICY'],
  ['policy', 'decisions', '--policy', 'POLICY', '--export', 'OUT', '--database', 'FILE'],
  ['policy', 'replay', '--policy', 'POLICY', '--database', 'FILE'],
  ['report', '--out', 'OUT', 'FILE'],
  ['restore', 'FILE', 'OUT'],
  ['revoke-all', '--from', 'FILE', '--statements', 'POLICY'],
  ['status', 'FILE'],
  ['support', '--out', 'OUT', 'FILE'],
];

describe.each(Object.entries(WRONG))('%s', (_, { make, says }) => {
  test.each(COMMANDS.map((words) => [words.join(' '), words] as const))('is refused by %s', async (_line, words) => {
    make(at('FILE'));
    const before = existsSync(at('FILE')) && says !== 'it is a folder' ? readFileSync(at('FILE')) : null;
    const names = new Set(['FILE', 'OUT']);
    const ran = await runHere(
      ...words.map((word) => (names.has(word) ? at(word) : word === 'POLICY' ? at('policy.yaml') : word)),
    );
    expect(ran).toMatchObject({ code: 2, out: '', err: expect.stringContaining(`${at('FILE')}: `) });
    expect(ran.err).toContain(says);
    if (before !== null) expect(readFileSync(at('FILE')).equals(before)).toBe(true);
    expect(readdirSync(folder).filter((name) => /^FILE-(drain|writer)$|^OUT/.test(name))).toEqual([]);
  });
});

test('a copy without any event does not say that nothing is active', async () => {
  openLedger(at('new.db')).close();
  expect(await runHere('revoke-all', '--from', at('new.db'), '--statements', at('policy.yaml'))).toMatchObject({
    code: 2,
    out: '',
    err: `${at('new.db')}: it has no events, and so does not say what is active; name another copy\n`,
  });
});

test('restore takes a copy, and not the database itself', async () => {
  openLedger(at('jit.db')).close();
  const before = readFileSync(at('jit.db'));
  expect(await runHere('restore', at('jit.db'), at('jit.db'))).toMatchObject({
    code: 2,
    err: `${at('jit.db')}: this is the database itself; name a copy of it\n`,
  });
  expect(readFileSync(at('jit.db')).equals(before)).toBe(true);
});

test('a restore that is refused names the copy, and leaves nothing behind', async () => {
  openLedger(at('copy.db')).close();
  const copy = new SQLite(at('copy.db'));
  copy.exec("INSERT INTO __drizzle_migrations (hash, created_at) VALUES ('later', 99999999999999)");
  copy.close();
  expect(await runHere('restore', at('copy.db'), at('jit.db'))).toMatchObject({
    code: 2,
    err: expect.stringContaining(`${at('copy.db')}: a later version of jitbot has used this database`),
  });
  expect(readdirSync(folder).filter((name) => name.startsWith('jit.db'))).toEqual([]);
});

test('a database in a folder that is not there is named as it was set', async () => {
  openLedger(at('copy.db')).close();
  const { err } = await runHere('restore', at('copy.db'), at('none/jit.db'));
  expect(err).toContain(`${at('none/jit.db')}: its folder does not exist`);
});

test('the bot makes no ledger of the database of another program', async () => {
  another(at('theirs.db'));
  const before = readFileSync(at('theirs.db'));
  const ran = await jit(['start'], {
    SLACK_BOT_TOKEN: 'xoxb-1',
    SLACK_APP_TOKEN: 'xapp-1',
    PAGERDUTY_TOKEN: 'key',
    JIT_POLICY: at('policy.yaml'),
    JIT_DATABASE: at('theirs.db'),
  });
  expect(ran).toMatchObject({ code: 1, err: expect.stringContaining('this is the database of another program') });
  expect(readFileSync(at('theirs.db')).equals(before)).toBe(true);
});
