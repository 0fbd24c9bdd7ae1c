/** Asks the cluster whether a binding really gives its access, because the existence of a binding does not prove it. */

import type { V1PolicyRule, V1SubjectAccessReviewSpec } from '@kubernetes/client-node';
import { SECOND } from '../../domain/terms.ts';
import { KUBERNETES } from '../../wording/targets/kubernetes.ts';
import { type Polling, poll } from '../polling.ts';
import { placeName, type Role, refOf } from './bindings.ts';
import type { Rights } from './cluster.ts';

interface Bound {
  readonly subject: { readonly kind: string; readonly name: string };
  readonly role: Role;
  readonly namespace: string | null;
}

/** The cluster's authorizer learns of a binding with a delay. */
const POLLING: Polling = { every: 200, until: 5 * SECOND };

/**
 * @returns false if the cluster does not tell the bot
 * @throws if the role does not exist, or the person is not allowed
 */
export async function readBack(
  cluster: Pick<Rights, 'rulesOf' | 'mayThey'>,
  { subject, role, namespace }: Bound,
  polling: Polling = POLLING,
): Promise<boolean> {
  const { kind, name } = refOf(role);
  const rules = await cluster.rulesOf({ kind, name }, namespace);
  const allowed = rules?.map((rule) => firstOf(rule, namespace)).find((one) => one !== null);
  if (!allowed) return false;
  const whom = subject.kind === 'Group' ? { groups: [subject.name] } : { user: subject.name };
  let answer: boolean | null = null;
  const problem = KUBERNETES.notAllowed(`${subject.kind} ${subject.name}`, `${kind} ${name}`, placeName(namespace));
  await poll(problem, polling, async () => {
    answer = await cluster.mayThey({ ...whom, ...allowed });
    return answer !== false;
  });
  return answer !== null;
}

/** One thing that a rule allows; null: it names none. */
function firstOf(
  { verbs, apiGroups, resources, resourceNames, nonResourceURLs }: V1PolicyRule,
  namespace: string | null,
): Pick<V1SubjectAccessReviewSpec, 'resourceAttributes' | 'nonResourceAttributes'> | null {
  const [verb] = verbs;
  if (verb === undefined) return null;
  const [path] = nonResourceURLs ?? [];
  // Rules about paths count where the whole cluster is meant.
  if (path !== undefined) return namespace === null ? { nonResourceAttributes: { verb, path } } : null;
  const [whole] = resources ?? [];
  const [group] = apiGroups ?? [];
  if (whole === undefined || group === undefined) return null;
  const [resource, subresource] = whole.split('/');
  const [name] = resourceNames ?? [];
  return {
    resourceAttributes: {
      verb,
      group,
      ...(resource !== undefined && { resource }),
      ...(subresource !== undefined && { subresource }),
      ...(name !== undefined && { name }),
      ...(namespace !== null && { namespace }),
    },
  };
}
