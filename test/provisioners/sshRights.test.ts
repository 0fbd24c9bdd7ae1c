/** What is written down about certificates: how long each has to stand in the list that revokes them. */

import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { RevocationList } from '../../src/provisioners/ssh/revocations.ts';
import { rightsOn } from '../../src/provisioners/ssh/rights.ts';
import { recordedLog } from '../support/log.ts';
import { accessOf, newGrantId, useForTests } from './contract.ts';

const HOUR = 3_600_000;
const use = useForTests();
const role = { principals: ['root'], source_addresses: [] };

describe('the right of a grant', () => {
  const rights = rightsOn('/etc/ssh/revoked', use.seats);

  test('lasts as long as its longest certificate, in whichever order they came', async () => {
    const [first, second] = [newGrantId(), newGrantId()];
    await rights.keep(accessOf(role, first), 2 * HOUR);
    await rights.keep(accessOf(role, first), HOUR);
    await rights.keep(accessOf(role, second), HOUR);
    await rights.keep(accessOf(role, second), 2 * HOUR);
    expect([(await rights.of(first))?.level, (await rights.of(second))?.level]).toEqual([`${2 * HOUR}`, `${2 * HOUR}`]);
  });

  test('is of one list alone', async () => {
    const id = newGrantId();
    await rights.keep(accessOf(role, id), HOUR);
    expect(await rightsOn('/etc/ssh/another', use.seats).of(id)).toBeUndefined();
  });
});

test('a list says the same, in whichever order its entries came', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'jitbot-list-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const written = async (name: string, ...keyIds: string[]) => {
    const file = join(folder, name);
    const list = new RevocationList(file, { now: () => 0, seats: use.seats, log: recordedLog() });
    for (const keyId of keyIds) await list.add({ grantId: newGrantId(), keyId, until: HOUR, role: 'db/read' });
    return { list: readFileSync(file), beside: readFileSync(`${file}.json`, 'utf8') };
  };
  const [first, second] = [await written('one', 'b', 'a', 'c'), await written('two', 'c', 'b', 'a')];
  expect(first.list.equals(second.list)).toBe(true);
  expect(first.beside).toBe(second.beside);
  expect(JSON.parse(first.beside)).toMatchObject([{ keyId: 'a' }, { keyId: 'b' }, { keyId: 'c' }]);
});
