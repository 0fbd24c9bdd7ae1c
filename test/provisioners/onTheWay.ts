/**
 * What answers in a target's stead, from its first request on or in the middle of a call: no such answer is "gone", and
 * whatever became of the call, the target can be asked again, and all that was given is taken back.
 */

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Access } from '../../src/provisioners/provisioner.ts';
import { type Elsewhere, type Instead, startElsewhere, type Wire } from '../support/wire.ts';
import { type Harness, inAnHour, newGrantId } from './contract.ts';

const page = { 'content-type': 'text/html' };
const json = { 'content-type': 'application/json' };
/** Each is told where a redirect leads to. */
const FAULTS: readonly (readonly [string, (elsewhere: string) => Instead | 'cut'])[] = [
  ['a line that breaks', () => 'cut'],
  ['a gateway without a target', () => ({ status: 503, headers: page, body: '<html>no upstream</html>' })],
  [
    'a limit that is reached',
    () => ({ status: 429, headers: { ...json, 'retry-after': '3600' }, body: '{"message":"slow down"}' }),
  ],
  ['a redirect to somewhere else', (location) => ({ status: 302, headers: { location } })],
  ['a page to sign in', () => ({ status: 200, headers: page, body: '<html>Sign in</html>' })],
  ['"ok", and nothing else', () => ({ status: 200, headers: json, body: '{}' })],
];
/** More requests than any call takes. */
const MOST_REQUESTS = 80;

export function describeWire(
  name: string,
  harness: () => Harness,
  accessOf: (grantId: string) => Access<unknown>,
): void {
  let elsewhere: Elsewhere;
  beforeAll(async () => {
    elsewhere = await startElsewhere();
  });
  afterAll(() => elsewhere.close());

  interface At {
    /** Asks for something while the wire is broken. undefined: it failed. */
    readonly meanwhile: <T>(call: () => Promise<T>) => Promise<{ readonly done: T } | undefined>;
    readonly how: string;
  }
  /**
   * With the wire broken before the first request, before the second, and so on, until all of them are let through.
   * @param faults how many are tried before each request: in turn, so that a few requests see all of them
   */
  async function atEachRequest(wire: Wire, faults: number, act: (at: At) => Promise<void>): Promise<void> {
    for (let after = 0, came = 1; came > 0; after += 1) {
      if (after > MOST_REQUESTS) throw new Error(`it takes more than ${MOST_REQUESTS} requests`);
      for (let index = 0; index < faults; index += 1) {
        const [what, faultAt] = FAULTS[(after * faults + index) % FAULTS.length] ?? ['', (): 'cut' => 'cut'];
        await act({
          how: `${what} after ${after} requests`,
          meanwhile: async (call) => {
            wire.breakAfter(after, faultAt(elsewhere.url));
            const answer = await call().then(
              (done) => ({ done }),
              () => undefined,
            );
            came = wire.mend();
            return answer;
          },
        });
      }
    }
  }
  async function end(access: Access<unknown>, how: string): Promise<void> {
    const { connection, reallyHas } = harness();
    await connection.revoke(access);
    expect(await connection.isActive(access), how).toBe(false);
    expect(await reallyHas(access.grantId), how).toBe(false);
  }

  describe(`${name}, with something in between that answers`, () => {
    test('no such answer counts as "not active"', async () => {
      const { connection, wire } = harness();
      if (!wire) return;
      const access = accessOf(newGrantId());
      await connection.grant(access, inAnHour());
      await atEachRequest(wire, FAULTS.length, async ({ meanwhile, how }) => {
        const answer = await meanwhile(() => connection.isActive(access));
        expect(answer, how).not.toEqual({ done: false });
      });
      expect(await connection.isActive(access)).toBe(true);
      await end(access, 'at the end');
    });

    test('a revoke that succeeds has ended the access, and can be repeated', async () => {
      const { connection, wire, reallyHas } = harness();
      if (!wire) return;
      await atEachRequest(wire, 1, async ({ meanwhile, how }) => {
        const access = accessOf(newGrantId());
        await connection.grant(access, inAnHour());
        const answer = await meanwhile(() => connection.revoke(access));
        harness().later?.();
        const has = await reallyHas(access.grantId);
        if (answer) expect(has, how).toBe(false);
        if (has) expect(await connection.isActive(access), how).toBe(true);
        await end(access, how);
      });
    });

    test('a grant that succeeds gives it, and a failed one leaves nothing', async () => {
      const { connection, wire, reallyHas } = harness();
      if (!wire) return;
      await atEachRequest(wire, 1, async ({ meanwhile, how }) => {
        const access = accessOf(newGrantId());
        const answer = await meanwhile(() => connection.grant(access, inAnHour()));
        if (answer) expect(await reallyHas(access.grantId), how).toBe(true);
        harness().later?.();
        await end(access, how);
      });
    });

    test('no secret follows a redirect', () => {
      expect(elsewhere.secrets).toEqual([]);
    });
  });
}
