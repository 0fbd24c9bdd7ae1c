import { KUBERNETES } from '../../wording/targets/kubernetes.ts';
import { type Access, TargetRefusal } from '../provisioner.ts';
import { bindingName, bindsTo, isLabelled, placeName, type Role } from './bindings.ts';
import type { Binding, Cluster } from './cluster.ts';
import type { Mark } from './takeBack.ts';

/** Makes the binding of a grant in one place, or finds it made. @returns the binding as the cluster has it */
export async function give(cluster: Cluster, one: Access<Role>, wanted: Binding, mark: Mark): Promise<Binding> {
  const { namespace } = mark;
  const name = bindingName(one.grantId);
  const made = await cluster.create(wanted, namespace);
  if (made) return made;
  const found = await cluster.read(name, namespace);
  if (!found || found.metadata?.deletionTimestamp) throw new Error(KUBERNETES.disappeared(name, placeName(namespace)));
  const isMine = mark.uid === undefined ? isLabelled(found, one.grantId) : found.metadata?.uid === mark.uid;
  if (!isMine || !bindsTo(found, one.role)) throw new TargetRefusal(KUBERNETES.notOurs(name, placeName(namespace)));
  // A later end, of an extension. Whatever its holder did to it meanwhile is undone.
  const labels = { ...found.metadata?.labels, ...wanted.metadata?.labels };
  const annotations = { ...found.metadata?.annotations, ...wanted.metadata?.annotations };
  const metadata = { ...found.metadata, labels, annotations };
  await cluster.replace({ ...found, metadata, subjects: wanted.subjects ?? [] }, namespace);
  return found;
}
