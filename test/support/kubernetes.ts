import { createServer } from 'node:http';
import { closeServer, listen, readBody } from '../../src/sandbox/http.ts';

/**
 * The part of the Kubernetes API that is about role bindings, written from its published description: names, labels,
 * conflicts, what cannot change, paging, and access reviews are as strict as there.
 */

interface Binding {
  metadata: {
    name: string;
    labels?: Record<string, string>;
    annotations?: Record<string, string>;
    resourceVersion?: string;
  };
  roleRef: { apiGroup: string; kind: string; name: string };
  subjects?: { kind: string; name: string; apiGroup?: string }[];
}

export interface KubernetesApi {
  readonly url: string;
  /** By `namespace/name`; cluster-wide ones by `/name`. */
  readonly bindings: Map<string, Binding>;
  /** What the bot's token may do: `create rolebindings in payments`, `bind clusterroles/view in payments`. */
  readonly rights: Set<string>;
  down: boolean;
  close(): Promise<void>;
}

const GROUP = 'rbac.authorization.k8s.io';
const DNS_NAME = /^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/;
const LABEL_VALUE = /^(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?$/;
const PATH = new RegExp(`^/apis/${GROUP}/v1/(?:namespaces/([^/]+)/(rolebindings)|(clusterrolebindings))(?:/([^/]+))?$`);

export async function startKubernetes(token: string): Promise<KubernetesApi> {
  const bindings = new Map<string, Binding>();
  const rights = new Set<string>();
  let version = 1;
  const status = (code: number, reason: string, message: string) => ({
    code,
    body: { kind: 'Status', apiVersion: 'v1', status: 'Failure', reason, message, code },
  });

  const server = createServer(async (request, response) => {
    if (api.down) return void request.socket.destroy();
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
    if (authorization !== `Bearer ${token}`) return status(401, 'Unauthorized', 'Unauthorized');
    if (url.pathname === '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews') {
      const { spec } = body as { spec: { resourceAttributes: Record<string, string> } };
      const { verb, resource, name, namespace } = spec.resourceAttributes;
      const allowed = rights.has(`${verb} ${resource}${name ? `/${name}` : ''} in ${namespace ?? 'the cluster'}`);
      return { code: 201, body: { ...(body as object), status: { allowed } } };
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
        return bindings.delete(key)
          ? { code: 200, body: { kind: 'Status', status: 'Success' } }
          : status(404, 'NotFound', `${resource}.${GROUP} "${name}" not found`);
      default:
        return write(verb, place, resource, body as Binding, name);
    }
  }

  function write(verb: string, place: string, resource: string, binding: Binding, name: string | undefined) {
    const { metadata, roleRef, subjects = [] } = binding;
    const key = `${place}/${metadata.name}`;
    const bound = `${roleRef.kind === 'ClusterRole' ? 'clusterroles' : 'roles'}/${roleRef.name}`;
    const wrong =
      !DNS_NAME.test(metadata.name) ||
      Object.values(metadata.labels ?? {}).some((value) => value.length > 63 || !LABEL_VALUE.test(value)) ||
      subjects.some(({ kind, apiGroup }) => !['User', 'Group'].includes(kind) || apiGroup !== GROUP);
    if (wrong) return status(422, 'Invalid', `${resource}.${GROUP} "${metadata.name}" is invalid`);
    if (!rights.has(`bind ${bound} in ${place || 'the cluster'}`))
      return status(403, 'Forbidden', `user "bot" is attempting to grant RBAC permissions not currently held`);
    const before = bindings.get(key);
    if (verb === 'create' && before) return status(409, 'AlreadyExists', `"${metadata.name}" already exists`);
    if (verb === 'update') {
      if (!before || name !== metadata.name) return status(404, 'NotFound', `"${name}" not found`);
      if (metadata.resourceVersion && metadata.resourceVersion !== before.metadata.resourceVersion)
        return status(409, 'Conflict', 'the object has been modified; please apply your changes to the latest version');
      if (JSON.stringify(before.roleRef) !== JSON.stringify(roleRef))
        return status(422, 'Invalid', 'roleRef: Invalid value: cannot change roleRef');
    }
    version += 1;
    const stored = { ...binding, metadata: { ...metadata, resourceVersion: String(version) } };
    bindings.set(key, stored);
    return { code: verb === 'create' ? 201 : 200, body: stored };
  }

  const api: KubernetesApi = {
    url: `http://127.0.0.1:${await listen(server)}`,
    bindings,
    rights,
    down: false,
    close: () => closeServer(server),
  };
  return api;
}
