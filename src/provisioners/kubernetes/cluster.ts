import type {
  KubernetesObject,
  RbacV1Subject,
  RequestContext,
  ResponseContext,
  V1PolicyRule,
  V1RoleRef,
  V1SubjectAccessReviewSpec,
} from '@kubernetes/client-node';
import { cut } from '../../domain/text.ts';
import { TARGET_DEADLINE } from '../provisioner.ts';

/** Role bindings of one cluster, in one namespace or (null) for all of it, behind the official client. */

export interface Binding extends KubernetesObject {
  roleRef: V1RoleRef;
  subjects?: RbacV1Subject[];
}

export interface Cluster {
  /** What people call it, in errors. */
  readonly where: string;
  /** The uid of its namespace kube-system, which lives as long as the cluster. null: the bot may not see it. */
  identity(): Promise<string | null>;
  /** null: there is none of that name. */
  read(name: string, namespace: string | null): Promise<Binding | null>;
  /** null: there is one of that name already. */
  create(binding: Binding, namespace: string | null): Promise<Binding | null>;
  /** The one with the uid that it carries, and of the version that it carries, where it carries them. */
  replace(binding: Binding, namespace: string | null): Promise<void>;
  /**
   * Only the one with that uid, where it is known. Already gone, and another one in its place, is success; a finalizer may
   * keep it nevertheless.
   */
  remove(name: string, namespace: string | null, uid: string | undefined): Promise<void>;
  list(namespace: string | null): Promise<readonly Binding[]>;
  /** Whether the bot's own credential may do something; asking changes nothing. */
  may(what: {
    verb: string;
    resource: string;
    name?: string;
    namespace: string | null;
    /** Left out: that of role bindings. */
    group?: string;
  }): Promise<boolean>;
  /** What a role allows. null: the bot may not see it. @throws where there is no such role */
  rulesOf(role: { kind: string; name: string }, namespace: string | null): Promise<readonly V1PolicyRule[] | null>;
  /** Whether the cluster lets somebody do something. null: it does not tell the bot. */
  mayThey(spec: V1SubjectAccessReviewSpec): Promise<boolean | null>;
}

const GROUP = 'rbac.authorization.k8s.io';
const PAGE_SIZE = 500;
const FORBIDDEN = 403;
const NOT_FOUND = 404;
const CONFLICT = 409;

/** The package is loaded with the first call: who uses no such target need not have it. */
export async function connectCluster({
  kubeconfig,
  context,
}: {
  kubeconfig: string | null;
  context: string | null;
}): Promise<Cluster> {
  const { ApiException, AuthorizationV1Api, CoreV1Api, KubeConfig, Observable, RbacAuthorizationV1Api } = await import(
    '@kubernetes/client-node'
  );
  const config = new KubeConfig();
  if (kubeconfig === null) config.loadFromCluster();
  else config.loadFromFile(kubeconfig);
  if (context !== null) config.setCurrentContext(context);
  const rbac = config.makeApiClient(RbacAuthorizationV1Api);
  const core = config.makeApiClient(CoreV1Api);
  const authorization = config.makeApiClient(AuthorizationV1Api);
  const where = config.getCurrentCluster()?.server ?? 'the cluster';

  /** Each call has an end of its own; the official client has none. */
  const limited = () => ({
    middleware: [
      {
        pre: (request: RequestContext) => {
          request.setSignal(AbortSignal.timeout(TARGET_DEADLINE));
          return new Observable(Promise.resolve(request));
        },
        post: (response: ResponseContext) => new Observable(Promise.resolve(response)),
      },
    ],
    middlewareMergeStrategy: 'append' as const,
  });

  /** @throws with the cluster's own word; `expected` codes are answers */
  async function ask<T>(call: () => Promise<T>, ...expected: readonly number[]): Promise<T | null> {
    try {
      return await call();
    } catch (error) {
      if (error instanceof ApiException && expected.includes(error.code)) return null;
      const said = error instanceof ApiException ? `${error.code}: ${messageOf(error.body)}` : String(error);
      throw new Error(`Kubernetes at ${where} answered ${said}`, { cause: error });
    }
  }

  const typed = (binding: Binding, namespace: string | null) => ({
    ...binding,
    apiVersion: `${GROUP}/v1`,
    kind: namespace === null ? 'ClusterRoleBinding' : 'RoleBinding',
  });

  return {
    where,
    identity: async () => {
      const found = await ask(() => core.readNamespace({ name: 'kube-system' }, limited()), FORBIDDEN, NOT_FOUND);
      return found?.metadata?.uid ?? null;
    },
    read: (name, namespace) =>
      ask<Binding>(
        () =>
          namespace === null
            ? rbac.readClusterRoleBinding({ name }, limited())
            : rbac.readNamespacedRoleBinding({ name, namespace }, limited()),
        NOT_FOUND,
      ),
    create: (binding, namespace) => {
      const body = typed(binding, namespace);
      return ask<Binding>(
        () =>
          namespace === null
            ? rbac.createClusterRoleBinding({ body }, limited())
            : rbac.createNamespacedRoleBinding({ namespace, body }, limited()),
        CONFLICT,
      );
    },
    replace: async (binding, namespace) => {
      const body = typed(binding, namespace);
      const name = binding.metadata?.name ?? '';
      await ask<Binding>(() =>
        namespace === null
          ? rbac.replaceClusterRoleBinding({ name, body }, limited())
          : rbac.replaceNamespacedRoleBinding({ name, namespace, body }, limited()),
      );
    },
    remove: async (name, namespace, uid) => {
      const body = { apiVersion: 'v1', kind: 'DeleteOptions', ...(uid !== undefined && { preconditions: { uid } }) };
      await ask<unknown>(
        () =>
          namespace === null
            ? rbac.deleteClusterRoleBinding({ name, body }, limited())
            : rbac.deleteNamespacedRoleBinding({ name, namespace, body }, limited()),
        NOT_FOUND,
        // Another one has the name by now.
        ...(uid === undefined ? [] : [CONFLICT]),
      );
    },
    list: async (namespace) => {
      const found: Binding[] = [];
      let next: string | undefined;
      do {
        const page = { limit: PAGE_SIZE, ...(next && { _continue: next }) };
        const answer = await ask<{ items: Binding[]; metadata?: { _continue?: string } }>(() =>
          namespace === null
            ? rbac.listClusterRoleBinding(page, limited())
            : rbac.listNamespacedRoleBinding({ ...page, namespace }, limited()),
        );
        // An answer without them is not an empty one.
        if (!Array.isArray(answer?.items)) throw new Error(`Kubernetes at ${where} answered a list without its items`);
        found.push(...answer.items);
        next = answer?.metadata?._continue;
      } while (next);
      return found;
    },
    rulesOf: async ({ kind, name }, namespace) => {
      const found = await ask<{ rules?: V1PolicyRule[] }>(
        () =>
          kind === 'Role' && namespace !== null
            ? rbac.readNamespacedRole({ name, namespace }, limited())
            : rbac.readClusterRole({ name }, limited()),
        FORBIDDEN,
      );
      return found && (found.rules ?? []);
    },
    mayThey: async (spec) => {
      const body = { apiVersion: 'authorization.k8s.io/v1', kind: 'SubjectAccessReview', spec };
      const answer = await ask(
        () => authorization.createSubjectAccessReview({ body }, limited()),
        FORBIDDEN,
        NOT_FOUND,
      );
      return answer?.status?.allowed ?? null;
    },
    may: async ({ verb, resource, name, namespace, group = GROUP }) => {
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
      const answer = await ask(() => authorization.createSelfSubjectAccessReview({ body }, limited()));
      return answer?.status?.allowed === true;
    },
  };
}

/** The cluster answers errors with a Status, which the client may leave as text. */
function messageOf(body: unknown): string {
  try {
    const status = typeof body === 'string' ? (JSON.parse(body) as unknown) : body;
    if (typeof status === 'object' && status !== null && 'message' in status) return String(status.message);
  } catch {
    // Not a Status: shown as it is.
  }
  return cut(String(body), 200);
}
