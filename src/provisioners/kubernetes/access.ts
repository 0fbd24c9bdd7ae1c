/** Gives and ends the access of one grant, in all its namespaces. */

import type { Residue } from '../../domain/grant.ts';
import type { Instant } from '../../domain/terms.ts';
import type { Log } from '../../ports/host.ts';
import type { Holding } from '../../ports/targets.ts';
import { attemptAll } from '../attemptAll.ts';
import type { Polling } from '../polling.ts';
import type { Access } from '../provisioner.ts';
import { clearBeside } from './beside.ts';
import { bindingFor, bindingName, bindsTo, isLabelled, placesOf } from './bindings.ts';
import type { Binding, Cluster } from './cluster.ts';
import { give } from './give.ts';
import type { listingOf } from './listing.ts';
import { readBack } from './readBack.ts';
import type { Role } from './schemas.ts';
import { find, type Mark, removeByUid, takeBack } from './takeBack.ts';
import { checkCluster, marksOf, type Written, type writtenBy } from './written.ts';

/** A cluster, the names of people there, and its records of grants. */
export interface Site {
  readonly cluster: Cluster;
  readonly subjectKind: 'User' | 'Group';
  readonly nameOf: (one: Access<Role>) => string;
  readonly book: ReturnType<typeof writtenBy>;
  readonly listing: ReturnType<typeof listingOf>;
  readonly log: Log;
  readonly polling: Polling | undefined;
}

export async function grant(site: Site, one: Access<Role>, expiresAt: Instant): Promise<{ account: string }> {
  const { cluster, subjectKind, book, log, polling } = site;
  const written = await book.of(one.grantId);
  await checkCluster(cluster, written);
  const account = written.account ?? site.nameOf(one);
  await book.keepAccount(one.grantId, account);
  if (written.cluster === undefined) await book.keepCluster(cluster, one.grantId);
  const subject = { kind: subjectKind, name: account };
  const wanted = bindingFor(one, subject, expiresAt);
  for (const mark of marksOf(one, written)) {
    const { namespace } = mark;
    await keepStood(site, one, mark, account);
    await book.keepBinding(one.grantId, namespace, await give(cluster, one, wanted, mark));
    const read = { subject, role: one.role, namespace };
    if (!(await readBack(cluster, read, polling)))
      log.warn({ grantId: one.grantId, ...read }, 'the cluster does not tell whether what was bound may be used');
  }
  return { account };
}

/** Recorded before anything is bound: later bindings of the person to the role came with the grant. */
async function keepStood(
  { cluster, subjectKind, book }: Site,
  { grantId, role }: Access<Role>,
  { uid, namespace }: Mark,
  account: string,
): Promise<void> {
  if (uid !== undefined || (await book.of(grantId)).stoodIn(namespace)) return;
  const all = await cluster.list(namespace);
  const isTheirs = (binding: Binding) =>
    bindsTo(binding, role) &&
    binding.subjects?.some(({ kind, name }) => kind === subjectKind && name === account) === true;
  await book.keepStood(grantId, namespace, all.filter(isTheirs));
}

export async function revoke(site: Site, one: Access<Role>): Promise<{ left: readonly Residue[] }> {
  const { cluster, book } = site;
  const written = await book.of(one.grantId);
  const marks = marksOf(one, written);
  const left: Residue[] = [];
  await attemptAll(
    [
      () => attemptAll(marks, (mark) => removeByUid(cluster, mark)),
      // A binding known only by name and label is removed only in the cluster in which it was made.
      async () => {
        await checkCluster(cluster, written);
        await attemptAll(marks, async (mark) => void left.push(...(await takeBack(cluster, mark))));
      },
      // A replaced binding in one namespace must not keep the bindings in others.
      async () => {
        await checkCluster(cluster, written);
        await attemptAll(
          placesOf(one.role),
          async (place) => void left.push(...(await beside(site, written, one, place))),
        );
      },
    ],
    (step) => step(),
  );
  return { left };
}

async function beside(
  { cluster, subjectKind, book }: Site,
  written: Written,
  { role }: Access<Role>,
  namespace: string | null,
): Promise<Residue[]> {
  const { since, account } = written;
  if (since === undefined) return [];
  return clearBeside(cluster, {
    role,
    namespace,
    since,
    stood: written.stoodIn(namespace),
    isPerson: ({ kind, name }) => kind === subjectKind && name === account,
    grantWith: async (grantId) => {
      const other = await book.of(grantId);
      return other.account === undefined ? null : other.markIn(namespace);
    },
  });
}

export async function isActive({ cluster, book }: Site, one: Access<Role>): Promise<boolean> {
  const written = await book.of(one.grantId);
  const found = await Promise.all(marksOf(one, written).map((mark) => find(cluster, mark)));
  if (found.some((binding) => binding !== null)) return true;
  await checkCluster(cluster, written);
  return false;
}

export async function remove(
  { cluster, book, listing }: Site,
  { grantId, account }: Holding,
  role: Role,
): Promise<void> {
  const written = grantId === null ? null : await book.of(grantId);
  await attemptAll(placesOf(role), async (namespace) => {
    if (written) await takeBack(cluster, written.markIn(namespace));
    else await listing.removeStanding(cluster, { account, role, namespace });
  });
}

/** Records what an earlier version gave without a record. */
export async function stamp({ cluster, book, nameOf }: Site, one: Access<Role>): Promise<void> {
  const written = await book.of(one.grantId);
  if (written.cluster === undefined) await book.keepCluster(cluster, one.grantId);
  if (written.account === undefined) await book.keepAccount(one.grantId, nameOf(one));
  for (const { namespace, uid } of marksOf(one, written)) {
    if (uid !== undefined) continue;
    const found = await cluster.read(bindingName(one.grantId), namespace);
    if (found && isLabelled(found, one.grantId)) await book.keepBinding(one.grantId, namespace, found);
  }
}
