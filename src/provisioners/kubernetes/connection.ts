import type { V1PolicyRule } from '@kubernetes/client-node';
import { KUBERNETES } from '../../wording/targets/kubernetes.ts';
import { type Api, CONFLICT, connectApi, FORBIDDEN, NOT_FOUND, RBAC_GROUP } from './api.ts';
import type { Binding, Bindings, Cluster, Rights } from './cluster.ts';

const PAGE_SIZE = 500;

/** A cluster behind the official client. */
export async function connectCluster(options: Parameters<typeof connectApi>[0]): Promise<Cluster> {
  const api = await connectApi(options);
  return {
    where: api.where,
    identity: async () => {
      const kubeSystem = { name: 'kube-system' };
      const found = await api.ask((limits) => api.core.readNamespace(kubeSystem, limits), FORBIDDEN, NOT_FOUND);
      return found?.metadata?.uid ?? null;
    },
    ...bindingsOf(api),
    ...rightsOf(api),
  };
}

function bindingsOf(api: Api): Bindings {
  const { ask, rbac } = api;
  return {
    read: (name, namespace) =>
      ask<Binding>(
        (limits) =>
          namespace === null
            ? rbac.readClusterRoleBinding({ name }, limits)
            : rbac.readNamespacedRoleBinding({ name, namespace }, limits),
        NOT_FOUND,
      ),
    create: (binding, namespace) => {
      const body = typed(binding, namespace);
      return ask<Binding>(
        (limits) =>
          namespace === null
            ? rbac.createClusterRoleBinding({ body }, limits)
            : rbac.createNamespacedRoleBinding({ namespace, body }, limits),
        CONFLICT,
      );
    },
    replace: async (binding, namespace) => {
      const body = typed(binding, namespace);
      const name = binding.metadata?.name ?? '';
      await ask<Binding>((limits) =>
        namespace === null
          ? rbac.replaceClusterRoleBinding({ name, body }, limits)
          : rbac.replaceNamespacedRoleBinding({ name, namespace, body }, limits),
      );
    },
    remove: async (name, namespace, uid) => {
      const body = { apiVersion: 'v1', kind: 'DeleteOptions', ...(uid !== undefined && { preconditions: { uid } }) };
      await ask<unknown>(
        (limits) =>
          namespace === null
            ? rbac.deleteClusterRoleBinding({ name, body }, limits)
            : rbac.deleteNamespacedRoleBinding({ name, namespace, body }, limits),
        NOT_FOUND,
        // Another one has the name by now.
        ...(uid === undefined ? [] : [CONFLICT]),
      );
    },
    list: (namespace) => listBindings(api, namespace),
  };
}

async function listBindings({ ask, rbac, where }: Api, namespace: string | null): Promise<Binding[]> {
  const found: Binding[] = [];
  let next: string | undefined;
  do {
    const page = { limit: PAGE_SIZE, ...(next && { _continue: next }) };
    const answer = await ask<{ items: Binding[]; metadata?: { _continue?: string } }>((limits) =>
      namespace === null
        ? rbac.listClusterRoleBinding(page, limits)
        : rbac.listNamespacedRoleBinding({ ...page, namespace }, limits),
    );
    // An answer without them is not an empty one.
    if (!Array.isArray(answer?.items)) throw new Error(KUBERNETES.noItems(where));
    found.push(...answer.items);
    next = answer?.metadata?._continue;
  } while (next);
  return found;
}

const rightsOf = ({ ask, rbac, authorization }: Api): Rights => ({
  rulesOf: async ({ kind, name }, namespace) => {
    const found = await ask<{ rules?: V1PolicyRule[] }>(
      (limits) =>
        kind === 'Role' && namespace !== null
          ? rbac.readNamespacedRole({ name, namespace }, limits)
          : rbac.readClusterRole({ name }, limits),
      FORBIDDEN,
    );
    return found && (found.rules ?? []);
  },
  mayThey: async (spec) => {
    const body = { apiVersion: 'authorization.k8s.io/v1', kind: 'SubjectAccessReview', spec };
    const answer = await ask(
      (limits) => authorization.createSubjectAccessReview({ body }, limits),
      FORBIDDEN,
      NOT_FOUND,
    );
    return answer?.status?.allowed ?? null;
  },
  may: async ({ verb, resource, name, namespace, group = RBAC_GROUP }) => {
    const resourceAttributes = {
      group,
      verb,
      resource,
      ...(name && { name }),
      ...(namespace !== null && { namespace }),
    };
    const body = {
      apiVersion: 'authorization.k8s.io/v1',
      kind: 'SelfSubjectAccessReview',
      spec: { resourceAttributes },
    };
    const answer = await ask((limits) => authorization.createSelfSubjectAccessReview({ body }, limits));
    return answer?.status?.allowed === true;
  },
});

const typed = (binding: Binding, namespace: string | null) => ({
  ...binding,
  apiVersion: `${RBAC_GROUP}/v1`,
  kind: namespace === null ? 'ClusterRoleBinding' : 'RoleBinding',
});
