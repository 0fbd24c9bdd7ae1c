import { z } from 'zod';
import { type Millis, SECOND } from '../../domain/terms.ts';
import type { IdBook } from '../../ports.ts';
import { attemptAll } from '../attemptAll.ts';
import { ownIds } from '../ownIds.ts';
import type { Access, Connection } from '../provisioner.ts';

/** What a local module answers is looked at like what comes over the wire: what is not understood says nothing. */

const text = z.string().min(1);
const grantedSchema = z.object({ account: text.max(200), id: text.max(200).nullish() });
const revokedSchema = z.object({ left: z.array(z.object({ what: z.string(), done: z.string() })) }).nullish();
const holdingsSchema = z.array(
  z.object({ account: z.string(), role: z.string().nullable(), grantId: z.string().nullable() }),
);
const findingsSchema = z.array(z.object({ ok: z.boolean(), what: z.string(), fix: z.string().exactOptional() }));
const credentialSchema = z.object({ account: text, secret: text, usage: z.string() });

/** Longer than any call that a module makes over the network by the book. */
export const MODULE_DEADLINE: Millis = 30 * SECOND;

/** A module may give what it makes an id of its own. It comes back with the access; null: it gave none. */
type Known = Access<unknown> & { readonly id: string | null };

/** @param path names the module in errors */
export function guarded(
  path: string,
  made: Connection<unknown>,
  ids: IdBook,
  deadline: Millis = MODULE_DEADLINE,
): Connection<unknown> {
  const own = ownIds(ids);
  /** How many calls of `grant` are not over, by grant. */
  const underWay = new Map<string, number>();

  async function ask<T>(what: string, schema: z.ZodType<T>, call: () => unknown): Promise<T> {
    const { promise: late, reject } = Promise.withResolvers<never>();
    const problem = `${path} gave no answer to ${what} within ${deadline / SECOND} s`;
    const timer = setTimeout(() => reject(new Error(problem)), deadline);
    const answer = await Promise.race([(async () => call())(), late]).finally(() => clearTimeout(timer));
    const parsed = schema.safeParse(answer);
    if (parsed.success) return parsed.data;
    throw new Error(`${path} answered ${what} with something that it must not`, { cause: parsed.error });
  }

  /** Counts a grant for as long as it goes on, which may be longer than anybody waits for it. */
  async function counted<T>(grantId: string, call: () => Promise<T>): Promise<T> {
    underWay.set(grantId, (underWay.get(grantId) ?? 0) + 1);
    try {
      return await call();
    } finally {
      const left = (underWay.get(grantId) ?? 1) - 1;
      if (left > 0) underWay.set(grantId, left);
      else underWay.delete(grantId);
    }
  }

  const accessesOf = async (one: Access<unknown>): Promise<Known[]> =>
    (await own.of(one.grantId)).map((id) => ({ ...one, id }));

  async function grant(one: Access<unknown>, expiresAt: number): Promise<{ account: string }> {
    const [known = { ...one, id: null }] = await accessesOf(one);
    const { account, id } = await ask('grant', grantedSchema, () =>
      counted(one.grantId, async () => made.grant(known, expiresAt)),
    );
    if (id) await own.keep(one.grantId, id);
    if (id && known.id !== null && id !== known.id)
      throw new Error(`${path} answered the grant with the id ${id}, where it had given ${known.id} before`);
    return { account };
  }

  async function revoke(one: Access<unknown>) {
    const left: { what: string; done: string }[] = [];
    await attemptAll(await accessesOf(one), async (known) => {
      const taken = await ask('revoke', revokedSchema, () => made.revoke(known));
      left.push(...(taken?.left ?? []));
    });
    return { left };
  }

  async function isActive(one: Access<unknown>): Promise<boolean> {
    // What was going on while it was asked may come true after.
    const isUnderWay = underWay.has(one.grantId);
    for (const known of await accessesOf(one))
      if (await ask('isActive', z.boolean(), () => made.isActive(known))) return true;
    if (isUnderWay) throw new Error(`${path} is still at giving this access; restart the bot if it never ends`);
    return false;
  }

  return {
    grant,
    revoke,
    isActive,
    ...(made.list && { list: (roles) => ask('list', holdingsSchema, () => made.list?.(roles)) }),
    ...(made.remove && {
      remove: (holding, role) => ask('remove', z.unknown(), () => made.remove?.(holding, role)).then(() => undefined),
    }),
    ...(made.tidy && { tidy: () => ask('tidy', z.unknown(), () => made.tidy?.()).then(() => undefined) }),
    ...(made.stamp && {
      stamp: (one) => ask('stamp', z.unknown(), () => made.stamp?.({ ...one })).then(() => undefined),
    }),
    ...(made.issueCredential && {
      issueCredential: async (one, expiresAt) => {
        const [known = { ...one, id: null }] = await accessesOf(one);
        return ask('issueCredential', credentialSchema, () => made.issueCredential?.(known, expiresAt));
      },
    }),
    check: (roles) => ask('check', findingsSchema, () => made.check(roles)),
    ...(made.afterlife !== undefined && { afterlife: z.number().nullable().parse(made.afterlife) }),
    close: async () => made.close(),
  };
}
