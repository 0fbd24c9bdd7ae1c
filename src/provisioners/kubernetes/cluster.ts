/** Role bindings of one cluster, in one namespace or (null) for all of it, and who may do what there. */

import type {
  KubernetesObject,
  RbacV1Subject,
  V1PolicyRule,
  V1RoleRef,
  V1SubjectAccessReviewSpec,
} from '@kubernetes/client-node';

export interface Binding extends KubernetesObject {
  roleRef: V1RoleRef;
  subjects?: RbacV1Subject[];
}

export interface Cluster extends Bindings, Rights {
  /** What people call it, in errors. */
  readonly where: string;
  /** The uid of its namespace kube-system, which lives as long as the cluster. null: the bot may not see it. */
  identity(): Promise<string | null>;
}

export interface Bindings {
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
}

export interface Rights {
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
