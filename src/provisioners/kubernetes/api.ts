/** The official client of one cluster, and calls with it. */

import type {
  AuthorizationV1Api,
  CoreV1Api,
  RbacAuthorizationV1Api,
  RequestContext,
  ResponseContext,
} from '@kubernetes/client-node';
import { cut } from '../../domain/text.ts';
import { KUBERNETES } from '../../wording/targets/kubernetes.ts';
import { TARGET_DEADLINE } from '../provisioner.ts';

export const RBAC_GROUP = 'rbac.authorization.k8s.io';
export const FORBIDDEN = 403;
export const NOT_FOUND = 404;
export const CONFLICT = 409;

export interface Api {
  /** The cluster's name in errors. */
  readonly where: string;
  readonly rbac: RbacAuthorizationV1Api;
  readonly core: CoreV1Api;
  readonly authorization: AuthorizationV1Api;
  /** @returns null for `expected` codes @throws with the cluster's message */
  ask<T>(call: (limits: Limits) => Promise<T>, ...expected: readonly number[]): Promise<T | null>;
}

type Client = typeof import('@kubernetes/client-node');
type Limits = ReturnType<typeof limited>;

/** The package is loaded with the first call, so that it need not be installed for other targets. */
export async function connectApi({
  kubeconfig,
  context,
}: {
  kubeconfig: string | null;
  context: string | null;
}): Promise<Api> {
  const client = await import('@kubernetes/client-node');
  const config = new client.KubeConfig();
  if (kubeconfig === null) config.loadFromCluster();
  else config.loadFromFile(kubeconfig);
  if (context !== null) config.setCurrentContext(context);
  const where = config.getCurrentCluster()?.server ?? 'the cluster';
  return {
    where,
    rbac: config.makeApiClient(client.RbacAuthorizationV1Api),
    core: config.makeApiClient(client.CoreV1Api),
    authorization: config.makeApiClient(client.AuthorizationV1Api),
    ask: async (call, ...expected) => {
      try {
        return await call(limited(client));
      } catch (error) {
        const isAnswer = error instanceof client.ApiException;
        if (isAnswer && expected.includes(error.code)) return null;
        const said = isAnswer ? `${error.code}: ${messageOf(error.body)}` : String(error);
        throw new Error(KUBERNETES.answered(where, said), { cause: error });
      }
    },
  };
}

/** Adds a deadline to each call, because the official client has none. */
const limited = ({ Observable }: Client) => ({
  middleware: [
    {
      pre: (request: RequestContext) => {
        request.setSignal(AbortSignal.timeout(TARGET_DEADLINE));
        return new Observable(Promise.resolve(request));
      },
      post: (response: ResponseContext) => new Observable(Promise.resolve(response)),
    },
  ],
  middlewareMergeStrategy: 'append' as const,
});

/** The cluster answers errors with a Status, which the client may leave as text. */
function messageOf(body: unknown): string {
  try {
    const status = typeof body === 'string' ? (JSON.parse(body) as unknown) : body;
    if (typeof status === 'object' && status !== null && 'message' in status) return String(status.message);
  } catch {
    // Not a Status: shown as it is.
  }
  return cut(String(body), 200);
}
