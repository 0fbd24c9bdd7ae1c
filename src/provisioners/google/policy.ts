/** A project's policy, whose bindings are the bot's, and what became of them. */

import { createHash } from 'node:crypto';
import { z } from 'zod';
import type { Residue } from '../../domain/grant.ts';
import type { Instant } from '../../domain/terms.ts';
import type { Holding } from '../../ports/targets.ts';
import { GOOGLE_POLICY } from '../../wording/targets/google.ts';
import { holdingsOf } from '../labelledHoldings.ts';
import type { Access, ListedRole } from '../provisioner.ts';

/** What a role gives. */
export interface Role {
  readonly roles: readonly string[];
  /** A condition besides time. */
  readonly only?: string | undefined;
}

const conditionSchema = z.looseObject({
  title: z.string().exactOptional(),
  description: z.string().exactOptional(),
  expression: z.string().exactOptional(),
});
const bindingSchema = z.looseObject({
  role: z.string(),
  members: z.array(z.string()).default([]),
  condition: conditionSchema.exactOptional(),
});
/** Google leaves out the bindings where there are none; anything else that is not understood says nothing. */
export const policySchema = z.looseObject({ etag: z.string().min(1), bindings: z.array(bindingSchema).default([]) });
export type Binding = z.infer<typeof bindingSchema>;

export function bindingFor(one: Access<Role>, role: string, account: string, expiresAt: Instant): Binding {
  const until = `request.time < timestamp("${new Date(expiresAt).toISOString()}")`;
  return {
    role,
    members: [userMember(account)],
    condition: {
      title: `jitbot ${one.grantId}`,
      description: one.roleKey,
      expression: one.role.only === undefined ? until : `${until} && (${one.role.only})`,
    },
  };
}

export const userMember = (account: string): string => `user:${account}`;
/** Google does not care for the case of an address. */
const isSame = (member: string, other: string): boolean => member.toLowerCase() === other.toLowerCase();

/** The grant that a binding is titled with. Whoever may write the policy can take the title off, or give it to others. */
export const grantOf = ({ condition }: Binding): string | null =>
  /^jitbot (G\w+)$/.exec(condition?.title ?? '')?.[1] ?? null;

/** Whom the bot gave what, by grants that it has not taken back. */
export type Given = ReadonlyMap<string, { readonly account: string; readonly roles: readonly string[] }>;

export const without = (bindings: readonly Binding[], grantId: string): Binding[] =>
  bindings.filter((binding) => grantOf(binding) !== grantId);

/** Whether a grant's own binding names somebody else by now: they were renamed (Google follows that), or it was edited. */
export const isRenamed = (bindings: readonly Binding[], grantId: string, account: string): boolean =>
  bindings
    .filter((binding) => grantOf(binding) === grantId && binding.members.length > 0)
    .some(({ members }) => !members.some((member) => isSame(member, userMember(account))));

/** Takes one member out of a binding; a binding of nobody goes, and one that they are not in is the same. */
export function withoutMember(binding: Binding, member: string): Binding[] {
  const members = binding.members.filter((one) => !isSame(one, member));
  if (members.length === binding.members.length) return [binding];
  return members.length > 0 ? [{ ...binding, members }] : [];
}

/**
 * Whether the grant of a binding's title gave a member what it says. null: the bot does not know, as of a grant that has
 * ended, or of another bot.
 */
function isGiven(binding: Binding, member: string, given: Given): boolean | null {
  const grant = given.get(grantOf(binding) ?? '');
  if (grant === undefined) return grantOf(binding) === null ? false : null;
  return isSame(member, userMember(grant.account)) && grant.roles.includes(binding.role);
}

/** The grant that a member has what a binding says by; null: none, whatever its title says. */
export const giverOf = (binding: Binding, member: string, given: Given): string | null =>
  isGiven(binding, member, given) === false ? null : grantOf(binding);

/** One member of one binding. */
export interface Entry {
  readonly binding: Binding;
  readonly member: string;
}

const entriesOf = (bindings: readonly Binding[]): Entry[] =>
  bindings.flatMap((binding) => binding.members.map((member) => ({ binding, member })));

/** Short for an entry: who has what on which condition. */
const digestOf = ({ binding: { role, condition }, member }: Entry): string =>
  createHash('sha256')
    .update(JSON.stringify([role, member.toLowerCase(), condition?.title, condition?.expression]))
    .digest('base64url')
    .slice(0, 10);

/** What stood in a policy, for comparing it later. */
export const standOf = (bindings: readonly Binding[]): string => entriesOf(bindings).map(digestOf).join(' ');

/** What a policy has that was not in it, and that no grant gave that the bot knows of. */
export function newIn(bindings: readonly Binding[], stood: string, given: Given): Entry[] {
  const known = new Set(stood.split(' '));
  return entriesOf(bindings).filter(
    (entry) => !known.has(digestOf(entry)) && isGiven(entry.binding, entry.member, given) !== true,
  );
}

export const residueOf = ({ binding: { role, condition }, member }: Entry, done: string): Residue => ({
  what: GOOGLE_POLICY.came(member, role, condition ?? null),
  done,
});

export function holdersOf(
  { roleKey, role }: ListedRole<Role>,
  bindings: readonly Binding[],
  given: Given,
  roleKeys: ReadonlySet<string>,
): Holding[] {
  const users = entriesOf(bindings).flatMap(({ binding, member }) =>
    member.startsWith('user:')
      ? [{ binding, account: member.slice('user:'.length), grantId: giverOf(binding, member, given) }]
      : [],
  );
  /** What a binding says of its role can be rewritten by whoever may write it; what it gives cannot. */
  const isOfRole = ({ condition, role: name }: Binding) => {
    const said = condition?.description;
    return said !== undefined && roleKeys.has(said) ? said === roleKey : role.roles.includes(name);
  };
  const made = users.filter(({ binding, grantId }) => grantId !== null && isOfRole(binding));
  const standing = role.roles.map(
    (name) =>
      new Set(
        users.filter(({ binding, grantId }) => binding.role === name && grantId === null).map(({ account }) => account),
      ),
  );
  return holdingsOf(
    roleKey,
    made.map(({ account, grantId }) => ({ account, grantId })),
    standing,
  );
}
