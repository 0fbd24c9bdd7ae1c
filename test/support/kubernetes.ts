/**
 * The part of the Kubernetes API that is about role bindings, written from its published description: names, labels, uids,
 * preconditions, finalizers, conflicts, what cannot change, paging, and access reviews are as strict as there.
 */

import { randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import { closeServer, listen, readBody } from '../../src/sandbox/http.ts';
import { createWire, type Wire } from './wire.ts';

export interface Binding {
  metadata: {
    name: string;
    labels?: Record<string, string>;
    annotations?: Record<string, string>;
    resourceVersion?: string;
    uid?: string;
    creationTimestamp?: string;
    deletionTimestamp?: string;
    finalizers?: string[];
    managedFields?: { manager: string; operation: string; time: string }[];
  };
  roleRef: { apiGroup: string; kind: string; name: string };
  subjects?: { kind: string; name: string; apiGroup?: string; namespace?: string }[];
}
interface Rule {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly verbs: readonly string[];
}
interface Asked {
  readonly verb: string;
  readonly group: string;
  readonly resource: string;
  readonly subresource?: string;
  readonly namespace?: string;
}
type Answer = { code: number; body: unknown };

export interface KubernetesApi {
  readonly url: string;
  /** By `namespace/name`; cluster-wide ones by `/name`. */
  readonly bindings: Map<string, Binding>;
  /** What the bot's token may do: `create rolebindings in payments`, `bind clusterroles/view in payments`. */
  readonly rights: Set<string>;
  /** What roles allow, by `clusterroles/view` or `roles/log-reader in payments`. One that is not here does not exist. */
  readonly roles: Map<string, Rule[]>;
  /** Another authorizer that turns people away, whatever is bound. */
  denies: (name: string) => boolean;
  /** What the cluster itself lets somebody do: names are compared letter by letter. */
  lets(name: string, verb: string, resource: string, namespace: string): boolean;
  /** What the bot's token has to be. */
  token: string;
  /** The uid of kube-system: another one is another cluster. */
  clusterUid: string;
  /** The cluster's own clock. */
  now: () => number;
  down: boolean;
  readonly wire: Wire;
  /** Something else answers there, and knows nothing. */
  isElsewhere: boolean;
  /** Runs before anything that the bot changes. */
  beforeWrite: () => void;
  /** What somebody else does there who may do everything with role bindings. @throws where the cluster refuses it */
  somebody(method: string, path: string, body?: object): Binding;
  /** Deletes a namespace with all that is in it, and makes one of the same name. */
  recreateNamespace(name: string): void;
  close(): Promise<void>;
}

const VIEW: Rule = { apiGroups: [''], resources: ['pods', 'pods/log'], verbs: ['get', 'list', 'watch'] };
const GROUP = 'rbac.authorization.k8s.io';
const DNS_NAME = /^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/;
const LABEL_VALUE = /^(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?$/;
const ROLE_PATH = new RegExp(`^/apis/${GROUP}/v1/(?:namespaces/([^/]+)/)?(roles|clusterroles)/([^/]+)$`);
const PATH = new RegExp(`^/apis/${GROUP}/v1/(?:namespaces/([^/]+)/(rolebindings)|(clusterrolebindings))(?:/([^/]+))?$`);

export async function startKubernetes(token: string): Promise<KubernetesApi> {
  const bindings = new Map<string, Binding>();
  const rights = new Set<string>();
  const roles = new Map<string, Rule[]>([['clusterroles/view', [VIEW]]]);
  let version = 1;
  const status = (code: number, reason: string, message: string) => ({
    code,
    body: { kind: 'Status', apiVersion: 'v1', status: 'Failure', reason, message, code },
  });

  const server = createServer(async (request, response) => {
    if (api.down) return void request.socket.destroy();
    if (api.wire.takes(request, response)) return;
    const url = new URL(request.url ?? '/', 'http://cluster');
    const text = await readBody(request);
    const answer = handle(
      request.method ?? 'GET',
      url,
      text === '' ? null : JSON.parse(text),
      request.headers.authorization,
    );
    response.writeHead(answer.code, { 'content-type': 'application/json' }).end(JSON.stringify(answer.body));
  });

  function handle(method: string, url: URL, body: unknown, authorization: string | undefined) {
    if (api.isElsewhere) return status(404, 'NotFound', 'the server could not find the requested resource');
    if (authorization !== `Bearer ${api.token}`) return status(401, 'Unauthorized', 'Unauthorized');
    if (url.pathname === '/api/v1/namespaces/kube-system')
      return rights.has('get namespaces/kube-system in the cluster')
        ? {
            code: 200,
            body: { kind: 'Namespace', apiVersion: 'v1', metadata: { name: 'kube-system', uid: api.clusterUid } },
          }
        : status(
            403,
            'Forbidden',
            'namespaces "kube-system" is forbidden: User "bot" cannot get resource "namespaces"',
          );
    if (url.pathname === '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews') {
      const { spec } = body as { spec: { resourceAttributes: Record<string, string> } };
      const { verb, resource, name, namespace } = spec.resourceAttributes;
      const allowed = rights.has(`${verb} ${resource}${name ? `/${name}` : ''} in ${namespace ?? 'the cluster'}`);
      return { code: 201, body: { ...(body as object), status: { allowed } } };
    }
    if (url.pathname === '/apis/authorization.k8s.io/v1/subjectaccessreviews') {
      if (!rights.has('create subjectaccessreviews in the cluster'))
        return status(403, 'Forbidden', 'subjectaccessreviews.authorization.k8s.io is forbidden');
      const { spec } = body as { spec: { user?: string; groups?: string[]; resourceAttributes?: Asked } };
      const who = spec.user ?? spec.groups?.[0];
      if (who === undefined || !spec.resourceAttributes)
        return status(422, 'Invalid', 'spec: Invalid value: at least one of user or group must be specified');
      return { code: 201, body: { ...(body as object), status: { allowed: allows(who, spec.resourceAttributes) } } };
    }
    const [, roleSpace, roleKind, roleName] = ROLE_PATH.exec(url.pathname) ?? [];
    if (roleKind !== undefined) {
      const where = roleSpace === undefined ? '' : ` in ${roleSpace}`;
      if (!rights.has(`get ${roleKind}/${roleName}${where || ' in the cluster'}`))
        return status(403, 'Forbidden', `${roleKind}.${GROUP} "${roleName}" is forbidden: User "bot" cannot get it`);
      const rules = roles.get(`${roleKind}/${roleName}${where}`);
      return rules
        ? { code: 200, body: { kind: 'ClusterRole', metadata: { name: roleName }, rules } }
        : status(404, 'NotFound', `${roleKind}.${GROUP} "${roleName}" not found`);
    }
    const [, namespace = '', namespaced, , name] = PATH.exec(url.pathname) ?? [];
    if (!PATH.test(url.pathname)) return status(404, 'NotFound', 'the server could not find the requested resource');
    const place = namespaced ? namespace : '';
    const resource = namespaced ? 'rolebindings' : 'clusterrolebindings';
    const verb = { POST: 'create', PUT: 'update', DELETE: 'delete', GET: name ? 'get' : 'list' }[method] ?? method;
    const where = place || 'the cluster';
    if (!rights.has(`${verb} ${resource} in ${where}`))
      return status(
        403,
        'Forbidden',
        `${resource}.${GROUP} is forbidden: User "bot" cannot ${verb} resource "${resource}"`,
      );
    if (method !== 'GET') api.beforeWrite();
    return act(verb, { place, resource, name: name ?? '' }, url, body, false);
  }

  /** As the role-based authorizer decides, and another one beside it. */
  function allows(who: string, { verb, group, resource, subresource, namespace = '' }: Asked): boolean {
    if (api.denies(who)) return false;
    const asked = subresource ? `${resource}/${subresource}` : resource;
    return [...bindings].some(([key, { roleRef, subjects = [] }]) => {
      const place = key.split('/')[0] ?? '';
      if (place !== '' && place !== namespace) return false;
      const kind = roleRef.kind === 'ClusterRole' ? 'clusterroles' : 'roles';
      const rules = roles.get(`${kind}/${roleRef.name}${kind === 'roles' ? ` in ${place}` : ''}`) ?? [];
      return (
        subjects.some(({ name }) => name === who) &&
        rules.some((one) => one.verbs.includes(verb) && one.apiGroups.includes(group) && one.resources.includes(asked))
      );
    });
  }

  interface Where {
    readonly place: string;
    readonly resource: string;
    readonly name: string;
  }

  function act(verb: string, where: Where, url: URL, body: unknown, isAdmin: boolean): Answer {
    const { place, resource, name } = where;
    const key = `${place}/${name}`;
    switch (verb) {
      case 'list': {
        const all = [...bindings].flatMap(([at, one]) => (at.startsWith(`${place}/`) ? [one] : []));
        // Two a page, so that whoever forgets the rest is noticed.
        const from = Number(url.searchParams.get('continue') ?? 0);
        const more = from + 2 < all.length ? { continue: String(from + 2) } : {};
        return { code: 200, body: { kind: 'List', metadata: more, items: all.slice(from, from + 2) } };
      }
      case 'get': {
        const found = bindings.get(key);
        return found ? { code: 200, body: found } : status(404, 'NotFound', `${resource}.${GROUP} "${name}" not found`);
      }
      case 'delete':
        return remove(key, body as { preconditions?: { uid?: string } } | null, `${resource}.${GROUP} "${name}"`);
      default:
        return write(verb, where, body as Binding, isAdmin);
    }
  }

  function remove(key: string, options: { preconditions?: { uid?: string } } | null, shown: string): Answer {
    const found = bindings.get(key);
    if (!found) return status(404, 'NotFound', `${shown} not found`);
    const wanted = options?.preconditions?.uid;
    if (wanted !== undefined && wanted !== found.metadata.uid)
      return status(409, 'Conflict', `the UID in the precondition (${wanted}) does not match the UID in record`);
    if (found.metadata.finalizers?.length) {
      found.metadata.deletionTimestamp ??= new Date(api.now()).toISOString();
      return { code: 200, body: found };
    }
    bindings.delete(key);
    return { code: 200, body: { kind: 'Status', status: 'Success' } };
  }

  /** What the cluster itself says of an object, whatever whoever writes it says. */
  function ownFields(before: Binding | undefined): Binding['metadata'] {
    version += 1;
    const time = new Date(api.now()).toISOString().replace(/\.\d+/, '');
    const { uid = randomUUID(), creationTimestamp = time, deletionTimestamp } = before?.metadata ?? {};
    const managedFields = [{ manager: 'somebody', operation: 'Update', time }];
    const fixed = { uid, creationTimestamp, managedFields, resourceVersion: String(version) };
    return { name: '', ...fixed, ...(deletionTimestamp && { deletionTimestamp }) };
  }

  function write(verb: string, { place, resource, name }: Where, binding: Binding, isAdmin: boolean): Answer {
    const { metadata, roleRef, subjects = [] } = binding;
    const key = `${place}/${metadata.name}`;
    const bound = `${roleRef.kind === 'ClusterRole' ? 'clusterroles' : 'roles'}/${roleRef.name}`;
    const wrong =
      !DNS_NAME.test(metadata.name) ||
      Object.values(metadata.labels ?? {}).some((value) => value.length > 63 || !LABEL_VALUE.test(value)) ||
      subjects.some(({ kind, apiGroup, namespace }) =>
        kind === 'ServiceAccount' ? !namespace : !['User', 'Group'].includes(kind) || apiGroup !== GROUP,
      );
    if (wrong) return status(422, 'Invalid', `${resource}.${GROUP} "${metadata.name}" is invalid`);
    if (!isAdmin && !rights.has(`bind ${bound} in ${place || 'the cluster'}`))
      return status(403, 'Forbidden', `user "bot" is attempting to grant RBAC permissions not currently held`);
    const before = bindings.get(key);
    if (verb === 'create' && before) return status(409, 'AlreadyExists', `"${metadata.name}" already exists`);
    if (verb === 'update') {
      if (!before || name !== metadata.name) return status(404, 'NotFound', `"${name}" not found`);
      if (metadata.resourceVersion && metadata.resourceVersion !== before.metadata.resourceVersion)
        return status(409, 'Conflict', 'the object has been modified; please apply your changes to the latest version');
      if (metadata.uid && metadata.uid !== before.metadata.uid)
        return status(409, 'Conflict', `Precondition failed: UID in precondition: ${metadata.uid}`);
      const added = (metadata.finalizers ?? []).filter((one) => !before.metadata.finalizers?.includes(one));
      if (before.metadata.deletionTimestamp && added.length > 0)
        return status(
          422,
          'Invalid',
          'metadata.finalizers: Forbidden: no new finalizers can be added if the object is being deleted',
        );
      if (JSON.stringify(before.roleRef) !== JSON.stringify(roleRef))
        return status(422, 'Invalid', 'roleRef: Invalid value: cannot change roleRef');
    }
    const stored = { ...binding, metadata: { ...metadata, ...ownFields(before), name: metadata.name } };
    if (stored.metadata.deletionTimestamp && !stored.metadata.finalizers?.length) {
      bindings.delete(key);
      return { code: 200, body: stored };
    }
    bindings.set(key, stored);
    return { code: verb === 'create' ? 201 : 200, body: stored };
  }

  const api: KubernetesApi = {
    url: `http://127.0.0.1:${await listen(server)}`,
    bindings,
    rights,
    roles,
    denies: () => false,
    lets: (name, verb, resource, namespace) => allows(name, { verb, group: '', resource, namespace }),
    token,
    clusterUid: randomUUID(),
    now: Date.now,
    down: false,
    wire: createWire(),
    isElsewhere: false,
    beforeWrite: () => undefined,
    somebody: (method, path, body) => {
      const [place = '', name = ''] = path.split('/');
      const verb = { POST: 'create', PUT: 'update', DELETE: 'delete', GET: 'get' }[method] ?? method;
      const where = { place, resource: place ? 'rolebindings' : 'clusterrolebindings', name };
      const answer = act(verb, where, new URL('http://cluster'), structuredClone(body) ?? null, true);
      if (answer.code >= 300) throw new Error(`the cluster refuses it: ${JSON.stringify(answer.body)}`);
      return answer.body as Binding;
    },
    recreateNamespace: (name) => {
      for (const key of bindings.keys()) if (key.startsWith(`${name}/`)) bindings.delete(key);
    },
    close: () => closeServer(server),
  };
  return api;
}

/** What `kubeconfig` leads to it, as the bot. */
export const kubeconfigOf = ({ url, token }: Pick<KubernetesApi, 'url' | 'token'>): string =>
  JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'c', cluster: { server: url, 'insecure-skip-tls-verify': true } }],
    users: [{ name: 'bot', user: { token } }],
    contexts: [{ name: 'main', context: { cluster: 'c', user: 'bot' } }],
    'current-context': 'main',
  });
