import type { Finding } from '../../ports/targets.ts';
import type { ListedRole } from '../provisioner.ts';
import { placeName, placesOf, type Role, refOf } from './bindings.ts';
import type { Cluster } from './cluster.ts';

/** Who may not do a thing may not bind others to it either, unless they have the verb bind. */
export async function check({ may, identity }: Cluster, roles: readonly ListedRole<Role>[]): Promise<Finding[]> {
  const findings = new Map<string, Finding>();
  const add = async (what: string, question: Parameters<Cluster['may']>[0]) => {
    const where = placeName(question.namespace);
    const shown = `the bot may ${what} ${where}`;
    if (!findings.has(shown))
      findings.set(shown, {
        ok: await may(question),
        what: shown,
        fix: `Allow the verb ${question.verb} on ${question.resource}${question.name ? ` with the name ${question.name}` : ''} ${where}.`,
      });
  };
  await add('ask whether people may do what was bound to them', {
    verb: 'create',
    resource: 'subjectaccessreviews',
    namespace: null,
    group: 'authorization.k8s.io',
  });
  for (const { role } of roles) {
    for (const namespace of placesOf(role)) {
      const resource = namespace === null ? 'clusterrolebindings' : 'rolebindings';
      for (const verb of ['create', 'get', 'list', 'update', 'delete'])
        await add(`${verb} ${resource}`, { verb, resource, namespace });
      const { kind, name } = refOf(role);
      const bound = kind === 'Role' ? 'roles' : 'clusterroles';
      const at = kind === 'Role' ? namespace : null;
      await add(`see what ${kind} ${name} allows`, { verb: 'get', resource: bound, name, namespace: at });
      await add(`bind people to ${kind} ${name}`, { verb: 'bind', resource: bound, name, namespace });
    }
  }
  const what = 'the bot can tell this cluster from another, by the uid of the namespace kube-system';
  const fix = 'Allow the verb get on namespaces with the name kube-system in the cluster.';
  return [...findings.values(), { ok: (await identity()) !== null, what, fix }];
}
