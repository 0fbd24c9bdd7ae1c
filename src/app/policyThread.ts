/** Reads the policy file in a thread of its own, and hands the policy over a few resources at a time. */
import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import { ConfigError } from '../config/configError.ts';
import { loadPolicy } from '../config/policyFile.ts';
import type { Policy, Resource, Role } from '../domain/policy.ts';
import { localModule } from '../provisioners/module/provisioner.ts';
import { PROVISIONERS } from '../provisioners/registry.ts';

/** What the thread is given: parts go to the port, where each waits until it is taken. */
export interface PolicyThreadData {
  readonly path: string;
  readonly parts: MessagePort;
}

/** What it says, once all parts wait. A policy that can't be handed over is read where it is needed. */
export type PolicyThreadAnswer = 'handed over' | 'cannot be handed over' | { readonly problem: string };

/** A role without its compiled pattern, which is no plain data. */
export type PlainRole = Omit<Role, 'reason'> & {
  readonly reason: { readonly minLength: number; readonly ticket: string | null };
};
export type PlainResource = Omit<Resource, 'roles'> & { readonly roles: ReadonlyMap<string, PlainRole> };

export type PolicyPart =
  | { readonly kind: 'resources'; readonly resources: readonly PlainResource[] }
  /** The last one. */
  | { readonly kind: 'rest'; readonly rest: Omit<Policy, 'resources'> };

/** A resource takes about 0.02 ms to take over. */
const AT_A_TIME = 100;

const { path, parts } = workerData as PolicyThreadData;

function answer(): PolicyThreadAnswer {
  try {
    return handOver(loadPolicy(path, PROVISIONERS, process.env).policy);
  } catch (error) {
    if (error instanceof ConfigError) return { problem: error.message };
    throw error;
  }
}

function handOver({ resources, ...rest }: Policy): PolicyThreadAnswer {
  const targets = [...resources.values(), ...rest.retiredTargets];
  // What a team's own module makes of its part may be anything.
  if (targets.some(({ kind }) => kind === localModule.kind)) return 'cannot be handed over';
  const plain = [...resources.values()].map(plainResource);
  const put = (part: PolicyPart) => parts.postMessage(part);
  for (let from = 0; from < plain.length; from += AT_A_TIME)
    put({ kind: 'resources', resources: plain.slice(from, from + AT_A_TIME) });
  put({ kind: 'rest', rest });
  return 'handed over';
}

const plainResource = (resource: Resource): PlainResource => ({
  ...resource,
  roles: new Map([...resource.roles].map(([id, role]) => [id, plainRole(role)])),
});

const plainRole = ({ reason, ...role }: Role): PlainRole => ({
  ...role,
  reason: { minLength: reason.minLength, ticket: reason.ticket?.source ?? null },
});

parentPort?.postMessage(answer());
