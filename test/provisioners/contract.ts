import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import { accountFor } from '../../src/domain/accounts.ts';
import { createIdBook } from '../../src/ledger/idBook.ts';
import { openLedger } from '../../src/ledger/open.ts';
import { createSeatBook } from '../../src/ledger/seatBook.ts';
import { type Access, type Connection, TargetRefusal, type Use } from '../../src/provisioners/provisioner.ts';
import { recordedLog } from '../support/log.ts';
import { type Changes, describeChanges } from './changes.ts';

/** What every provisioner must do, against the real thing or one that speaks its language. */

export interface Harness {
  // biome-ignore lint/suspicious/noExplicitAny: connections of every kind, each with its own role
  readonly connection: Connection<any>;
  readonly role: unknown;
  /** What the target itself says the person can do, asked around the provisioner. */
  reallyHas(grantId: string): Promise<boolean>;
  breakTarget(): void | Promise<void>;
  mendTarget(): void | Promise<void>;
  /** How names, places and rights change there. Left out only by kinds on the list WITHOUT_CHANGES. */
  readonly changes?: Changes;
}

/** What Ben is called where no address helps. */
export const IDENTITIES = new Map([['U0BEN', { github: 'ben-o', ssh_key: '' }]]);

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
): void => seats.keep({ grantId, place, account, level, role: 'payments-db/read', before: null });

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
];

/** The tests that every kind passes. The harness is asked for when its target stands. */
export function describeContract(name: string, harness: () => Harness): void {
  let id: string;
  const access = <Role>(role: Role, grantId = id): Access<Role> => accessOf(role, grantId);
  beforeEach(() => {
    id = newGrantId();
  });

  describe(`${name}, as every provisioner`, () => {
    test('what was never granted is not active, and revoking it is success', async () => {
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

    test('ending one grant leaves another live grant of the same thing alone', async () => {
      const { connection, role, reallyHas } = harness();
      await connection.grant(access(role), inAnHour());
      await connection.grant(access(role, `${id}B`), inAnHour());
      await connection.revoke(access(role));
      expect(await connection.isActive(access(role, `${id}B`))).toBe(true);
      expect(await reallyHas(`${id}B`)).toBe(true);
      await connection.revoke(access(role, `${id}B`));
    });

    test('where it can say who holds a role, what a grant gave is listed under that grant, until it is revoked', async () => {
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

    test.each(ODD_NAMES)(
      'I16 %s is given it exactly or refused by name, and nobody of the same name loses anything',
      async (email) => {
        const { connection, role } = harness();
        const odd = { ...access(role, `${id}O`), person: { slackId: 'U0ODD', name: 'Odd Name', email } };
        await connection.grant(access(role), inAnHour());
        const refused = await connection.grant(odd, inAnHour()).then(
          ({ account }) => {
            expect(account).not.toBe('');
            return null;
          },
          (error: unknown) => String(error),
        );
        if (refused !== null) expect(refused.toLowerCase()).toMatch(namesIn(email));
        expect(await connection.isActive(odd)).toBe(refused === null);
        await connection.revoke(odd);
        await connection.revoke(odd);
        expect(await connection.isActive(odd)).toBe(false);
        expect(await connection.isActive(access(role))).toBe(true);
        expect(await harness().reallyHas(id)).toBe(true);
        await connection.revoke(access(role));
      },
    );

    test('a target that is down makes every call fail, with a word on which target; none is taken for "not active"', async () => {
      const { connection, role, breakTarget, mendTarget } = harness();
      await connection.grant(access(role), inAnHour());
      await breakTarget();
      await expect(connection.grant(access(role, `${id}D`), inAnHour())).rejects.toThrow(
        /127\.0\.0\.1|localhost|krl|AWS|Google|Slack/,
      );
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

  describeChanges(name, harness, () => ({ access: access(harness().role, newGrantId()), until: inAnHour() }));
}
