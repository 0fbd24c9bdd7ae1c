/** Finds and removes what a grant made, even if its holder changed it. */

import type { Residue } from '../../domain/grant.ts';
import { KUBERNETES, KUBERNETES_LEFT } from '../../wording/targets/kubernetes.ts';
import { bindingName, isLabelled, placeName } from './bindings.ts';
import type { Binding, Cluster } from './cluster.ts';

/** How a grant's binding is recognized in one place. */
export interface Mark {
  readonly grantId: string;
  /** null: the whole cluster. */
  readonly namespace: string | null;
  /** undefined if it was not recorded. */
  readonly uid: string | undefined;
}

/**
 * The binding of a grant, or what stands under its name.
 * @throws where that is not the one that the bot made, and does not carry its mark
 */
async function look({ read }: Cluster, mark: Mark): Promise<Binding | null> {
  const found = await read(bindingName(mark.grantId), mark.namespace);
  return found && owned(found, mark);
}

/** The same; and that it is not there is only said after the place itself has shown everything in it. */
export async function find(cluster: Cluster, mark: Mark): Promise<Binding | null> {
  const found = await look(cluster, mark);
  if (found) return found;
  const name = bindingName(mark.grantId);
  const all = await cluster.list(mark.namespace);
  if (all.some(({ metadata }) => metadata?.name === name || isSame(metadata, mark)))
    throw new Error(KUBERNETES.listedOnly(name, placeName(mark.namespace)));
  return null;
}

const isSame = (metadata: Binding['metadata'], { uid }: Mark): boolean => uid !== undefined && metadata?.uid === uid;

/** The bot's own one may have lost its label to its holder; one that was put in its place may not be the bot's. */
function owned(found: Binding, mark: Mark): Binding {
  if (isSame(found.metadata, mark) || isLabelled(found, mark.grantId)) return found;
  const { name, uid, creationTimestamp } = found.metadata ?? {};
  const madeAt = creationTimestamp ? new Date(creationTimestamp) : null;
  throw new Error(KUBERNETES.stranger(`${name} ${placeName(mark.namespace)}`, uid ?? 'unknown', madeAt));
}

/** Nothing comes before that: by its uid it cannot be anything else, in whichever cluster, and a read may fail. */
export const removeByUid = async ({ remove }: Cluster, { grantId, namespace, uid }: Mark): Promise<void> => {
  if (uid !== undefined) await remove(bindingName(grantId), namespace, uid);
};

/** Takes away whatever is left of it. @returns what was found to have been done to it */
export async function takeBack(cluster: Cluster, mark: Mark): Promise<Residue[]> {
  const name = bindingName(mark.grantId);
  const found = await look(cluster, mark);
  if (!found) return [];
  const { uid } = found.metadata ?? {};
  await cluster.remove(name, mark.namespace, uid);
  const residue = mark.uid === undefined || uid === mark.uid ? [] : [replaced(name, mark)];
  const kept = await cluster.read(name, mark.namespace);
  const isKept = kept !== null && uid !== undefined && kept.metadata?.uid === uid;
  return isKept ? [...residue, await free(cluster, kept, mark)] : residue;
}

/** A finalizer keeps it, and it goes on giving access until that is off, whoever else writes it meanwhile. */
async function free(cluster: Cluster, { metadata = {}, ...binding }: Binding, { namespace }: Mark): Promise<Residue> {
  const { resourceVersion: _, finalizers = [], ...rest } = metadata;
  await cluster.replace({ ...binding, metadata: { ...rest, finalizers: [] } }, namespace);
  const where = `${metadata.name} ${placeName(namespace)}`;
  return {
    what: KUBERNETES_LEFT.finalizers(where, finalizers.join(', ')),
    done: KUBERNETES_LEFT.finalizersOff,
  };
}

const replaced = (name: string, { namespace }: Mark): Residue => ({
  what: KUBERNETES_LEFT.replaced(name, placeName(namespace)),
  done: 'deleted',
});
