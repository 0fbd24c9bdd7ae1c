/** Finds bindings that were added during a grant: its role may have let the holder bind others, or themselves again. */

import type { RbacV1Subject } from '@kubernetes/client-node';
import type { Residue } from '../../domain/grant.ts';
import { KUBERNETES_LEFT } from '../../wording/targets/kubernetes.ts';
import { bindsTo, grantOf, placeName, type Role } from './bindings.ts';
import type { Binding, Cluster } from './cluster.ts';

interface Live {
  readonly role: Role;
  /** null for the whole cluster. */
  readonly namespace: string | null;
  /** When the grant's binding was made, by the cluster's clock, in ms. */
  readonly since: number;
  /** Uids of earlier bindings of the person to the role, or undefined if they were not recorded. */
  readonly stood: ReadonlySet<string> | undefined;
  /** Whether a subject is the grant's person. */
  readonly isPerson: (subject: RbacV1Subject) => boolean;
  /** Whether the bot knows a grant of this id, and the recorded uid of its binding there. */
  readonly grantWith: (grantId: string) => Promise<{ readonly uid: string | undefined } | null>;
}

/**
 * Bindings made or changed during the grant that belong to no grant. Those that give the person the same access are
 * removed.
 */
export async function clearBeside(cluster: Cluster, live: Live): Promise<Residue[]> {
  const { namespace, since, stood, grantWith } = live;
  const isSince = (at: Date | string | undefined) => at !== undefined && new Date(at).getTime() >= since;
  const found: Residue[] = [];
  for (const binding of await cluster.list(namespace)) {
    const { creationTimestamp, managedFields, uid } = binding.metadata ?? {};
    const isMade = isSince(creationTimestamp);
    const isBound = bindsTo(binding, live.role) && binding.subjects?.some(live.isPerson) === true;
    // What was changed last, and when, can be taken off; whom it bound before is written down.
    const isNew = isBound && stood !== undefined && !stood.has(uid ?? '');
    if (!isMade && !isNew && !managedFields?.some(({ time }) => isSince(time))) continue;
    const grantId = grantOf(binding);
    const grant = grantId === null ? null : await grantWith(grantId);
    if (grant && grant.uid === uid) continue;
    // A binding with a grant's name and label may be one that the bot is creating.
    const isAgain = isBound && (stood === undefined ? isMade : isNew) && !grant;
    if (isAgain) await takeOut(cluster, binding, live);
    const left = KUBERNETES_LEFT.left;
    const done = isAgain ? KUBERNETES_LEFT.takenOut : left;
    found.push({ what: textOf(binding, namespace, isMade), done });
  }
  return found;
}

/** First what gives access; then the rest, if nobody else is bound. Whoever else writes it meanwhile does not matter. */
async function takeOut(cluster: Cluster, binding: Binding, { namespace, isPerson }: Live): Promise<void> {
  const { resourceVersion: _, ...metadata } = binding.metadata ?? {};
  const subjects = (binding.subjects ?? []).filter((subject) => !isPerson(subject));
  await cluster.replace({ ...binding, metadata, subjects }, namespace);
  if (subjects.length === 0) await cluster.remove(metadata.name ?? '', namespace, metadata.uid);
}

const textOf = ({ metadata, roleRef, subjects = [] }: Binding, place: string | null, isMade: boolean): string =>
  KUBERNETES_LEFT.binding({
    name: `${metadata?.name} ${placeName(place)}`,
    people: subjects.map(subjectText).join(', ') || KUBERNETES_LEFT.nobody,
    role: `${roleRef.kind} ${roleRef.name}`,
    isMade,
  });

const subjectText = ({ kind, name, namespace }: RbacV1Subject): string =>
  `${kind} ${namespace ? `${namespace}/` : ''}${name}`;
