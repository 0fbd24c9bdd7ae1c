/** What is written down about certificates: how long each has to stand in the list that revokes them. */

import { describe, expect, test } from 'vitest';
import { rightsOn } from '../../src/provisioners/ssh/rights.ts';
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
