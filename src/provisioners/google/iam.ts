import type { cloudresourcemanager_v3 } from '@googleapis/cloudresourcemanager';
import { z } from 'zod';
import type { Instant } from '../../domain/terms.ts';
import { keyedLock } from '../../lifecycle/keyedLock.ts';
import type { Finding, Holding } from '../../ports.ts';
import { holdingsOf } from '../labelled.ts';
import { placeText } from '../place.ts';
import {
  type Access,
  type Connection,
  type ListedRole,
  type Provisioner,
  TargetRefusal,
  type Use,
} from '../provisioner.ts';
import { askGoogle, authOptions, clientOptions, statusOf } from './client.ts';

const targetSchema = z.strictObject({
  kind: z.literal('google_iam'),
  project: z.string().regex(/^[a-z][a-z0-9-]{4,28}[a-z0-9]$/, 'expected the id of a project'),
  credentials: z.string().min(1).optional(),
  account: z
    .string()
    .regex(/\{[a-z_]+\}/, 'expected a template such as "{email}"')
    .default('{email}'),
  endpoint: z.url({ protocol: /^https?$/ }).optional(),
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
type Policy = cloudresourcemanager_v3.Schema$Policy;
type Binding = cloudresourcemanager_v3.Schema$Binding;

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

function connect(target: Target, { accountOf }: Use): Connection<Role> {
  const resource = `projects/${target.project}`;
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

  async function read(): Promise<Policy> {
    const api = await projects();
    const requestBody = { options: { requestedPolicyVersion: POLICY_VERSION } };
    const policy = await askGoogle(() => api.getIamPolicy({ resource, requestBody }));
    if (!policy?.etag) throw new Error(`Google: the policy of ${resource} came without its etag`);
    return policy;
  }

  /** Reads, changes and writes; again from the start where somebody was faster. */
  const change = (edit: (bindings: readonly Binding[]) => Binding[] | null): Promise<void> =>
    lock(resource, async () => {
      const api = await projects();
      for (let tries = 1; ; tries += 1) {
        const policy = await read();
        const bindings = edit(policy.bindings ?? []);
        if (bindings === null) return;
        try {
          const requestBody = { policy: { ...policy, version: POLICY_VERSION, bindings } };
          await askGoogle(() => api.setIamPolicy({ resource, requestBody }));
          return;
        } catch (error) {
          if (statusOf(error) !== CONFLICT || tries >= TRIES) throw error;
        }
      }
    });

  const without = (bindings: readonly Binding[], grantId: string): Binding[] =>
    bindings.filter((binding) => grantOf(binding) !== grantId);

  const revoke = (grantId: string): Promise<void> =>
    change((bindings) => {
      const rest = without(bindings, grantId);
      return rest.length === bindings.length ? null : rest;
    });

  return {
    grant: async (one, expiresAt) => {
      const account = accountOf(target.account, one.person);
      const made = one.role.roles.map((role) => bindingFor(one, role, account, expiresAt));
      await change((bindings) => [...without(bindings, one.grantId), ...made]);
      return { account };
    },
    revoke: ({ grantId }) => revoke(grantId),
    isActive: async ({ grantId }) => ((await read()).bindings ?? []).some((binding) => grantOf(binding) === grantId),
    list: async (roles) => {
      const { bindings = [] } = await read();
      return roles.flatMap((role) => holdersOf(role, bindings ?? []));
    },
    remove: async (holding, role) => {
      if (holding.grantId !== null) return revoke(holding.grantId);
      if (role === null) throw new TargetRefusal(`${holding.role} is no longer in the policy file`);
      await change((bindings) =>
        bindings.flatMap((binding) => {
          if (grantOf(binding) !== null || !role.roles.includes(binding.role ?? '')) return [binding];
          const members = (binding.members ?? []).filter((member) => member !== `user:${holding.account}`);
          return members.length > 0 ? [{ ...binding, members }] : [];
        }),
      );
    },
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

function bindingFor(one: Access<Role>, role: string, account: string, expiresAt: Instant): Binding {
  const until = `request.time < timestamp("${new Date(expiresAt).toISOString()}")`;
  return {
    role,
    members: [`user:${account}`],
    condition: {
      title: `jitbot ${one.grantId}`,
      description: one.roleKey,
      expression: one.role.only === undefined ? until : `${until} && (${one.role.only})`,
    },
  };
}

/** The grant that a binding was made for; null: it is not the bot's. */
const grantOf = ({ condition }: Binding): string | null => /^jitbot (G\w+)$/.exec(condition?.title ?? '')?.[1] ?? null;

function holdersOf({ roleKey, role }: ListedRole<Role>, bindings: readonly Binding[]): Holding[] {
  const users = (binding: Binding) =>
    (binding.members ?? []).flatMap((member) => (member.startsWith('user:') ? [member.slice('user:'.length)] : []));
  const made = bindings
    .filter((binding) => grantOf(binding) !== null && binding.condition?.description === roleKey)
    .flatMap((binding) => users(binding).map((account) => ({ account, grantId: grantOf(binding) })));
  const standing = role.roles.map(
    (name) => new Set(bindings.filter((binding) => binding.role === name && grantOf(binding) === null).flatMap(users)),
  );
  return holdingsOf(roleKey, made, standing);
}
