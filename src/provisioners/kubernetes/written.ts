/** The records of a grant: its cluster, whom it bound, and the uid of each binding. */

import type { Log } from '../../ports/host.ts';
import type { IdBook } from '../../ports/targets.ts';
import { KUBERNETES } from '../../wording/targets/kubernetes.ts';
import type { Access } from '../provisioner.ts';
import { placeName, placesOf, type Role } from './bindings.ts';
import type { Binding, Cluster } from './cluster.ts';
import type { Mark } from './takeBack.ts';

const CLUSTER = 'cluster';
const ACCOUNT = 'account';
const SINCE = 'since';
const stoodThing = (namespace: string | null): string => `stood ${placeName(namespace)}`;
const bindingThing = (namespace: string | null): string => `binding ${placeName(namespace)}`;

export interface Written {
  readonly account: string | undefined;
  /** When the first binding was made, by the cluster's clock, in ms. */
  readonly since: number | undefined;
  /** The uid of the cluster's namespace kube-system. */
  readonly cluster: string | undefined;
  markIn(namespace: string | null): Mark;
  /**
   * The uids of the bindings that bound the person to the role before. undefined: an earlier version gave it and did not
   * write them down.
   */
  stoodIn(namespace: string | null): ReadonlySet<string> | undefined;
}

export function writtenBy(ids: IdBook, log: Log) {
  async function of(grantId: string): Promise<Written> {
    const known = await ids.of(grantId);
    const since = known.get(SINCE);
    return {
      account: known.get(ACCOUNT),
      since: since === undefined ? undefined : Date.parse(since),
      cluster: known.get(CLUSTER),
      markIn: (namespace) => ({ grantId, namespace, uid: known.get(bindingThing(namespace)) }),
      stoodIn: (namespace) => {
        const stood = known.get(stoodThing(namespace));
        return stood === undefined ? undefined : new Set(stood.split(' '));
      },
    };
  }

  /** Recorded before anything is made: the address may later lead to another cluster. */
  async function keepCluster(cluster: Cluster, grantId: string): Promise<void> {
    const identity = await cluster.identity();
    if (identity !== null) return ids.keep(grantId, CLUSTER, identity);
    log.warn(
      { cluster: cluster.where },
      'the bot may not see the namespace kube-system, so it cannot tell this cluster from another; jitbot doctor says what it needs',
    );
  }

  async function keepBinding(grantId: string, namespace: string | null, { metadata }: Binding): Promise<void> {
    if (metadata?.uid) await ids.keep(grantId, bindingThing(namespace), metadata.uid);
    const made = metadata?.creationTimestamp;
    if (made && !(await ids.of(grantId)).has(SINCE)) await ids.keep(grantId, SINCE, new Date(made).toISOString());
  }

  return {
    of,
    keepCluster,
    keepBinding,
    keepStood: (grantId: string, namespace: string | null, bindings: readonly Binding[]): Promise<void> =>
      ids.keep(grantId, stoodThing(namespace), bindings.flatMap(({ metadata }) => metadata?.uid ?? []).join(' ')),
    keepAccount: (grantId: string, account: string): Promise<void> => ids.keep(grantId, ACCOUNT, account),
  };
}

export const marksOf = ({ role }: Access<Role>, written: Written): Mark[] =>
  placesOf(role).map((namespace) => written.markIn(namespace));

/** @throws if this is not the cluster in which the grant was made */
export async function checkCluster(cluster: Cluster, { cluster: wanted }: Written): Promise<void> {
  if (wanted === undefined) return;
  const identity = await cluster.identity();
  if (identity === wanted) return;
  throw new Error(
    identity === null
      ? KUBERNETES.clusterUnknown(cluster.where)
      : KUBERNETES.otherCluster(cluster.where, wanted, identity),
  );
}
