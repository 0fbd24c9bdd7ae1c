/** Validates a local module's answers like answers from the network. What is not understood is an error. */

import { z } from 'zod';
import { type Millis, SECOND } from '../../domain/terms.ts';
import type { IdBook } from '../../ports/targets.ts';
import { OWN, OWN_MODULE } from '../../wording/targets/own.ts';
import { attemptAll } from '../attemptAll.ts';
import { ownIds } from '../ownIds.ts';
import { ownResidue, residueSchema } from '../ownResidue.ts';
import type { Access, Connection } from '../provisioner.ts';
import { type Ask, askingOf, CallsUnderWay } from './calls.ts';

const text = z.string().min(1);
const grantedSchema = z.object({ account: text.max(200), id: text.max(200).nullish() });
const revokedSchema = z.object({ left: residueSchema }).nullish();
const holdingsSchema = z.array(
  z.object({ account: z.string(), role: z.string().nullable(), grantId: z.string().nullable() }),
);
const findingsSchema = z.array(z.object({ ok: z.boolean(), what: z.string(), fix: z.string().exactOptional() }));
const credentialSchema = z.object({ account: text, secret: text, usage: z.string() });

/** Longer than any call that a module makes over the network by the book. */
export const MODULE_DEADLINE: Millis = 30 * SECOND;

/** The id that a module gave to what it made, or null. It is passed back with the access. */
type Known = Access<unknown> & { readonly id: string | null };

/** @param path names the module in errors */
export function guarded(
  path: string,
  made: Connection<unknown>,
  ids: IdBook,
  deadline: Millis = MODULE_DEADLINE,
): Connection<unknown> {
  const ask = askingOf(path, deadline);
  return {
    ...guardedAccess(path, made, { ids, ask }),
    ...guardedExtras(made, ask),
    check: (roles) => ask('check', findingsSchema, () => made.check(roles)),
    ...(made.afterlife !== undefined && { afterlife: z.number().nullable().parse(made.afterlife) }),
    close: async () => made.close(),
  };
}

/** Calls for one grant, by the ids that the module gave. */
function guardedAccess(
  path: string,
  made: Connection<unknown>,
  { ids, ask }: { readonly ids: IdBook; readonly ask: Ask },
): Pick<Connection<unknown>, 'grant' | 'revoke' | 'isActive' | 'issueCredential'> {
  const own = ownIds(ids);
  const residue = ownResidue(ids);
  const grants = new CallsUnderWay();
  const accessesOf = async (one: Access<unknown>): Promise<Known[]> =>
    (await own.of(one.grantId)).map((id) => ({ ...one, id }));
  const firstOf = async (one: Access<unknown>): Promise<Known> => (await accessesOf(one))[0] ?? { ...one, id: null };

  return {
    grant: async (one, expiresAt) => {
      const known = await firstOf(one);
      const { account, id } = await ask('grant', grantedSchema, () =>
        grants.during(one.grantId, async () => made.grant(known, expiresAt)),
      );
      if (id) await own.keep(one.grantId, id);
      if (id && known.id !== null && id !== known.id) throw new Error(OWN.otherId(path, id, known.id));
      return { account };
    },
    revoke: async (one) => {
      await attemptAll(await accessesOf(one), async (known) => {
        const taken = await ask('revoke', revokedSchema, () => made.revoke(known));
        await residue.keep(one.grantId, taken?.left ?? []);
      });
      return { left: await residue.of(one.grantId) };
    },
    isActive: async (one) => {
      // A call that was running at the time may still take effect.
      const isUnderWay = grants.has(one.grantId);
      for (const known of await accessesOf(one))
        if (await ask('isActive', z.boolean(), () => made.isActive(known))) return true;
      if (isUnderWay) throw new Error(OWN_MODULE.stillGiving(path));
      return false;
    },
    ...(made.issueCredential && {
      issueCredential: async (one, expiresAt) => {
        const known = await firstOf(one);
        return ask('issueCredential', credentialSchema, () => made.issueCredential?.(known, expiresAt));
      },
    }),
  };
}

/** The optional functions of a module. */
function guardedExtras(
  made: Connection<unknown>,
  ask: Ask,
): Pick<Connection<unknown>, 'list' | 'remove' | 'tidy' | 'stamp'> {
  const done = (what: string, call: () => unknown): Promise<void> => ask(what, z.unknown(), call).then(() => undefined);
  return {
    ...(made.list && { list: (roles) => ask('list', holdingsSchema, () => made.list?.(roles)) }),
    ...(made.remove && { remove: (holding, role) => done('remove', () => made.remove?.(holding, role)) }),
    ...(made.tidy && { tidy: () => done('tidy', () => made.tidy?.()) }),
    ...(made.stamp && { stamp: (one) => done('stamp', () => made.stamp?.({ ...one })) }),
  };
}
