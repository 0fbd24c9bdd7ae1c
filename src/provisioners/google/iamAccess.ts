/** Gives and ends access in a project, and finds what was added to its policy meanwhile. */

import type { Residue } from '../../domain/grant.ts';
import type { Instant } from '../../domain/terms.ts';
import type { Holding, IdBook } from '../../ports/targets.ts';
import { GOOGLE, GOOGLE_POLICY } from '../../wording/targets/google.ts';
import { TARGETS } from '../../wording/targets/shared.ts';
import { type Access, type ListedRole, TargetRefusal } from '../provisioner.ts';
import { ACCOUNT, givenIn, RENAMED, ROLES, STOOD, TAKEN } from './given.ts';
import type { Role } from './iamSchemas.ts';
import {
  type Binding,
  bindingFor,
  type Entry,
  giverOf,
  grantOf,
  holdersOf,
  isRenamed,
  newIn,
  residueOf,
  standOf,
  userMember,
  without,
  withoutMember,
} from './policy.ts';
import type { ProjectPolicy } from './projectPolicy.ts';

/** One project with its records of grants. */
export interface Project {
  /** Its id, for people. */
  readonly name: string;
  readonly policy: ProjectPolicy;
  readonly ids: IdBook;
  readonly nameOf: (one: Access<Role>) => string;
}

export async function give(project: Project, one: Access<Role>, expiresAt: Instant): Promise<{ account: string }> {
  const { policy, ids, nameOf } = project;
  const known = await ids.of(one.grantId);
  const account = known.get(ACCOUNT) ?? nameOf(one);
  await ids.keep(one.grantId, ACCOUNT, account);
  await ids.keep(one.grantId, ROLES, one.role.roles.join(' '));
  if (known.has(TAKEN)) await ids.keep(one.grantId, TAKEN, 'no');
  const made = one.role.roles.map((role) => bindingFor(one, role, account, expiresAt));
  await policy.change(async (bindings) => {
    if (isRenamed(bindings, one.grantId, account)) throw new TargetRefusal(GOOGLE.namesOther(account, project.name));
    const rest = without(bindings, one.grantId);
    if (!known.has(STOOD)) await ids.keep(one.grantId, STOOD, standOf(rest));
    return [...rest, ...made];
  }, GOOGLE.giving(account));
  return { account };
}

export async function takeBack(project: Project, one: Access<Role>): Promise<{ left: readonly Residue[] }> {
  const { policy, ids } = project;
  let left: Residue[] = [];
  await policy.change(async (bindings) => {
    const { own, others } = await cameWith(ids, one, bindings);
    left = [
      ...own.map((entry) => residueOf(entry, GOOGLE_POLICY.removedToo)),
      ...others.map((entry) => residueOf(entry, GOOGLE_POLICY.left)),
    ];
    const rest = without(bindings, one.grantId).flatMap((binding) => {
      const taken = own.find((entry) => entry.binding === binding);
      return taken ? withoutMember(binding, taken.member) : [binding];
    });
    return rest.length === bindings.length && own.length === 0 ? null : rest;
  });
  await ids.keep(one.grantId, TAKEN, 'yes');
  return { left };
}

export async function isThere({ policy, ids }: Project, one: Access<Role>): Promise<boolean> {
  const bindings = await policy.bindings();
  if (bindings.some((binding) => grantOf(binding) === one.grantId)) return true;
  return (await cameWith(ids, one, bindings)).own.length > 0;
}

/**
 * What came into the policy while a grant was live and that no grant gave. `own`: its person has it of what was granted, so
 * it may be the bot's binding under another title; not where that name may be somebody else's by now.
 */
async function cameWith(ids: IdBook, { grantId, role }: Access<Role>, bindings: readonly Binding[]) {
  const known = await ids.of(grantId);
  const [account, stood] = [known.get(ACCOUNT), known.get(STOOD)];
  if (account === undefined || stood === undefined) return { own: [], others: [] };
  const mayBeAnother = known.has(RENAMED) || isRenamed(bindings, grantId, account);
  // Its own binding will be gone, and with it what shows that.
  if (mayBeAnother && !known.has(RENAMED)) await ids.keep(grantId, RENAMED, 'yes');
  const isOwn = ({ binding, member }: Entry) =>
    !mayBeAnother && role.roles.includes(binding.role) && member.toLowerCase() === userMember(account).toLowerCase();
  const all = newIn(bindings, stood, await givenIn(bindings, ids));
  return { own: all.filter(isOwn), others: all.filter((entry) => !isOwn(entry)) };
}

/** Records what an earlier version gave without a record. */
export async function stamp({ policy, ids, nameOf }: Project, one: Access<Role>): Promise<void> {
  const known = await ids.of(one.grantId);
  if (known.has(STOOD)) return;
  const bindings = await policy.bindings();
  const member = bindings.find((binding) => grantOf(binding) === one.grantId)?.members[0];
  await ids.keep(one.grantId, ACCOUNT, member?.startsWith('user:') ? member.slice('user:'.length) : nameOf(one));
  await ids.keep(one.grantId, ROLES, one.role.roles.join(' '));
  await ids.keep(one.grantId, STOOD, standOf(without(bindings, one.grantId)));
}

export async function list({ policy, ids }: Project, roles: readonly ListedRole<Role>[]): Promise<Holding[]> {
  const bindings = await policy.bindings();
  const given = await givenIn(bindings, ids);
  const roleKeys = new Set(roles.map(({ roleKey }) => roleKey));
  return roles.flatMap((role) => holdersOf(role, bindings, given, roleKeys));
}

export async function remove(
  { policy, ids }: Project,
  { grantId, account, role: roleKey }: Holding,
  role: Role | null,
): Promise<void> {
  if (role === null && grantId === null) throw new TargetRefusal(TARGETS.roleGone(roleKey));
  await policy.change(async (bindings) => {
    const given = await givenIn(bindings, ids);
    const rest = bindings.flatMap((binding) => {
      if (grantId !== null) return grantOf(binding) === grantId ? [] : [binding];
      const isStanding = giverOf(binding, userMember(account), given) === null;
      return isStanding && role?.roles.includes(binding.role) ? withoutMember(binding, userMember(account)) : [binding];
    });
    const isUnchanged = rest.length === bindings.length && rest.every((binding, index) => binding === bindings[index]);
    return isUnchanged ? null : rest;
  });
}
