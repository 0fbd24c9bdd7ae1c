import { once } from '../../concurrency/once.ts';
import { TARGETS } from '../../wording/targets/shared.ts';
import { placeText } from '../place.ts';
import { type Connection, type Provisioner, TargetRefusal, type Use } from '../provisioner.ts';
import { grant, isActive, remove, revoke, type Site, stamp } from './access.ts';
import { byHand } from './byHand.ts';
import { check } from './check.ts';
import type { Cluster } from './cluster.ts';
import { connectCluster } from './connection.ts';
import { listingOf } from './listing.ts';
import { nameTemplate, type Role, roleSchema, type Target, targetSchema } from './schemas.ts';
import { writtenBy } from './written.ts';

/** Role bindings, one for each grant and namespace, labelled with the grant. */
export const kubernetes: Provisioner<Target, Role> = {
  kind: 'kubernetes',
  targetSchema,
  roleSchema,
  packages: ['@kubernetes/client-node'],
  accountTemplate: nameTemplate,
  placeOf: ({ kubeconfig, context, group }) =>
    placeText(kubeconfig ?? 'in the cluster', context, group === undefined ? 'users' : 'groups'),
  byHand,
  connect,
};

function connect(target: Target, use: Use): Connection<Role> {
  const open = opener(target);
  const subjectKind = target.group === undefined ? 'User' : 'Group';
  const book = writtenBy(use.ids, use.log);
  const listing = listingOf(subjectKind, async (grantId) => (await book.of(grantId)).account);
  const site = async (): Promise<Site> => ({
    cluster: await open(),
    subjectKind,
    // A cluster tells capitals apart, unlike everybody else.
    nameOf: ({ person }) =>
      use.accountOf(nameTemplate(target), { ...person, email: person.writtenEmail ?? person.email }),
    book,
    listing,
    log: use.log,
    polling: use.polling,
  });
  return {
    grant: async (one, expiresAt) => grant(await site(), one, expiresAt),
    revoke: async (one) => revoke(await site(), one),
    isActive: async (one) => isActive(await site(), one),
    // Every request is checked; what is open (exec, port-forward, logs that are followed) goes on.
    afterlife: null,
    list: async (roles) => listing.list(await open(), roles),
    remove: async (holding, role) => {
      if (role === null) throw new TargetRefusal(TARGETS.roleGone(holding.role));
      await remove(await site(), holding, role);
    },
    stamp: async (one) => stamp(await site(), one),
    check: async (roles) => check(await open(), roles),
    close: async () => undefined,
  };
}

/** A kubeconfig that cannot be read now may be there again at the next try. */
const opener = ({ kubeconfig, context }: Target): (() => Promise<Cluster>) =>
  once(() => connectCluster({ kubeconfig: kubeconfig ?? null, context: context ?? null })).get;
