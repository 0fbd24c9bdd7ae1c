import { z } from 'zod';
import type { Residue } from '../../domain/grant.ts';
import type { Instant } from '../../domain/terms.ts';
import type { Holding } from '../../ports.ts';
import { attemptAll } from '../attemptAll.ts';
import { placeText } from '../place.ts';
import { type Access, type Connection, type Provisioner, TargetRefusal, type Use } from '../provisioner.ts';
import { clearBeside } from './beside.ts';
import { bindingFor, bindingName, isLabelled, placesOf } from './bindings.ts';
import { check } from './check.ts';
import { type Cluster, connectCluster } from './cluster.ts';
import { give } from './give.ts';
import { listingOf } from './listing.ts';
import { readBack } from './readBack.ts';
import { find, removeByUid, takeBack } from './takeBack.ts';
import { checkCluster, marksOf, writtenBy } from './written.ts';

const template = z.string().regex(/\{[a-z_]+\}/, 'expected a template such as "{email}"');

const targetSchema = z
  .strictObject({
    kind: z.literal('kubernetes'),
    /** Left out: the bot runs in the cluster, and uses its service account. */
    kubeconfig: z.string().min(1).optional(),
    context: z.string().min(1).optional(),
    /** What the person is called in the cluster; or the group that they alone are in. */
    user: template.optional(),
    group: template.optional(),
  })
  .refine(({ user, group }) => user === undefined || group === undefined, 'expected either user or group');

const objectName = z.string().regex(/^[a-z0-9]([-a-z0-9.:]*[a-z0-9])?$/, 'expected the name of a Kubernetes object');

const roleSchema = z
  .strictObject({
    cluster_role: objectName.optional(),
    role: objectName.optional(),
    /** Left out: the whole cluster. */
    namespaces: z.array(objectName).min(1).optional(),
  })
  .refine(
    ({ cluster_role, role }) => (cluster_role === undefined) !== (role === undefined),
    'expected either cluster_role or role',
  )
  .refine(({ role, namespaces }) => role === undefined || namespaces !== undefined, {
    message: 'a role belongs to a namespace: say which under namespaces',
    path: ['namespaces'],
  });

type Target = z.infer<typeof targetSchema>;
type Role = z.infer<typeof roleSchema>;

const DEFAULT_USER = '{email}';
const nameTemplate = ({ user, group }: Target): string => user ?? group ?? DEFAULT_USER;

/** Role bindings, one for each grant and namespace, labelled with the grant. */
export const kubernetes: Provisioner<Target, Role> = {
  kind: 'kubernetes',
  targetSchema,
  roleSchema,
  packages: ['@kubernetes/client-node'],
  accountTemplate: nameTemplate,
  placeOf: ({ kubeconfig, context, group }) =>
    placeText(kubeconfig ?? 'in the cluster', context, group === undefined ? 'users' : 'groups'),
  connect,
};

function connect(target: Target, { accountOf, ids, log, polling }: Use): Connection<Role> {
  let opened: Promise<Cluster> | null = null;
  const open = (): Promise<Cluster> => {
    // A kubeconfig that cannot be read now may be there again at the next try.
    opened ??= connectCluster({ kubeconfig: target.kubeconfig ?? null, context: target.context ?? null }).catch(
      (error: unknown) => {
        opened = null;
        throw error;
      },
    );
    return opened;
  };
  const subjectKind = target.group === undefined ? 'User' : 'Group';
  // A cluster tells capitals apart, unlike everybody else.
  const nameOf = ({ person }: Access<Role>): string =>
    accountOf(nameTemplate(target), { ...person, email: person.writtenEmail ?? person.email });
  const writing = writtenBy(ids, log);
  const boundBy = async (grantId: string) => (await writing.of(grantId)).account;
  const { list, removeStanding } = listingOf(subjectKind, boundBy);

  async function grant(one: Access<Role>, expiresAt: Instant): Promise<{ account: string }> {
    const cluster = await open();
    const written = await writing.of(one.grantId);
    await checkCluster(cluster, written);
    const account = written.account ?? nameOf(one);
    await writing.keepAccount(one.grantId, account);
    if (written.cluster === undefined) await writing.keepCluster(cluster, one.grantId);
    const wanted = bindingFor(one, { kind: subjectKind, name: account }, expiresAt);
    for (const mark of marksOf(one, written)) {
      await writing.keepBinding(one.grantId, mark.namespace, await give(cluster, one, wanted, mark));
      const read = { subject: { kind: subjectKind, name: account }, role: one.role, namespace: mark.namespace };
      if (!(await readBack(cluster, read, polling)))
        log.warn({ grantId: one.grantId, ...read }, 'the cluster does not tell whether what was bound may be used');
    }
    return { account };
  }

  async function revoke(one: Access<Role>): Promise<{ left: readonly Residue[] }> {
    const cluster = await open();
    const written = await writing.of(one.grantId);
    const marks = marksOf(one, written);
    const left: Residue[] = [];
    await attemptAll(
      [
        () => attemptAll(marks, (mark) => removeByUid(cluster, mark)),
        // What is only known by its name and label is taken away where this is the cluster that it was made in.
        async () => {
          await checkCluster(cluster, written);
          await attemptAll(marks, async (mark) => void left.push(...(await takeBack(cluster, mark))));
        },
      ],
      (step) => step(),
    );
    const { since, account } = written;
    if (since === undefined) return { left };
    const isPerson = ({ kind, name }: { kind: string; name: string }) => kind === subjectKind && name === account;
    await attemptAll(placesOf(one.role), async (namespace) => {
      const grantWith = async (grantId: string) => {
        const other = await writing.of(grantId);
        return other.account === undefined ? null : other.markIn(namespace);
      };
      left.push(...(await clearBeside(cluster, { role: one.role, namespace, since, isPerson, grantWith })));
    });
    return { left };
  }

  async function isActive(one: Access<Role>): Promise<boolean> {
    const cluster = await open();
    const written = await writing.of(one.grantId);
    const found = await Promise.all(marksOf(one, written).map((mark) => find(cluster, mark)));
    if (found.some((binding) => binding !== null)) return true;
    await checkCluster(cluster, written);
    return false;
  }

  async function remove({ grantId, account, role: roleKey }: Holding, role: Role | null): Promise<void> {
    if (role === null) throw new TargetRefusal(`${roleKey} is no longer in the policy file`);
    const cluster = await open();
    const written = grantId === null ? null : await writing.of(grantId);
    await attemptAll(placesOf(role), async (namespace) => {
      if (written) await takeBack(cluster, written.markIn(namespace));
      else await removeStanding(cluster, { account, role, namespace });
    });
  }

  async function stamp(one: Access<Role>): Promise<void> {
    const cluster = await open();
    const written = await writing.of(one.grantId);
    if (written.cluster === undefined) await writing.keepCluster(cluster, one.grantId);
    if (written.account === undefined) await writing.keepAccount(one.grantId, nameOf(one));
    for (const { namespace, uid } of marksOf(one, written)) {
      if (uid !== undefined) continue;
      const found = await cluster.read(bindingName(one.grantId), namespace);
      if (found && isLabelled(found, one.grantId)) await writing.keepBinding(one.grantId, namespace, found);
    }
  }

  return {
    grant,
    revoke,
    isActive,
    // Every request is checked; what is open (exec, port-forward, logs that are followed) goes on.
    afterlife: null,
    list: async (roles) => list(await open(), roles),
    remove,
    stamp,
    check: async (roles) => check(await open(), roles),
    close: async () => undefined,
  };
}
