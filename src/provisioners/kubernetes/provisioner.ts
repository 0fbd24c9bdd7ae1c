import { z } from 'zod';
import type { Instant } from '../../domain/terms.ts';
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
import { type Binding, type Cluster, connectCluster } from './cluster.ts';

const template = z.string().regex(/\{[a-z_]+\}/, 'expected a template such as "{email}"');

const targetSchema = z
  .strictObject({
    kind: z.literal('kubernetes'),
    /** Left out: the bot runs in the cluster, and uses its service account. */
    kubeconfig: z.string().min(1).optional(),
    context: z.string().min(1).optional(),
    /** What the person is called in the cluster; or the group that they alone are in. */
    user: template.optional(),
    group: template.optional(),
  })
  .refine(({ user, group }) => user === undefined || group === undefined, 'expected either user or group');

const objectName = z.string().regex(/^[a-z0-9]([-a-z0-9.:]*[a-z0-9])?$/, 'expected the name of a Kubernetes object');

const roleSchema = z
  .strictObject({
    cluster_role: objectName.optional(),
    role: objectName.optional(),
    /** Left out: the whole cluster. */
    namespaces: z.array(objectName).min(1).optional(),
  })
  .refine(
    ({ cluster_role, role }) => (cluster_role === undefined) !== (role === undefined),
    'expected either cluster_role or role',
  )
  .refine(({ role, namespaces }) => role === undefined || namespaces !== undefined, {
    message: 'a role belongs to a namespace: say which under namespaces',
    path: ['namespaces'],
  });

type Target = z.infer<typeof targetSchema>;
type Role = z.infer<typeof roleSchema>;

const MANAGED = { 'app.kubernetes.io/managed-by': 'jitbot' };
const GRANT = 'jitbot.io/grant';
const ROLE = 'jitbot.io/role';
const REQUEST = 'jitbot.io/request';
const EXPIRES = 'jitbot.io/expires-at';

const DEFAULT_USER = '{email}';
const nameTemplate = ({ user, group }: Target): string => user ?? group ?? DEFAULT_USER;

/** Role bindings, one for each grant and namespace, labelled with the grant. */
export const kubernetes: Provisioner<Target, Role> = {
  kind: 'kubernetes',
  targetSchema,
  roleSchema,
  packages: ['@kubernetes/client-node'],
  accountTemplate: nameTemplate,
  placeOf: ({ kubeconfig, context, group }) =>
    placeText(kubeconfig ?? 'in the cluster', context, group === undefined ? 'users' : 'groups'),
  connect,
};

function connect(target: Target, { accountOf }: Use): Connection<Role> {
  let opened: Promise<Cluster> | null = null;
  const cluster = (): Promise<Cluster> => {
    opened ??= connectCluster({ kubeconfig: target.kubeconfig ?? null, context: target.context ?? null });
    return opened;
  };
  const subjectKind = target.group === undefined ? 'User' : 'Group';

  /** Whether there is what was made for a grant: something else of that name is not the bot's to touch. */
  async function made(grantId: string, namespace: string | null): Promise<boolean> {
    const found = await (await cluster()).read(bindingName(grantId), namespace);
    return found?.metadata?.labels?.[GRANT] === grantId;
  }

  async function grantIn(
    one: Access<Role>,
    expiresAt: Instant,
    account: string,
    namespace: string | null,
  ): Promise<void> {
    const { create, read, replace } = await cluster();
    const name = bindingName(one.grantId);
    const wanted: Binding = {
      metadata: {
        name,
        labels: { ...MANAGED, [GRANT]: one.grantId },
        annotations: {
          [ROLE]: one.roleKey,
          [REQUEST]: one.requestId,
          [EXPIRES]: new Date(expiresAt).toISOString(),
        },
      },
      roleRef: refOf(one.role),
      subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: subjectKind, name: account }],
    };
    if (await create(wanted, namespace)) return;
    const found = await read(name, namespace);
    if (!found) throw new Error(`the role binding ${name} went away while it was made`);
    if (found.metadata?.labels?.[GRANT] !== one.grantId)
      throw new TargetRefusal(`there is a role binding ${name} that is not the bot's`);
    // A later end, of an extension. What is bound to whom is as it was.
    const annotations = { ...found.metadata.annotations, ...wanted.metadata?.annotations };
    await replace({ ...found, metadata: { ...found.metadata, annotations } }, namespace);
  }

  return {
    grant: async (one, expiresAt) => {
      const account = accountOf(nameTemplate(target), one.person);
      for (const namespace of placesOf(one.role)) await grantIn(one, expiresAt, account, namespace);
      return { account };
    },
    revoke: async ({ grantId, role }) => {
      const { remove } = await cluster();
      for (const namespace of placesOf(role))
        if (await made(grantId, namespace)) await remove(bindingName(grantId), namespace);
    },
    isActive: async ({ grantId, role }) => {
      const found = await Promise.all(placesOf(role).map((namespace) => made(grantId, namespace)));
      return found.some(Boolean);
    },
    // Every request is checked; what is open (exec, port-forward, logs that are followed) goes on.
    afterlife: null,
    list: async (roles) => {
      const { list } = await cluster();
      const bindings = new Map<string | null, readonly Binding[]>();
      for (const place of new Set(roles.flatMap(({ role }) => placesOf(role)))) bindings.set(place, await list(place));
      return roles.flatMap((role) => holdersOf(role, bindings, subjectKind));
    },
    remove: async (holding, role) => {
      if (role === null) throw new TargetRefusal(`${holding.role} is no longer in the policy file`);
      const { list, read, remove, replace } = await cluster();
      for (const namespace of placesOf(role)) {
        if (holding.grantId !== null) await remove(bindingName(holding.grantId), namespace);
        else
          for (const { metadata } of standingOf(await list(namespace), role)) {
            const binding = metadata?.name ? await read(metadata.name, namespace) : null;
            if (!binding) continue;
            const subjects = (binding.subjects ?? []).filter(
              ({ kind, name }) => kind !== subjectKind || name !== holding.account,
            );
            if (subjects.length === binding.subjects?.length) continue;
            if (subjects.length > 0) await replace({ ...binding, subjects }, namespace);
            else await remove(binding.metadata?.name ?? '', namespace);
          }
      }
    },
    check: async (roles) => check(await cluster(), roles),
    close: async () => undefined,
  };
}

function holdersOf(
  { roleKey, role }: ListedRole<Role>,
  bindings: ReadonlyMap<string | null, readonly Binding[]>,
  subjectKind: string,
): Holding[] {
  const places = placesOf(role);
  const subjectsOf = (binding: Binding) => (binding.subjects ?? []).filter(({ kind }) => kind === subjectKind);
  const made = places.flatMap((place) =>
    (bindings.get(place) ?? [])
      .filter(({ metadata }) => metadata?.labels?.[GRANT] && metadata.annotations?.[ROLE] === roleKey)
      .flatMap((binding) =>
        subjectsOf(binding).map(({ name }) => ({ account: name, grantId: binding.metadata?.labels?.[GRANT] ?? null })),
      ),
  );
  const standing = places.map(
    (place) =>
      new Set(standingOf(bindings.get(place) ?? [], role).flatMap((one) => subjectsOf(one).map(({ name }) => name))),
  );
  return holdingsOf(roleKey, made, standing);
}

/** Bindings to what a role gives that the bot did not make. */
const standingOf = (bindings: readonly Binding[], role: Role): Binding[] => {
  const wanted = refOf(role);
  return bindings.filter(
    ({ metadata, roleRef }) =>
      metadata?.labels?.[GRANT] === undefined && roleRef.kind === wanted.kind && roleRef.name === wanted.name,
  );
};

/** Where there is to be a binding; null: for the whole cluster. */
const placesOf = ({ namespaces }: Role): readonly (string | null)[] => namespaces ?? [null];
const refOf = ({ cluster_role, role }: Role) => ({
  apiGroup: 'rbac.authorization.k8s.io',
  kind: cluster_role === undefined ? 'Role' : 'ClusterRole',
  name: cluster_role ?? role ?? '',
});
/** `jit-g7k2m9q4tz1` */
const bindingName = (grantId: string): string => `jit-${grantId.toLowerCase()}`;

/** Who may not do a thing may not bind others to it either, unless they have the verb bind. */
async function check({ may }: Cluster, roles: readonly ListedRole<Role>[]): Promise<Finding[]> {
  const findings = new Map<string, Finding>();
  const add = async (what: string, question: Parameters<Cluster['may']>[0]) => {
    const where = question.namespace === null ? 'in the cluster' : `in ${question.namespace}`;
    const shown = `the bot may ${what} ${where}`;
    if (!findings.has(shown))
      findings.set(shown, {
        ok: await may(question),
        what: shown,
        fix: `Allow the verb ${question.verb} on ${question.resource}${question.name ? ` with the name ${question.name}` : ''} ${where}.`,
      });
  };
  for (const { role } of roles) {
    for (const namespace of placesOf(role)) {
      const resource = namespace === null ? 'clusterrolebindings' : 'rolebindings';
      for (const verb of ['create', 'get', 'list', 'update', 'delete'])
        await add(`${verb} ${resource}`, { verb, resource, namespace });
      const { kind, name } = refOf(role);
      const bound = kind === 'Role' ? 'roles' : 'clusterroles';
      await add(`bind people to ${kind} ${name}`, { verb: 'bind', resource: bound, name, namespace });
    }
  }
  return [...findings.values()];
}
