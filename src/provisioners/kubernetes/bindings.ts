/** The format of the bot's role bindings, and who is bound by one. */

import type { RbacV1Subject } from '@kubernetes/client-node';
import { KUBERNETES } from '../../wording/targets/kubernetes.ts';
import type { Access } from '../provisioner.ts';
import type { Binding } from './cluster.ts';

/** What a role gives. */
export interface Role {
  readonly cluster_role?: string | undefined;
  readonly role?: string | undefined;
  readonly namespaces?: readonly string[] | undefined;
}

const GROUP = 'rbac.authorization.k8s.io';
const MANAGED = { 'app.kubernetes.io/managed-by': 'jitbot' };
const GRANT = 'jitbot.io/grant';
const ROLE = 'jitbot.io/role';
const REQUEST = 'jitbot.io/request';
const EXPIRES = 'jitbot.io/expires-at';

/** `jit-g7k2m9q4tz1` */
export const bindingName = (grantId: string): string => `jit-${grantId.toLowerCase()}`;
/** The namespaces of the bindings, or null for the whole cluster. */
export const placesOf = ({ namespaces }: Role): readonly (string | null)[] => namespaces ?? [null];
export const placeName = (namespace: string | null): string =>
  namespace === null ? KUBERNETES.wholeCluster : KUBERNETES.namespace(namespace);
export const refOf = ({ cluster_role, role }: Role) => ({
  apiGroup: GROUP,
  kind: cluster_role === undefined ? 'Role' : 'ClusterRole',
  name: cluster_role ?? role ?? '',
});

export const bindingFor = (one: Access<Role>, subject: { kind: string; name: string }, expiresAt: number): Binding => ({
  metadata: {
    name: bindingName(one.grantId),
    labels: { ...MANAGED, [GRANT]: one.grantId },
    annotations: {
      [ROLE]: one.roleKey,
      [REQUEST]: one.requestId,
      [EXPIRES]: new Date(expiresAt).toISOString(),
    },
  },
  roleRef: refOf(one.role),
  subjects: [{ apiGroup: GROUP, ...subject }],
});

export const isLabelled = ({ metadata }: Binding, grantId: string): boolean => metadata?.labels?.[GRANT] === grantId;

export const bindsTo = ({ roleRef }: Binding, role: Role): boolean => {
  const { kind, name } = refOf(role);
  return roleRef.kind === kind && roleRef.name === name;
};

/** The grant that the bot made a binding for, or null. Anyone can set the label, so the name has to match it too. */
export function grantOf({ metadata }: Binding): string | null {
  const grantId = metadata?.labels?.[GRANT];
  return grantId !== undefined && metadata?.name === bindingName(grantId) ? grantId : null;
}

/** Subjects that the bot did not bind: all of somebody else's binding, and those that were added to its own. */
export function strangersIn(binding: Binding, accounts: ReadonlyMap<string, string>): RbacV1Subject[] {
  const { subjects = [] } = binding;
  const grantId = grantOf(binding);
  if (grantId === null) return subjects;
  const account = accounts.get(grantId);
  return account === undefined ? [] : subjects.filter(({ name }) => name !== account);
}

export const roleSaidBy = ({ metadata }: Binding): string | undefined => metadata?.annotations?.[ROLE];
