import type { Finding } from '../../ports/targets.ts';
import { KUBERNETES_CHECKS } from '../../wording/targets/kubernetes.ts';
import type { ListedRole } from '../provisioner.ts';
import { placeName, placesOf, type Role, refOf } from './bindings.ts';
import type { Cluster } from './cluster.ts';

/** Who may not do a thing may not bind others to it either, unless they have the verb bind. */
export async function check({ may, identity }: Cluster, roles: readonly ListedRole<Role>[]): Promise<Finding[]> {
  const findings = new Map<string, Finding>();
  const add = async (what: string, question: Parameters<Cluster['may']>[0]) => {
    const where = placeName(question.namespace);
    const shown = KUBERNETES_CHECKS.may(what, where);
    if (!findings.has(shown))
      findings.set(shown, {
        ok: await may(question),
        what: shown,
        fix: KUBERNETES_CHECKS.allow(question.verb, question.resource, question.name ?? null, where),
      });
  };
  await add(KUBERNETES_CHECKS.askAboutPeople, {
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
      await add(KUBERNETES_CHECKS.seeAllowed(kind, name), { verb: 'get', resource: bound, name, namespace: at });
      await add(KUBERNETES_CHECKS.bindTo(kind, name), { verb: 'bind', resource: bound, name, namespace });
    }
  }
  const what = KUBERNETES_CHECKS.tellsCluster;
  const fix = KUBERNETES_CHECKS.allowNamespace;
  return [...findings.values(), { ok: (await identity()) !== null, what, fix }];
}
