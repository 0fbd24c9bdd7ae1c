/** Commands that root types, as the pages say, beside a bot that runs as a user of its own. */

import { chownSync, lchownSync, mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { giveToOwnerOf } from '../../src/ledger/history/owner.ts';
import { type ALedger, aLedger, anEvent } from '../support/aLedger.ts';
import { runHere } from '../support/cliHere.ts';

const BOT = { uid: 4711, gid: 4712 };
const isRoot = process.getuid?.() === 0;

describe.runIf(isRoot)('what root makes for a bot of another user', () => {
  let one: ALedger;
  let folder: string;
  let copy: string;
  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'jitbot-root-'));
    chownSync(folder, BOT.uid, BOT.gid);
    one = aLedger(Date.now());
    await one.record(anEvent('bot.started', { version: '1', after: 0 }));
    copy = join(folder, 'copy.db');
    expect(await runHere('backup', copy, one.path)).toMatchObject({ code: 0 });
    one.ledger.close();
  });
  afterEach(() => {
    one.close();
    rmSync(folder, { recursive: true, force: true });
  });
  const ownerOf = (path: string) => {
    const { uid, gid } = statSync(path);
    return { uid, gid };
  };

  test('a restored database belongs to the owner of the one before', async () => {
    chownSync(one.path, BOT.uid, BOT.gid);
    expect(await runHere('restore', copy, one.path)).toMatchObject({ code: 0 });
    expect(ownerOf(one.path)).toEqual(BOT);
  });

  test('on a new machine it belongs to the owner of the folder, and so does its lock', async () => {
    const path = join(folder, 'jit.db');
    expect(await runHere('restore', copy, path)).toMatchObject({ code: 0 });
    expect([ownerOf(path), ownerOf(`${path}-writer`)]).toEqual([BOT, BOT]);
  });

  test('the bot can read the window of a drain, and so see its end', async () => {
    chownSync(one.path, BOT.uid, BOT.gid);
    expect(await runHere('drain', '--for', '45m', one.path)).toMatchObject({ code: 0 });
    expect(ownerOf(`${one.path}-drain`)).toEqual(BOT);
  });

  test('the lock that archiving makes is the bot’s', async () => {
    chownSync(copy, BOT.uid, BOT.gid);
    const to = join(folder, 'old.jsonl');
    expect(await runHere('ledger', 'archive', '--before', '2020-01-01', '--to', to, copy)).toMatchObject({ code: 0 });
    expect(ownerOf(`${copy}-writer`)).toEqual(BOT);
  });

  test('a link to somebody else’s file is not followed', () => {
    const theirs = join(folder, 'theirs');
    const link = join(folder, 'jit.db-drain');
    writeFileSync(theirs, '');
    symlinkSync(theirs, link);
    lchownSync(link, 0, 0);
    giveToOwnerOf(folder, [link]);
    expect(ownerOf(theirs)).toEqual({ uid: 0, gid: 0 });
  });
});
