import type { cloudresourcemanager_v3 } from '@googleapis/cloudresourcemanager';
import { keyedLock } from '../../concurrency/keyedLock.ts';
import { once } from '../../concurrency/once.ts';
import { GOOGLE } from '../../wording/targets/google.ts';
import { askGoogle, authOptions, clientOptions, statusOf } from './client.ts';
import type { Target } from './iamSchemas.ts';
import { type Binding, policySchema } from './policy.ts';

const SCOPE = 'https://www.googleapis.com/auth/cloud-platform';
/** Policies with conditions. */
const POLICY_VERSION = 3;
/** Somebody else may change the policy between reading and writing it. */
const TRIES = 5;
const CONFLICT = 409;

/** By project: the policy of one is read and written as a whole. */
const lock = keyedLock();

type Projects = cloudresourcemanager_v3.Resource$Projects;

/** The policy of one project, through Google's own client. */
export class ProjectPolicy {
  readonly #resource: string;
  readonly #projects: () => Promise<Projects>;

  constructor(target: Target) {
    this.#projects = once(() => connectProjects(target)).get;
    this.#resource = `projects/${target.project}`;
  }

  async bindings(): Promise<readonly Binding[]> {
    return (await this.#read()).bindings;
  }

  /**
   * Reads, changes and writes; again from the start where somebody was faster.
   * @param edit null changes nothing
   * @param about what is being done, for an error where Google's own word does not say
   */
  change(edit: (bindings: readonly Binding[]) => Promise<Binding[] | null>, about?: string): Promise<void> {
    return lock(this.#resource, async () => {
      for (let tries = 1; ; tries += 1) {
        const policy = await this.#read();
        const bindings = await edit(policy.bindings);
        if (bindings === null) return;
        try {
          const requestBody = { policy: { ...policy, version: POLICY_VERSION, bindings } };
          // Google answers with the policy that is in force now; anything else has changed nothing.
          this.#understood(
            await this.#ask((api) => api.setIamPolicy({ resource: this.#resource, requestBody }), about),
          );
          return;
        } catch (error) {
          if (statusOf(error) !== CONFLICT || tries >= TRIES) throw error;
        }
      }
    });
  }

  /** Which of these permissions the bot has on the project. */
  async permitted(permissions: string[]): Promise<readonly string[]> {
    const requestBody = { permissions };
    const answer = await this.#ask((api) => api.testIamPermissions({ resource: this.#resource, requestBody }));
    return answer?.permissions ?? [];
  }

  async #read() {
    const requestBody = { options: { requestedPolicyVersion: POLICY_VERSION } };
    const answer = await this.#ask((api) => api.getIamPolicy({ resource: this.#resource, requestBody }));
    return this.#understood(answer);
  }

  #understood(answer: unknown) {
    const policy = policySchema.safeParse(answer);
    if (policy.success) return policy.data;
    throw new Error(GOOGLE.policyUnknown(this.#resource), { cause: policy.error });
  }

  async #ask<T>(call: (api: Projects) => Promise<{ data: T }>, about?: string): Promise<T | null> {
    const api = await this.#projects();
    return askGoogle(() => call(api), [], about);
  }
}

/** The package is loaded with the first call: who uses no such target need not have it. */
async function connectProjects(target: Target): Promise<Projects> {
  const { auth, cloudresourcemanager } = await import('@googleapis/cloudresourcemanager');
  return cloudresourcemanager({
    version: 'v3',
    auth: new auth.GoogleAuth(authOptions(target, SCOPE)),
    ...clientOptions(target),
  }).projects;
}
