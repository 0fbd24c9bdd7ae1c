/** A bot that starts on a full disk: what was kept in reserve lets it open its database, and take access back. */

import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { OpenLedger } from '../../src/ledger/sqlite/open.ts';
import { openWithReserve, reservePath } from '../../src/ledger/sqlite/reserve.ts';
import { StorageError } from '../../src/ports/store.ts';
import { recordedLog } from '../support/log.ts';

let folder: string;
let path: string;
let opened: OpenLedger | undefined;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'jitbot-reserve-'));
  path = join(folder, 'jit.db');
});
afterEach(() => {
  opened?.close();
  opened = undefined;
  rmSync(folder, { recursive: true });
});

const fault = (code: string) => new StorageError(`no (${code})`, { cause: Object.assign(new Error(code), { code }) });

describe('room beside the database', () => {
  test('is kept from the first start on, for the owner alone', () => {
    opened = openWithReserve(path, recordedLog());
    const { size, mode } = statSync(reservePath(path));
    expect([size, mode & 0o777]).toEqual([1024 * 1024, 0o600]);
  });

  test.each(['SQLITE_FULL', 'SQLITE_IOERR_SHMSIZE', 'SQLITE_IOERR_WRITE'])('is given up on %s, and said', (code) => {
    openWithReserve(path, recordedLog()).close();
    const log = recordedLog();
    const isThere: boolean[] = [];
    const open = (): OpenLedger => {
      isThere.push(existsSync(reservePath(path)));
      if (isThere.length === 1) throw fault(code);
      throw fault('SQLITE_NOTADB');
    };
    expect(() => openWithReserve(path, log, open)).toThrow('SQLITE_NOTADB');
    expect(isThere).toEqual([true, false]);
    expect(log.lines).toMatchObject([{ level: 'error', message: expect.stringContaining('reserve file') }]);
  });

  test.each(['SQLITE_NOTADB', 'SQLITE_BUSY', 'SQLITE_IOERR_READ'])('is left alone on %s', (code) => {
    openWithReserve(path, recordedLog()).close();
    const open = (): OpenLedger => {
      throw fault(code);
    };
    expect(() => openWithReserve(path, recordedLog(), open)).toThrow(code);
    expect(existsSync(reservePath(path))).toBe(true);
  });
});

/** A file system of four megabytes that only this process sees. */
const onSmallDisk = (script: string) =>
  spawnSync(
    'unshare',
    [
      ...['--map-root-user', '--mount', 'sh', '-c'],
      'mount -t tmpfs -o size=4m tmpfs "$1" && exec "$2" --disable-warning=ExperimentalWarning --input-type=module -e "$3"',
      ...['sh', folder, process.execPath, script],
    ],
    { encoding: 'utf8', timeout: 30_000 },
  );
const module = (file: string) => JSON.stringify(fileURLToPath(new URL(`../../src/${file}`, import.meta.url)));
const canMount =
  spawnSync('unshare', ['--map-root-user', '--mount', 'mount', '-t', 'tmpfs', 'tmpfs', '/mnt']).status === 0;

test.skipIf(!canMount)('on a disk that is really full, a bot opens its database and can record', () => {
  const { stdout, stderr } = onSmallDisk(`
    import { writeFileSync } from 'node:fs';
    const { openWithReserve } = await import(${module('ledger/sqlite/reserve.ts')});
    const { openLedger } = await import(${module('ledger/sqlite/open.ts')});
    const log = { info() {}, warn: (_, text) => console.log(text), error: (_, text) => console.log(text) };
    const path = ${JSON.stringify(path)};
    openWithReserve(path, log).close();
    try { for (let i = 0; ; i += 1) writeFileSync(${JSON.stringify(folder)} + '/fill' + i, Buffer.alloc(4096)); } catch {}
    try { openLedger(path); console.log('opened without'); } catch (error) { console.log(error.name); }
    const ledger = openWithReserve(path, log);
    ledger.sqlite.exec("INSERT INTO records (kind, key, version, body) VALUES ('a', 'b', 1, '{}')");
    console.log('recorded');
    ledger.close();`);
  expect(stderr).toBe('');
  expect(stdout.trimEnd().split('\n')).toEqual([
    'StorageError',
    'the disk is full: the reserve file beside the database was deleted to open it',
    'cannot create the reserve file for a full disk',
    'recorded',
  ]);
});
