/** What every provisioner must do, against the real thing or one that speaks its language. */

import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import { accountFor } from '../../src/domain/accounts.ts';
import { createIdBook } from '../../src/ledger/sqlite/idBook.ts';
import { openLedger } from '../../src/ledger/sqlite/open.ts';
import { createSeatBook } from '../../src/ledger/sqlite/seatBook.ts';
import { type Access, type Connection, TargetRefusal, type Use } from '../../src/provisioners/provisioner.ts';
import { recordedLog } from '../support/log.ts';
import type { Wire } from '../support/wire.ts';
import { type Changes, describeChanges } from './changes.ts';
import { describeWire } from './onTheWay.ts';

export interface Harness {
  // biome-ignore lint/suspicious/noExplicitAny: connections of every kind, each with its own role
  readonly connection: Connection<any>;
  readonly role: unknown;
  /** What the target itself says the person can do, asked around the provisioner. */
  reallyHas(grantId: string): Promise<boolean>;
  breakTarget(): void | Promise<void>;
  mendTarget(): void | Promise<void>;
  /** How an error says which target is down. Left out where it is by an address, or a name that all know. */
  readonly namedBy?: RegExp;
  /**
   * Makes somebody with this address known to the target; null: it can have nobody who is called so. Left out where a
   * target need not know anybody before.
   */
  readonly welcome?: (email: string) => Promise<Guest | null>;
  /** When the access of a grant ends by itself, as the target has it; null: never. Left out where targets do not know. */
  readonly endOf?: (grantId: string) => Promise<number | null>;
  /** Two grants of one person are one thing there, which ends with the later of them. */
  readonly isOneSeat?: true;
  /** What stands between the bot and the target. Left out where nothing does. */
  readonly wire?: Wire;
  /** Lets so much time pass that nothing that was asked for can still be under way. Left out where it cannot be. */
  readonly later?: () => void;
  /** How names, places and rights change there. Left out only by kinds on the list WITHOUT_CHANGES. */
  readonly changes?: Changes;
}

/** Somebody who came to a target. */
export interface Guest {
  /** What the target itself says; null: the account is Ben's, so that it cannot be told apart. */
  has(): Promise<boolean | null>;
  leave(): Promise<unknown>;
}

/** What people are called where no address helps. */
export const IDENTITIES = new Map<string, Readonly<Record<string, string>>>([
  ['U0BEN', { github: 'ben-o', ssh_key: '' }],
  ['U0ODD', { github: 'odd-name' }],
]);

/** What a connection has of the bot, with a real database of seats. */
export function useForTests(more: Partial<Use> = {}): Use & { close(): void } {
  const folder = mkdtempSync(join(tmpdir(), 'jitbot-seats-'));
  const ledger = openLedger(join(folder, 'jit.db'));
  return {
    log: recordedLog(),
    clock: { now: Date.now },
    seats: createSeatBook(ledger),
    ids: createIdBook(ledger),
    accountOf: (template, person) => {
      const account = accountFor(template, person, IDENTITIES);
      if (!account.known) throw new TargetRefusal(account.problem);
      return account.value;
    },
    close: () => {
      ledger.close();
      rmSync(folder, { recursive: true, force: true });
    },
    ...more,
  };
}

/** Writes down a seat as the version before did: place and person by their names. */
export const writtenEarlier = (
  { seats }: Use,
  { grantId, place, account, level }: { grantId: string; place: string; account: string; level: string },
): Promise<void> => seats.keep({ grantId, place, account, level, role: 'payments-db/read', before: null });

/** A refusal says whom it is about: by the address, what stands before the @, or what people call them. */
const namesIn = (email: string): RegExp => {
  const said = [email, email.split('@')[0] ?? email, 'Odd Name', 'U0ODD'];
  return new RegExp(said.map((one) => one.toLowerCase().replace(/[^a-z0-9]/g, '\\$&')).join('|'));
};

export const inAnHour = () => Date.now() + 3_600_000;
export const newGrantId = () => `G${randomUUID().replaceAll('-', '').slice(0, 10).toUpperCase()}`;

export const BEN = { slackId: 'U0BEN', name: 'Ben Okafor', email: 'ben@harbor.example' };
export const accessOf = <Role>(role: Role, grantId: string): Access<Role> => ({
  grantId,
  requestId: `R${grantId.slice(1)}`,
  role,
  roleKey: 'payments-db/read',
  person: BEN,
});

/** Addresses as people and identity providers have them. */
const ODD_NAMES = [
  'Ana.Kovac@Harbor.example',
  'a_b.example#EXT#@harbor.example',
  "o'neil+x@harbor.example",
  'ben@agency.example',
  '"b o"@harbor.example',
  'b\\o@harbor.example',
];

/** The tests that every kind passes. The harness is asked for when its target stands. */
export function describeContract(name: string, harness: () => Harness): void {
  let id: string;
  const access = <Role>(role: Role, grantId = id): Access<Role> => accessOf(role, grantId);
  beforeEach(() => {
    id = newGrantId();
  });

  describe(`${name}, as every provisioner`, () => {
    test('what was never granted is not active, and revoking it succeeds', async () => {
      const { connection, role } = harness();
      expect(await connection.isActive(access(role))).toBe(false);
      await connection.revoke(access(role));
    });

    test('a grant is real at the target, and gone after revoke', async () => {
      const { connection, role, reallyHas } = harness();
      const { account } = await connection.grant(access(role), inAnHour());
      expect(account).not.toBe('');
      expect(await connection.isActive(access(role))).toBe(true);
      expect(await reallyHas(id)).toBe(true);
      await connection.revoke(access(role));
      expect(await connection.isActive(access(role))).toBe(false);
      expect(await reallyHas(id)).toBe(false);
    });

    test('granting and revoking twice is the same as once', async () => {
      const { connection, role, reallyHas } = harness();
      const first = await connection.grant(access(role), inAnHour());
      expect(await connection.grant(access(role), inAnHour())).toEqual(first);
      expect(await reallyHas(id)).toBe(true);
      await connection.revoke(access(role));
      await connection.revoke(access(role));
      expect(await reallyHas(id)).toBe(false);
    });

    test('ending one grant leaves another active grant of the same thing alone', async () => {
      const { connection, role, reallyHas } = harness();
      await connection.grant(access(role), inAnHour());
      await connection.grant(access(role, `${id}B`), inAnHour());
      // Nor is it taken for something that the first one's holder left behind.
      expect((await connection.revoke(access(role)))?.left ?? []).toEqual([]);
      expect(await connection.isActive(access(role, `${id}B`))).toBe(true);
      expect(await reallyHas(`${id}B`)).toBe(true);
      await connection.revoke(access(role, `${id}B`));
    });

    test('two grants of one person each end in time, and extensions stay separate', async () => {
      const { connection, role, endOf, isOneSeat } = harness();
      if (!endOf) return;
      const [first, second] = [access(role), access(role, `${id}B`)];
      const until = Math.ceil(inAnHour() / 60_000) * 60_000;
      const grant = (one: Access<unknown>, hours: number) => connection.grant(one, until + hours * 3_600_000);
      const ends = async () =>
        [await endOf(first.grantId), await endOf(second.grantId)].map((end) => end && (end - until) / 3_600_000);
      await grant(first, 0);
      await grant(second, 2);
      expect(await ends()).toEqual(isOneSeat ? [2, 2] : [0, 2]);
      await grant(first, 1);
      expect(await ends()).toEqual(isOneSeat ? [2, 2] : [1, 2]);
      await grant(first, 3);
      expect(await ends()).toEqual(isOneSeat ? [3, 3] : [3, 2]);
      await connection.revoke(first);
      expect((await ends())[1]).toBe(isOneSeat ? 3 : 2);
      await connection.revoke(second);
    });

    test('where holders can be listed, a grant is listed until it is revoked', async () => {
      const { connection, role } = harness();
      if (!connection.list || !connection.remove) return expect(connection.remove).toBeUndefined();
      const list = () => connection.list?.([{ roleKey: 'payments-db/read', role }]);
      const { account } = await connection.grant(access(role), inAnHour());
      const held = (await list())?.find(({ grantId }) => grantId === id);
      expect(held).toMatchObject({ role: 'payments-db/read', grantId: id });
      expect(account).not.toBe('');
      await connection.revoke(access(role));
      expect((await list())?.filter(({ grantId }) => grantId === id)).toEqual([]);
      // What nobody will revoke any more can be removed by what the list says of it, once and again.
      await connection.grant(access(role, `${id}C`), inAnHour());
      const left = (await list())?.find(({ grantId }) => grantId === `${id}C`);
      if (!left) throw new Error('what was granted is not listed');
      await connection.remove(left, role);
      await connection.remove(left, role);
      expect(await connection.isActive(access(role, `${id}C`))).toBe(false);
    });

    test.each(ODD_NAMES)('%s is given it exactly or refused by name, and no namesake loses anything', async (email) => {
      const { connection, role, welcome } = harness();
      const guest = await welcome?.(email);
      const has = async () => (await guest?.has()) ?? null;
      const odd = { ...access(role, `${id}O`), person: { slackId: 'U0ODD', name: 'Odd Name', email } };
      await connection.grant(access(role), inAnHour());
      const refused = await connection.grant(odd, inAnHour()).then(
        ({ account }) => {
          expect(account).not.toBe('');
          return null;
        },
        (error: unknown) => String(error),
      );
      // Whom the target knows is given it.
      if (guest) expect(refused).toBeNull();
      if (refused !== null) expect(refused.toLowerCase()).toMatch(namesIn(email));
      expect(await connection.isActive(odd)).toBe(refused === null);
      expect([null, refused === null]).toContain(await has());
      await connection.revoke(odd);
      await connection.revoke(odd);
      expect(await connection.isActive(odd)).toBe(false);
      expect([null, false]).toContain(await has());
      await guest?.leave();
      expect(await connection.isActive(access(role))).toBe(true);
      expect(await harness().reallyHas(id)).toBe(true);
      await connection.revoke(access(role));
    });

    test('somebody unknown to the target is refused by name, with nothing to take back', async () => {
      const { connection, role, welcome } = harness();
      if (!welcome) return;
      const email = 'no-one.here@harbor.example';
      const stranger = { ...access(role), person: { slackId: 'U0STRANGER', name: 'Odd Name', email } };
      await expect(connection.grant(stranger, inAnHour())).rejects.toThrow(/no-one\.here|U0STRANGER/);
      expect(await connection.isActive(stranger)).toBe(false);
      await connection.revoke(stranger);
    });

    test('a target that is down fails every call by name, and is never "not active"', async () => {
      const { connection, role, breakTarget, mendTarget } = harness();
      await connection.grant(access(role), inAnHour());
      await breakTarget();
      const namedBy = harness().namedBy ?? /127\.0\.0\.1|localhost|krl|AWS|Google|Slack/;
      await expect(connection.grant(access(role, `${id}D`), inAnHour())).rejects.toThrow(namedBy);
      await expect(connection.revoke(access(role))).rejects.toThrow();
      await expect(connection.isActive(access(role))).rejects.toThrow();
      await mendTarget();
      expect(await connection.isActive(access(role))).toBe(true);
      await connection.revoke(access(role));
      await connection.revoke(access(role, `${id}D`));
      expect(await connection.isActive(access(role))).toBe(false);
      expect(await connection.isActive(access(role, `${id}D`))).toBe(false);
    });

    test('the doctor finds everything in order, and changes nothing', async () => {
      const { connection, role, reallyHas } = harness();
      const findings = await connection.check([{ roleKey: 'payments-db/read', role }]);
      expect(findings.filter(({ ok }) => !ok)).toEqual([]);
      expect(findings).not.toEqual([]);
      expect(await reallyHas(id)).toBe(false);
    });
  });

  describeWire(name, harness, (grantId) => access(harness().role, grantId));
  describeChanges(name, harness, () => ({ access: access(harness().role, newGrantId()), until: inAnHour() }));
}
