/** What an auditor is handed is the whole of it, or nothing. */

import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { strFromU8, unzipSync } from 'fflate';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { createZip } from '../../src/auditBundle/zip.ts';
import { StorageError } from '../../src/ports/store.ts';

vi.mock('node:fs', async (original) => {
  const fs = await original<typeof import('node:fs')>();
  // As a disk that is nearly full does: it takes a part, and says how much.
  return {
    ...fs,
    writeSync: (file: number, data: Uint8Array) => fs.writeSync(file, data, 0, Math.ceil(data.length / 2)),
  };
});

let folder: string;
let path: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'jitbot-zip-'));
  path = join(folder, 'bundle.zip');
});
afterEach(() => rmSync(folder, { recursive: true }));

const contents = () =>
  Object.fromEntries(Object.entries(unzipSync(readFileSync(path))).map(([name, bytes]) => [name, strFromU8(bytes)]));
/** Longer than what is handed on at once, and in several parts. */
const LINES = Array.from({ length: 4_000 }, (_, index) => `{"event":${index},"who":"Zoë","hash":"${index * 7919}"}\n`);

test('it holds each file whole, and the manifest its SHA-256', () => {
  const zip = createZip(path);
  zip.add('events.jsonl', LINES);
  zip.add('empty', []);
  const sum = (text: string) => createHash('sha256').update(text).digest('hex');
  const manifest = `${sum(LINES.join(''))}  events.jsonl\n${sum('')}  empty\n`;
  expect(zip.manifest()).toBe(manifest);
  zip.addBytes('MANIFEST.sig', new Uint8Array([1, 2]));
  zip.close();
  expect(contents()).toEqual({ 'events.jsonl': LINES.join(''), empty: '', 'MANIFEST.sig': '\u0001\u0002' });
});

test('until it is whole, what has its name is what was there before', () => {
  writeFileSync(path, 'the one before');
  const zip = createZip(path);
  zip.add('events.jsonl', LINES);
  expect(readFileSync(path, 'utf8')).toBe('the one before');
  zip.close();
  expect(Object.keys(contents())).toEqual(['events.jsonl']);
  expect(readdirSync(folder)).toEqual(['bundle.zip']);
});

test('nobody but its owner may read it', () => {
  const zip = createZip(path);
  zip.add('events.jsonl', LINES);
  zip.close();
  expect(statSync(path).mode & 0o777).toBe(0o600);
});

test('on a full disk there is none, and nothing of it is left', () => {
  // Writing to it fails as on a full disk.
  symlinkSync('/dev/full', `${path}.partial`);
  const zip = createZip(path);
  expect(() => {
    zip.add('events.jsonl', LINES);
    zip.close();
  }).toThrow(StorageError);
  expect(readdirSync(folder)).toEqual([]);
});

test('where its folder is not there, that is said', () => {
  expect(() => createZip(join(folder, 'nowhere', 'bundle.zip'))).toThrow(/check that its folder exists/);
  expect(existsSync(join(folder, 'nowhere'))).toBe(false);
});
