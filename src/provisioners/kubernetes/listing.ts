/** Who holds the policy's roles in a cluster: by grants, and by what others made. */

import type { Holding } from '../../ports/targets.ts';
import { holdingsOf } from '../labelledHoldings.ts';
import type { ListedRole } from '../provisioner.ts';
import { bindsTo, grantOf, placesOf, type Role, roleSaidBy, strangersIn } from './bindings.ts';
import type { Binding, Cluster } from './cluster.ts';

/** Whom the bot bound by each grant that has a binding there. */
async function accountsIn(
  bindings: readonly Binding[],
  accountOf: (grantId: string) => Promise<string | undefined>,
): Promise<ReadonlyMap<string, string>> {
  const grants = [...new Set(bindings.flatMap((binding) => grantOf(binding) ?? []))];
  const accounts = await Promise.all(grants.map(async (grantId) => [grantId, await accountOf(grantId)] as const));
  return new Map(
    accounts.flatMap(([grantId, account]) => (account === undefined ? [] : [[grantId, account] as const])),
  );
}

export function listingOf(subjectKind: string, accountOf: (grantId: string) => Promise<string | undefined>) {
  async function list(cluster: Cluster, roles: readonly ListedRole<Role>[]): Promise<Holding[]> {
    const bindings = new Map<string | null, readonly Binding[]>();
    for (const place of new Set(roles.flatMap(({ role }) => placesOf(role))))
      bindings.set(place, await cluster.list(place));
    const accounts = await accountsIn([...bindings.values()].flat(), accountOf);
    const roleKeys = new Set(roles.map(({ roleKey }) => roleKey));
    return roles.flatMap((role) => holdersOf(role, { bindings, subjectKind, accounts, roleKeys }));
  }

  /** Takes somebody out of every binding to what a role gives that the bot did not make for them. */
  async function removeStanding(
    cluster: Cluster,
    { account, role, namespace }: { account: string; role: Role; namespace: string | null },
  ): Promise<void> {
    const bindings = (await cluster.list(namespace)).filter((binding) => bindsTo(binding, role));
    const accounts = await accountsIn(bindings, accountOf);
    const isTaken = ({ kind, name }: { kind: string; name: string }) => kind === subjectKind && name === account;
    for (const binding of bindings) {
      if (!strangersIn(binding, accounts).some(isTaken)) continue;
      const subjects = (binding.subjects ?? []).filter((subject) => !isTaken(subject));
      if (subjects.length > 0) await cluster.replace({ ...binding, subjects }, namespace);
      else await cluster.remove(binding.metadata?.name ?? '', namespace, binding.metadata?.uid);
    }
  }

  return { list, removeStanding };
}

interface Listing {
  readonly bindings: ReadonlyMap<string | null, readonly Binding[]>;
  readonly subjectKind: string;
  /** Whom the bot bound, by grant. */
  readonly accounts: ReadonlyMap<string, string>;
  /** Every role that is asked about. */
  readonly roleKeys: ReadonlySet<string>;
}

function holdersOf(
  { roleKey, role }: ListedRole<Role>,
  { bindings, subjectKind, accounts, roleKeys }: Listing,
): Holding[] {
  const namesIn = (subjects: Binding['subjects'] = []) =>
    subjects.flatMap(({ kind, name }) => (kind === subjectKind ? [name] : []));
  /** What a binding says of its role can be rewritten by whoever may write it; what it gives cannot. */
  const isOfRole = (binding: Binding) => {
    const said = roleSaidBy(binding);
    return said !== undefined && roleKeys.has(said) ? said === roleKey : bindsTo(binding, role);
  };
  const all = placesOf(role).map((place) => bindings.get(place) ?? []);
  const made = all.flat().flatMap((binding) => {
    const grantId = grantOf(binding);
    if (grantId === null || !isOfRole(binding)) return [];
    const strangers = namesIn(strangersIn(binding, accounts));
    return namesIn(binding.subjects).map((account) => ({
      account,
      grantId: strangers.includes(account) ? null : grantId,
    }));
  });
  const standing = all.map(
    (here) =>
      new Set(
        here
          .filter((binding) => grantOf(binding) === null && bindsTo(binding, role))
          .flatMap(({ subjects }) => namesIn(subjects)),
      ),
  );
  return holdingsOf(roleKey, made, standing);
}
