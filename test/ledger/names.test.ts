/** Names stand beside the chain. None of them can be changed, taken out or put in without verify saying so. */

import { execFile } from 'node:child_process';
import { createHash, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import SQLite from 'better-sqlite3';
import { unzipSync } from 'fflate';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { NewEvent } from '../../src/domain/events.ts';
import { HOUR } from '../../src/domain/terms.ts';
import { verifyLedger } from '../../src/ledger/history/verify.ts';
import { createEventReader } from '../../src/ledger/sqlite/eventReader.ts';
import { openLedger, openLedgerToRead } from '../../src/ledger/sqlite/open.ts';
import { createPostBook } from '../../src/ledger/sqlite/postBook.ts';
import { createStore } from '../../src/ledger/sqlite/store.ts';
import { ledgerHere, runHere } from '../support/cliHere.ts';
import { manualClock } from '../support/clock.ts';

const EVENTS = 12;
let directory: string;
let path: string;
let clock: ReturnType<typeof manualClock>;
beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'jitbot-names-'));
  path = join(directory, 'jit.db');
  clock = manualClock(Date.parse('2026-01-01T00:00:00Z'));
  await record(EVENTS);
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

const cancelled = (index: number, role = 'db/read'): NewEvent => ({
  type: 'request.cancelled',
  actor: { kind: 'person', id: `U${index % 3}`, name: `Person ${index % 3}` },
  requestId: null,
  grantId: null,
  payload: { role, requester: { slackId: `U${index % 3}`, name: `Person ${index % 3}` } },
});
async function record(count: number, event = cancelled): Promise<void> {
  const ledger = openLedger(path);
  const store = createStore(ledger, { clock, followUps: () => [], onDue: () => undefined });
  for (let index = 0; index < count; index += 1) {
    const [made] = await store.commit({ events: [event(index)] });
    await createPostBook(ledger).moveCursor('audit-channel', made?.seq ?? 0);
    clock.advance(HOUR);
  }
  ledger.close();
}
/** Somebody with the file, who also gets round the rules that the tables have. */
const tamper = (sql: string, file = path) => {
  const db = new SQLite(file);
  db.pragma('ignore_check_constraints = ON');
  db.exec(`DROP TRIGGER IF EXISTS events_are_never_changed; DROP TRIGGER IF EXISTS events_are_never_deleted; ${sql}`);
  db.close();
};
const anchor = async () => {
  const opened = openLedgerToRead(path);
  const newest = await createEventReader(opened).newest();
  opened.close();
  return { seq: newest?.seq ?? 0, hash: newest?.hash ?? '', where: 'the auditor' };
};
const check = async (archives: readonly string[] = []) => {
  const opened = openLedgerToRead(path);
  try {
    return verifyLedger(opened, { anchors: [await anchor()], archives });
  } finally {
    opened.close();
  }
};
const shown = async (seq: number) => {
  const opened = openLedgerToRead(path);
  const event = await createEventReader(opened).get(seq);
  opened.close();
  return event?.actor.kind === 'person' ? event.actor.name : null;
};
const erase = (person: string) => ledgerHere('erase', path, '--person', person);
const file = (name: string) => join(directory, name);
const archive = (to: string, before: string) => ledgerHere('archive', path, '--before', before, '--to', file(to));

describe('a name in the record', () => {
  test('K10.1 a name without a salt is not whole, and is shown to nobody', async () => {
    tamper("UPDATE names SET salt = NULL, value = 'Mallory' WHERE person = 'U2'");
    expect(await check()).toMatchObject({ whole: false, seq: 3, kind: 'edited' });
    expect(await shown(3)).toBe('(erased)');
    expect(await shown(2)).toBe('Person 1');
  });

  test('K10.1 a name with another salt and value is not whole, and is shown to nobody', async () => {
    tamper("UPDATE names SET salt = 'x', value = 'Mallory' WHERE person = 'U2'");
    expect(await check()).toMatchObject({ whole: false, seq: 3, kind: 'edited' });
    expect(await shown(3)).toBe('(changed in the database)');
  });

  test('K10.2 a row that was deleted is missed', async () => {
    tamper("DELETE FROM names WHERE person = 'U1'");
    expect(await check()).toMatchObject({ whole: false, seq: 2, kind: 'missing' });
    expect(await ledgerHere('verify', path)).toMatchObject({
      code: 1,
      out: expect.stringContaining('the name that event 2 holds of U1 was deleted from the database'),
    });
  });

  test('K10.3 a name that is gone, which no event says was erased, is missed', async () => {
    tamper("UPDATE names SET salt = NULL, value = NULL WHERE person = 'U1'");
    expect(await check()).toMatchObject({
      whole: false,
      kind: 'missing',
      problem: expect.stringContaining('of U1 is gone, and no event after it says that it was erased'),
    });
    expect(await ledgerHere('verify', path)).toMatchObject({ code: 1 });
  });

  test('K10.3 one’s erasure explains neither another’s gap nor a later one’s', async () => {
    await erase('U1');
    expect(await check()).toMatchObject({ whole: true });
    tamper("UPDATE names SET person = 'U1', salt = NULL, value = NULL WHERE person = 'U2'");
    expect(await check()).toMatchObject({ whole: false });
  });

  test('K10.3 who comes back after an erasure has a name that cannot vanish silently', async () => {
    await erase('U1');
    await record(3);
    expect(await check()).toMatchObject({ whole: true });
    tamper("UPDATE names SET salt = NULL, value = NULL WHERE person = 'U1'");
    expect(await check()).toMatchObject({ whole: false, kind: 'missing' });
    await erase('U0');
    tamper("DELETE FROM names WHERE person = 'U0'");
    expect(await check()).toMatchObject({ whole: false });
  });

  test('K10.3 a crash between an erasure’s event and its effect leaves a whole record', async () => {
    const ledger = openLedger(path);
    const store = createStore(ledger, { clock, followUps: () => [], onDue: () => undefined });
    await store.commit({
      events: [
        { type: 'names.erased', actor: { kind: 'bot' }, requestId: null, grantId: null, payload: { slackId: 'U1' } },
      ],
    });
    ledger.close();
    expect(await check()).toMatchObject({ whole: true });
    expect(await erase('U1')).toMatchObject({ code: 0 });
    expect(await check()).toMatchObject({ whole: true });
  });

  test('what is only called like a reference is not taken for one', async () => {
    const looksLikeOne = `name:${'0'.repeat(32)}`;
    await record(2, (index) => cancelled(index, `"name":"${looksLikeOne}"`));
    await record(1, () => ({
      type: 'drift.found',
      actor: { kind: 'bot' },
      requestId: null,
      grantId: null,
      payload: { resource: 'db', kind: 'standing', role: null, account: looksLikeOne, grantId: null },
    }));
    // Somebody who calls themselves so has a name like any other.
    await record(1, (index) => ({ ...cancelled(index), actor: { kind: 'person', id: 'U9', name: looksLikeOne } }));
    expect(await check()).toMatchObject({ whole: true });
    expect(await shown(EVENTS + 4)).toBe(looksLikeOne);
  });
});

describe('a name in an archive', () => {
  test('K10.3 an archive whose names were changed or taken out is not whole', async () => {
    await archive('a.jsonl', '2026-01-01T06:00Z');
    const text = readFileSync(file('a.jsonl'), 'utf8');
    expect(await check([file('a.jsonl')])).toMatchObject({ whole: true });
    writeFileSync(file('a.jsonl'), text.replaceAll('"value":"Person 1"', '"value":"Mallory"'));
    expect(await check([file('a.jsonl')])).toMatchObject({ whole: false, kind: 'edited' });
    const without = text.split('\n').map((line) => {
      if (line === '') return line;
      const event = JSON.parse(line);
      return JSON.stringify({ ...event, names: {} });
    });
    writeFileSync(file('a.jsonl'), without.join('\n'));
    expect(await check([file('a.jsonl')])).toMatchObject({ whole: false, kind: 'missing' });
  });

  test('K10.3 names erased before archiving are explained by their event', async () => {
    await erase('U1');
    await archive('a.jsonl', '2026-01-01T06:00Z');
    expect(await check()).toMatchObject({ whole: true });
    expect(await check([file('a.jsonl')])).toMatchObject({ whole: true });
  });
});

describe('a name in a bundle for the auditor', () => {
  const keys = generateKeyPairSync('ed25519');
  async function bundled(to: string): Promise<string> {
    rmSync(file('b.zip'), { force: true });
    writeFileSync(file('key.pem'), keys.privateKey.export({ type: 'pkcs8', format: 'pem' }));
    writeFileSync(file('public.pem'), keys.publicKey.export({ type: 'spki', format: 'pem' }));
    const order = [path, '--from', '2025-12-31', '--to', to, '--key', file('key.pem')];
    expect(await runHere('audit-bundle', ...order, '--out', file('b.zip'))).toMatchObject({ code: 0 });
    const folder = file('unpacked');
    for (const [name, bytes] of Object.entries(unzipSync(readFileSync(file('b.zip'))))) {
      mkdirSync(dirname(join(folder, name)), { recursive: true });
      writeFileSync(join(folder, name), bytes);
    }
    return folder;
  }
  const python = (folder: string) =>
    promisify(execFile)('python3', [join(folder, 'verify.py'), file('public.pem')]).then(
      ({ stdout }) => stdout,
      (error: { stderr: string; stdout: string }) => error.stderr || error.stdout,
    );
  /** Whoever has the key too makes the manifest right again. */
  function change(folder: string, name: string, key: KeyObject, edit: (text: string) => string): void {
    const text = edit(readFileSync(join(folder, name), 'utf8'));
    writeFileSync(join(folder, name), text);
    const digest = createHash('sha256').update(text).digest('hex');
    const manifest = readFileSync(join(folder, 'MANIFEST'), 'utf8').replace(
      new RegExp(`^[0-9a-f]{64}  ${name}$`, 'm'),
      `${digest}  ${name}`,
    );
    writeFileSync(join(folder, 'MANIFEST'), manifest);
    writeFileSync(join(folder, 'MANIFEST.sig'), sign(null, Buffer.from(manifest), key));
  }

  test('K10.3 verify.py misses a name that is not there', async () => {
    const folder = await bundled('2026-02-01');
    expect(await python(folder)).toContain('whole: 12 events');
    change(folder, 'events.jsonl', keys.privateKey, (text) =>
      text
        .split('\n')
        .map((line) => (line.includes('"U1"') ? JSON.stringify({ ...JSON.parse(line), names: {} }) : line))
        .join('\n'),
    );
    expect(await python(folder)).toContain('a name of U1 in event 11 is missing, and nothing says that it was erased');
  });

  test('K10.3 verify.py accepts an event that says a name was erased, also a later one', async () => {
    await erase('U1');
    expect(await python(await bundled('2100-01-01'))).toContain('whole: 13 events');
    expect(await python(await bundled('2026-01-01T05:30Z'))).toMatch(
      /note: names of U1 were erased after this time[\s\S]*whole: 6 events/,
    );
  });
});
