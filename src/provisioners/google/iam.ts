import type { cloudresourcemanager_v3 } from '@googleapis/cloudresourcemanager';
import { z } from 'zod';
import type { Residue } from '../../domain/grant.ts';
import type { Instant } from '../../domain/terms.ts';
import { keyedLock } from '../../lifecycle/keyedLock.ts';
import type { Finding, Holding } from '../../ports.ts';
import { webAddress } from '../address.ts';
import { placeText } from '../place.ts';
import { type Access, type Connection, type Provisioner, TargetRefusal, type Use } from '../provisioner.ts';
import { askGoogle, authOptions, clientOptions, statusOf } from './client.ts';
import { ACCOUNT, givenFrom, RENAMED, ROLES, STOOD, TAKEN } from './given.ts';
import {
  type Binding,
  bindingFor,
  type Entry,
  giverOf,
  grantOf,
  holdersOf,
  isRenamed,
  newIn,
  policySchema,
  residueOf,
  standOf,
  userMember,
  without,
  withoutMember,
} from './policy.ts';

const targetSchema = z.strictObject({
  kind: z.literal('google_iam'),
  project: z.string().regex(/^[a-z][a-z0-9-]{4,28}[a-z0-9]$/, 'expected the id of a project'),
  credentials: z.string().min(1).optional(),
  account: z
    .string()
    .regex(/\{[a-z_]+\}/, 'expected a template such as "{email}"')
    .default('{email}'),
  endpoint: webAddress().optional(),
});

const BASIC = /^roles\/(owner|editor|viewer)$/;
const roleSchema = z.strictObject({
  roles: z
    .array(
      z
        .string()
        .regex(
          /^(roles|projects\/[^/]+\/roles|organizations\/[^/]+\/roles)\/[\w.]+$/,
          'expected a role such as roles/cloudsql.viewer',
        )
        .refine(
          (role) => !BASIC.test(role),
          'owner, editor and viewer take no condition, so they would not expire: pick a role that gives less',
        ),
    )
    .min(1, 'name at least one role'),
  /** A condition besides time, in CEL: only these resources, for example. */
  only: z.string().min(1).optional(),
});

type Target = z.infer<typeof targetSchema>;
type Role = z.infer<typeof roleSchema>;

const SCOPE = 'https://www.googleapis.com/auth/cloud-platform';
/** Policies with conditions. */
const POLICY_VERSION = 3;
/** Somebody else may change the policy between reading and writing it. */
const TRIES = 5;
const CONFLICT = 409;
const NEEDED = ['resourcemanager.projects.getIamPolicy', 'resourcemanager.projects.setIamPolicy'];

/** By project: the policy of one is read and written as a whole. */
const lock = keyedLock();

/** Bindings of a project's policy, one for each grant and role, with a condition that ends them by itself. */
export const googleIam: Provisioner<Target, Role> = {
  kind: 'google_iam',
  targetSchema,
  roleSchema,
  packages: ['@googleapis/cloudresourcemanager'],
  accountTemplate: ({ account }) => account,
  placeOf: ({ project, endpoint }) => placeText(project, endpoint),
  connect,
};

function connect(target: Target, { accountOf, ids }: Use): Connection<Role> {
  const resource = `projects/${target.project}`;
  const nameOf = (one: Access<Role>): string => accountOf(target.account, one.person);
  const givenIn = givenFrom(ids);
  let opened: Promise<cloudresourcemanager_v3.Resource$Projects> | null = null;
  // The package is loaded with the first call: who uses no such target need not have it.
  const projects = () => {
    opened ??= import('@googleapis/cloudresourcemanager').then(
      ({ auth, cloudresourcemanager }) =>
        cloudresourcemanager({
          version: 'v3',
          auth: new auth.GoogleAuth(authOptions(target, SCOPE)),
          ...clientOptions(target),
        }).projects,
    );
    return opened;
  };

  async function read() {
    const api = await projects();
    const requestBody = { options: { requestedPolicyVersion: POLICY_VERSION } };
    const policy = policySchema.safeParse(await askGoogle(() => api.getIamPolicy({ resource, requestBody })));
    if (policy.success) return policy.data;
    throw new Error(`Google: the policy of ${resource} came in a form that is not understood, or without its etag`, {
      cause: policy.error,
    });
  }

  /** Reads, changes and writes; again from the start where somebody was faster. `edit`: null changes nothing. */
  const change = (edit: (bindings: readonly Binding[]) => Promise<Binding[] | null>, about?: string): Promise<void> =>
    lock(resource, async () => {
      const api = await projects();
      for (let tries = 1; ; tries += 1) {
        const policy = await read();
        const bindings = await edit(policy.bindings);
        if (bindings === null) return;
        try {
          const requestBody = { policy: { ...policy, version: POLICY_VERSION, bindings } };
          await askGoogle(() => api.setIamPolicy({ resource, requestBody }), [], about);
          return;
        } catch (error) {
          if (statusOf(error) !== CONFLICT || tries >= TRIES) throw error;
        }
      }
    });

  /**
   * What came into the policy while a grant was live and that no grant gave. `own`: its person has it of what was granted, so
   * it may be the bot's binding under another title; not where that name may be somebody else's by now.
   */
  async function cameWith({ grantId, role }: Access<Role>, bindings: readonly Binding[]) {
    const known = await ids.of(grantId);
    const [account, stood] = [known.get(ACCOUNT), known.get(STOOD)];
    if (account === undefined || stood === undefined) return { own: [], others: [] };
    const mayBeAnother = known.has(RENAMED) || isRenamed(bindings, grantId, account);
    // Its own binding will be gone, and with it what shows that.
    if (mayBeAnother && !known.has(RENAMED)) await ids.keep(grantId, RENAMED, 'yes');
    const isOwn = ({ binding, member }: Entry) =>
      !mayBeAnother && role.roles.includes(binding.role) && member.toLowerCase() === userMember(account).toLowerCase();
    const all = newIn(bindings, stood, await givenIn(bindings));
    return { own: all.filter(isOwn), others: all.filter((entry) => !isOwn(entry)) };
  }

  async function grant(one: Access<Role>, expiresAt: Instant): Promise<{ account: string }> {
    const known = await ids.of(one.grantId);
    const account = known.get(ACCOUNT) ?? nameOf(one);
    await ids.keep(one.grantId, ACCOUNT, account);
    await ids.keep(one.grantId, ROLES, one.role.roles.join(' '));
    if (known.has(TAKEN)) await ids.keep(one.grantId, TAKEN, 'no');
    const made = one.role.roles.map((role) => bindingFor(one, role, account, expiresAt));
    await change(async (bindings) => {
      if (isRenamed(bindings, one.grantId, account))
        throw new TargetRefusal(
          `what was given to ${account} in ${target.project} names somebody else by now; let it end, and ask again`,
        );
      const rest = without(bindings, one.grantId);
      if (!known.has(STOOD)) await ids.keep(one.grantId, STOOD, standOf(rest));
      return [...rest, ...made];
    }, `giving ${account} what was granted`);
    return { account };
  }

  async function revoke(one: Access<Role>): Promise<{ left: readonly Residue[] }> {
    const left: Residue[] = [];
    await change(async (bindings) => {
      const { own, others } = await cameWith(one, bindings);
      left.splice(0, left.length, ...own.map((entry) => residueOf(entry, 'taken away with it')));
      left.push(...others.map((entry) => residueOf(entry, 'left as it is: remove it if nobody needs it')));
      const rest = without(bindings, one.grantId).flatMap((binding) => {
        const taken = own.find((entry) => entry.binding === binding);
        return taken ? withoutMember(binding, taken.member) : [binding];
      });
      return rest.length === bindings.length && own.length === 0 ? null : rest;
    });
    await ids.keep(one.grantId, TAKEN, 'yes');
    return { left };
  }

  async function isActive(one: Access<Role>): Promise<boolean> {
    const { bindings } = await read();
    if (bindings.some((binding) => grantOf(binding) === one.grantId)) return true;
    return (await cameWith(one, bindings)).own.length > 0;
  }

  async function remove({ grantId, account, role: roleKey }: Holding, role: Role | null): Promise<void> {
    if (role === null && grantId === null) throw new TargetRefusal(`${roleKey} is no longer in the policy file`);
    await change(async (bindings) => {
      const given = await givenIn(bindings);
      const rest = bindings.flatMap((binding) => {
        if (grantId !== null) return grantOf(binding) === grantId ? [] : [binding];
        const isStanding = giverOf(binding, userMember(account), given) === null;
        return isStanding && role?.roles.includes(binding.role)
          ? withoutMember(binding, userMember(account))
          : [binding];
      });
      return rest.every((binding, index) => binding === bindings[index]) && rest.length === bindings.length
        ? null
        : rest;
    });
  }

  async function stamp(one: Access<Role>): Promise<void> {
    const known = await ids.of(one.grantId);
    if (known.has(STOOD)) return;
    const { bindings } = await read();
    const member = bindings.find((binding) => grantOf(binding) === one.grantId)?.members[0];
    await ids.keep(one.grantId, ACCOUNT, member?.startsWith('user:') ? member.slice('user:'.length) : nameOf(one));
    await ids.keep(one.grantId, ROLES, one.role.roles.join(' '));
    await ids.keep(one.grantId, STOOD, standOf(without(bindings, one.grantId)));
  }

  return {
    grant,
    revoke,
    isActive,
    list: async (roles) => {
      const { bindings } = await read();
      const given = await givenIn(bindings);
      const roleKeys = new Set(roles.map(({ roleKey }) => roleKey));
      return roles.flatMap((role) => holdersOf(role, bindings, given, roleKeys));
    },
    remove,
    stamp,
    check: async () => {
      const api = await projects();
      const answer = await askGoogle(() => api.testIamPermissions({ resource, requestBody: { permissions: NEEDED } }));
      return NEEDED.map(
        (permission): Finding => ({
          ok: answer?.permissions?.includes(permission) === true,
          what: `the bot has ${permission} on ${target.project}`,
          fix: 'Give its service account the role roles/resourcemanager.projectIamAdmin on this project, limited by a condition to the roles that it hands out.',
        }),
      );
    },
    close: async () => undefined,
  };
}
