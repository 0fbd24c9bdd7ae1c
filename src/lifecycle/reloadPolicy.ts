import type { NewEvent } from '../domain/events.ts';
import type { Actor } from '../domain/person.ts';
import { BOT, personActor } from '../domain/person.ts';
import type { Policy } from '../domain/policy.ts';
import { policyChanges } from '../domain/policyChanges.ts';
import type { Refused } from '../domain/refusal.ts';
import type { RecordChange, Store } from '../ports.ts';
import type { Deps } from './deps.ts';
import { checkAdmin } from './eligibility.ts';

/** The policy file as it is now, beside the policy in force. */
export type Reload =
  | { readonly outcome: 'unreadable'; readonly problem: string }
  | { readonly outcome: 'same' }
  | { readonly outcome: 'changed'; readonly hash: string; readonly changes: readonly string[] }
  | { readonly outcome: 'in_force'; readonly hash: string; readonly changes: readonly string[] };

/** What would change. */
export async function previewReload(deps: Deps, personId: string): Promise<Reload | Refused> {
  const admin = await checkAdmin(deps, personId);
  if ('refused' in admin) return admin;
  const read = compare(deps);
  return 'policy' in read ? { outcome: 'changed', hash: read.policy.hash, changes: read.changes } : read;
}

/**
 * Puts the policy file in force, in one go, and records who did and what changed. A file with any issue leaves
 * everything as it is.
 * @param by an administrator's Slack id, and the hash of what they were shown; null: whoever runs the process
 */
export async function reloadPolicy(
  deps: Deps,
  by: { readonly personId: string; readonly hash: string } | null,
): Promise<Reload | Refused> {
  const admin = by && (await checkAdmin(deps, by.personId));
  if (admin && 'refused' in admin) return admin;
  const read = compare(deps);
  if (!('policy' in read)) return read;
  const { policy, changes } = read;
  // The file was saved again since: what is put in force has to be what was looked at.
  if (by && by.hash !== policy.hash) return { outcome: 'changed', hash: policy.hash, changes };
  await deps.store.commit({
    records: await keepPolicyText(deps.store, policy),
    events: [policyLoaded(policy, changes, admin ? personActor(admin.person) : BOT)],
  });
  deps.policyFile.use(policy);
  return { outcome: 'in_force', hash: policy.hash, changes };
}

/** The text of a policy that comes into force, once, for whoever asks years later what was in force. */
export async function keepPolicyText(store: Store, { hash, source }: Policy): Promise<RecordChange[]> {
  const { value, version } = await store.record('policy_text', hash);
  return value ? [] : [{ kind: 'policy_text', key: hash, value: { text: source }, version }];
}

function compare(
  deps: Deps,
): Exclude<Reload, { outcome: 'changed' | 'in_force' }> | { policy: Policy; changes: readonly string[] } {
  const read = deps.policyFile.read();
  if ('problem' in read) return { outcome: 'unreadable', problem: read.problem };
  if (read.policy.hash === deps.policy.hash) return { outcome: 'same' };
  return { policy: read.policy, changes: policyChanges(deps.policy, read.policy) };
}

export const policyLoaded = (policy: Policy, changes: readonly string[], actor: Actor): NewEvent => ({
  type: 'policy.loaded',
  actor,
  requestId: null,
  grantId: null,
  payload: {
    hash: policy.hash,
    resources: policy.resources.size,
    roles: [...policy.resources.values()].reduce((sum, resource) => sum + resource.roles.size, 0),
    changes,
  },
});
