/** Positions that are kept outside the database: who signs them, who vouches for whom, and what is believed. */

import { createHash, generateKeyPairSync, verify } from 'node:crypto';
import { appendFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import canonicalize from 'canonicalize';
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import {
  type CheckpointLine,
  keyIdOf,
  privateKeyOf,
  publicKeyOf,
  readCheckpoints,
  type Signer,
  signerFrom,
} from '../../src/ledger/history/checkpoint.ts';
import { append, createCheckpointBook, otherLedger } from '../../src/ledger/history/checkpointBook.ts';
import { StorageError } from '../../src/ports/store.ts';
import { closeServer, listen, readBody } from '../../src/sandbox/http.ts';

let directory: string;
let place: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'jitbot-checkpoints-'));
  place = join(directory, 'checkpoints.jsonl');
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

const pemOf = (type: 'ed25519' | 'x25519' = 'ed25519') =>
  (type === 'ed25519' ? generateKeyPairSync('ed25519') : generateKeyPairSync('x25519')).privateKey
    .export({ type: 'pkcs8', format: 'pem' })
    .toString();
const newKey = (name = 'key.pem') => {
  const path = join(directory, name);
  writeFileSync(path, pemOf());
  return path;
};
const position = (seq: number, ledger = 'L') => ({ ledger, seq, hash: `h${seq}`, at: 1_000 + seq });
const first = (signer: Signer): CheckpointLine =>
  signer.introduce({ publicKey: signer.publicKey, at: 5, isFirst: true });
const text = (...lines: readonly object[]) => `${lines.map((line) => JSON.stringify(line)).join('\n')}\n`;
const problem = (...lines: readonly object[]) => {
  const read = readCheckpoints(text(...lines));
  return 'problem' in read ? read.problem : null;
};

describe('a signed line', () => {
  test('says which ledger, position and key, with a signature anybody can check', () => {
    const signer = signerFrom(pemOf());
    const { signature, ...fields } = signer.checkpoint(position(7));
    expect(fields).toEqual({ kind: 'checkpoint', ledger: 'L', seq: 7, hash: 'h7', at: 1_007, key: signer.keyId });
    const bytes = Buffer.from(canonicalize(fields) ?? '');
    expect(verify(null, bytes, signer.publicKey, Buffer.from(signature, 'base64'))).toBe(true);
  });

  test('a key is known by the first half of the SHA-256 of its public half', () => {
    const { keyId, publicKey } = signerFrom(pemOf());
    const der = publicKey.export({ type: 'spki', format: 'der' });
    expect(keyId).toBe(createHash('sha256').update(der).digest('hex').slice(0, 32));
    const pem = publicKey.export({ type: 'spki', format: 'pem' }).toString();
    expect(keyIdOf(publicKeyOf(pem))).toBe(keyId);
  });

  test('a key introduces itself, or another, with its public half', () => {
    const [old, next] = [signerFrom(pemOf()), signerFrom(pemOf())];
    const pem = ({ publicKey }: Signer) => publicKey.export({ type: 'spki', format: 'pem' });
    expect(first(old)).toMatchObject({ kind: 'key', key: old.keyId, publicKey: pem(old), at: 5, by: null });
    expect(old.introduce({ publicKey: next.publicKey, at: 6, isFirst: false })).toMatchObject({
      ...{ kind: 'key', key: next.keyId, publicKey: pem(next), at: 6, by: old.keyId },
    });
  });

  test('a key of another kind is refused, with what to do', () => {
    expect(() => signerFrom(pemOf('x25519'))).toThrow(/type x25519, not ed25519/);
    expect(() => privateKeyOf(pemOf('x25519'), 'my.pem')).toThrow(StorageError);
    expect(() => privateKeyOf('nonsense', 'my.pem')).toThrow(
      /my\.pem: .*openssl genpkey -algorithm ed25519 -out my\.pem/,
    );
    expect(privateKeyOf(pemOf(), 'my.pem').asymmetricKeyType).toBe('ed25519');
  });
});

describe('reading them', () => {
  const signer = signerFrom(pemOf());
  const other = signerFrom(pemOf());
  const vouched = signer.introduce({ publicKey: other.publicKey, at: 6, isFirst: false });

  test('all positions in order, and all keys', () => {
    const read = readCheckpoints(
      text(
        first(signer),
        signer.checkpoint(position(1)),
        vouched,
        other.checkpoint(position(3)),
        signer.checkpoint(position(3)),
      ),
    );
    expect(read).toMatchObject({
      checkpoints: [{ seq: 1 }, { seq: 3 }, { seq: 3 }],
      keys: [signer.keyId, other.keyId],
    });
    expect(readCheckpoints('')).toEqual({ checkpoints: [], keys: [] });
    expect(readCheckpoints('\n\n')).toEqual({ checkpoints: [], keys: [] });
  });

  test('a position signed by a key without a voucher is a problem with its line', () => {
    expect(problem(first(signer), other.checkpoint(position(1)))).toBe(
      `line 2: signed by a key that nobody vouches for (${other.keyId})`,
    );
    expect(problem(first(signer), other.checkpoint(position(1)), vouched)).toMatch(/^line 2: signed by/);
  });

  test('a position that was changed is a problem', () => {
    const line = signer.checkpoint(position(2));
    for (const change of [{ seq: 3 }, { hash: 'x' }, { ledger: 'X' }, { at: 1 }])
      expect(problem(first(signer), { ...line, ...change }), JSON.stringify(change)).toBe(
        'line 2: its signature is wrong',
      );
    expect(problem(first(signer), { ...line, signature: '' })).toBe('line 2: its signature is wrong');
  });

  test('positions ascend within a ledger, and another ledger starts over', () => {
    expect(problem(first(signer), signer.checkpoint(position(2)), signer.checkpoint(position(1)))).toBe(
      'line 3: it goes backwards',
    );
    expect(problem(first(signer), signer.checkpoint(position(2)), signer.checkpoint(position(1, 'M')))).toBeNull();
  });

  test('a lower position is one of a restored copy only if it is later', () => {
    const lower = (at: number) => signer.checkpoint({ ...position(1), at });
    const before = signer.checkpoint(position(2));
    expect(problem(first(signer), before, lower(before.at))).toBe('line 3: it goes backwards');
    expect(problem(first(signer), before, lower(before.at + 1))).toBeNull();
  });

  test('a first key vouches for itself, and for no second that does the same', () => {
    expect(problem(first(signer), first(other))).toBe(`line 2: a key that nobody vouches for (${other.keyId})`);
    expect(problem(first(signer), first(signer))).toBeNull();
    expect(problem(vouched)).toBe(`line 1: a key that nobody vouches for (${other.keyId})`);
    expect(problem(first(signer), { ...vouched, by: other.keyId })).toMatch(/nobody vouches/);
  });

  test('a changed, mismatched or unreadable key is a problem', () => {
    const pem = other.publicKey.export({ type: 'spki', format: 'pem' }).toString();
    expect(problem(first(signer), { ...vouched, at: 9 })).toBe('line 2: its signature is wrong');
    expect(problem({ ...first(signer), publicKey: pem })).toBe('line 1: the key is not the one that it names');
    expect(problem({ ...first(signer), publicKey: 'nonsense' })).toBe('line 1: its key cannot be read');
  });

  test('whoever knows the right key believes no file that begins with another', () => {
    const forged = text(first(other), other.checkpoint(position(9)));
    expect(readCheckpoints(forged)).toMatchObject({ checkpoints: [{ seq: 9 }] });
    expect(readCheckpoints(forged, signer.publicKey)).toMatchObject({
      problem: expect.stringMatching(/^line 1: a key that/),
    });
    expect(readCheckpoints(text(first(signer), vouched), signer.publicKey)).toEqual({
      checkpoints: [],
      keys: [signer.keyId, other.keyId],
    });
    expect(readCheckpoints('', signer.publicKey)).toEqual({ checkpoints: [], keys: [signer.keyId] });
  });

  test('only the last line may be cut short', () => {
    const whole = text(first(signer), signer.checkpoint(position(1)));
    expect(readCheckpoints(`${whole}{"kind":"che`)).toMatchObject({ checkpoints: [{ seq: 1 }] });
    expect(readCheckpoints(`{"kind":"che\n${whole}`)).toEqual({ problem: 'line 1 is no checkpoint' });
    expect(readCheckpoints(`${text(first(signer))}{"kind":"che\n${text(signer.checkpoint(position(1)))}`)).toEqual({
      problem: 'line 2 is no checkpoint',
    });
  });
});

describe('the book of them', () => {
  const book = (keyPath: string, at = place) => createCheckpointBook({ keyPath, place: at, now: () => 17 });
  const lines = () =>
    readFileSync(place, 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));

  test('begins with its key, once, in a file for its owner alone', async () => {
    const key = newKey();
    book(key);
    const one = book(key);
    await one.keep(position(3));
    expect(lines()).toMatchObject([
      { kind: 'key', key: one.keyId, at: 17, by: null },
      { kind: 'checkpoint', seq: 3, key: one.keyId },
    ]);
    expect(one).toMatchObject({ place, exposed: [] });
    expect(statSync(place).mode & 0o777).toBe(0o600);
    expect(await one.anchors('L')).toEqual({
      anchors: [{ seq: 3, hash: 'h3', at: 1003, where: `the checkpoint file ${place}` }],
    });
  });

  test('a file that others could reach is closed to them, and told', () => {
    writeFileSync(place, '', { mode: 0o644 });
    expect(book(newKey()).exposed).toEqual([expect.stringContaining('could be reached by others (mode 644)')]);
    expect(statSync(place).mode & 0o777).toBe(0o600);
  });

  test('a line that was cut short is ended before the next', async () => {
    const one = book(newKey());
    await one.keep(position(3));
    appendFileSync(place, '{"kind":"che');
    await one.keep(position(4));
    expect(readFileSync(place, 'utf8')).toMatch(/\n\{"kind":"che\n\{"kind":"checkpoint"/);
    expect(readFileSync(place, 'utf8').endsWith('\n')).toBe(true);
    expect(await one.anchors('L')).toEqual({ problem: `${place}: line 3 is no checkpoint` });
  });

  test('a file that has a problem is told when it is read, not when the bot starts', async () => {
    writeFileSync(place, 'nonsense\nnonsense\n');
    expect(await book(newKey()).anchors('L')).toEqual({ problem: `${place}: line 1 is no checkpoint` });
    expect(readFileSync(place, 'utf8')).toBe('nonsense\nnonsense\n');
  });

  test('a folder that is not there is told with what to do', () => {
    const line = first(signerFrom(pemOf()));
    expect(() => append(join(directory, 'none', 'c.jsonl'), line)).toThrow(/check that the folder exists/);
    mkdirSync(join(directory, 'folder'));
    expect(() => append(join(directory, 'folder'), line)).toThrow(StorageError);
  });

  test('a key that cannot be read says how to make one', () => {
    expect(() => book(join(directory, 'none.pem'))).toThrow(/none\.pem: the key .*openssl genpkey/);
    expect(() => book(join(directory, 'none.pem'))).toThrow(StorageError);
  });

  test('another ledger in the file is named with its newest position', () => {
    const signer = signerFrom(pemOf());
    const of = (seq: number, ledger: string) => signer.checkpoint(position(seq, ledger));
    expect(otherLedger([], 'L')).toBeNull();
    expect(otherLedger([of(1, 'L'), of(2, 'L')], 'L')).toBeNull();
    expect(otherLedger([of(4, 'M'), of(6, 'M'), of(1, 'L')], 'L')).toMatch(
      /another ledger, which ended at event 6 or later/,
    );
  });
});

describe('an endpoint', () => {
  async function endpoint(status: number) {
    const came: { method: string | undefined; type: string | undefined; body: object }[] = [];
    const server = createServer(async (request, response) => {
      const body = JSON.parse(await readBody(request));
      came.push({ method: request.method, type: request.headers['content-type'], body });
      response.writeHead(status, status === 302 ? { location: '/elsewhere' } : {}).end();
    });
    const url = `http://127.0.0.1:${await listen(server)}/checkpoints`;
    onTestFinished(() => closeServer(server));
    return { came, book: createCheckpointBook({ keyPath: newKey(), place: url, now: () => 0 }) };
  }

  test('gets each position as a signed line, and has none to be read back', async () => {
    const { came, book } = await endpoint(204);
    await book.keep(position(3));
    expect(came).toEqual([
      {
        method: 'POST',
        type: 'application/json',
        body: expect.objectContaining({ kind: 'checkpoint', seq: 3, key: book.keyId, signature: expect.any(String) }),
      },
    ]);
    expect(await book.anchors('L')).toEqual({ anchors: [] });
    expect(book.exposed).toEqual([]);
  });

  test.each([400, 500, 302])('that answers %i has not taken it', async (status) => {
    const { came, book } = await endpoint(status);
    await expect(book.keep(position(3))).rejects.toThrow(
      status === 302 ? Error : `answered a checkpoint with ${status}`,
    );
    expect(came).toHaveLength(1);
  });
});
