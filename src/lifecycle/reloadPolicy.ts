import { inSlices } from '../concurrency/slices.ts';
import type { NewEvent } from '../domain/events.ts';
import type { Actor } from '../domain/person.ts';
import { BOT, personActor } from '../domain/person.ts';
import type { Policy } from '../domain/policy.ts';
import { changesAround, policyChanges, resourceChanges } from '../domain/policyChanges.ts';
import type { Refused } from '../domain/refusal.ts';
import { cut } from '../domain/text.ts';
import type { PolicyReading } from '../ports/policy.ts';
import type { RecordChange, Store } from '../ports/store.ts';
import { canaryJob } from './canary/canary.ts';
import type { Deps } from './deps.ts';
import { type Stranded, strandedBy, strandedLine } from './grant/strandedAccess.ts';
import { checkAdmin } from './people/eligibility.ts';

/** The current policy file, compared with the policy in force. */
export type Reload =
  | { readonly outcome: 'unreadable'; readonly problem: string }
  | { readonly outcome: 'same' }
  | {
      readonly outcome: 'changed';
      readonly hash: string;
      readonly changes: readonly string[];
      /** Live access that could no longer be revoked after the next restart. */
      readonly stranded: readonly Stranded[];
    }
  | { readonly outcome: 'in_force'; readonly hash: string; readonly changes: readonly string[] };

/** Reads a policy from its stored text; the secrets that it names may be gone. */
export type PolicyTextReader = (text: string) => PolicyReading;

/** Resources that are compared in one turn of the event loop. */
const AT_A_TIME = 100;
/** Limit of a problem's text in an event, in characters. */
const MOST_TOLD = 500;

/** What a reload would change. */
export async function previewReload(deps: Deps, personId: string): Promise<Reload | Refused> {
  const admin = await checkAdmin(deps, personId);
  if ('refused' in admin) return admin;
  const read = await compare(deps);
  if (!('policy' in read)) return read;
  const stranded = await strandedAnew(deps, read.policy);
  return isSame(deps, read.policy, stranded) ? { outcome: 'same' } : changed(read, stranded);
}

/**
 * Puts the policy file in force in one step, and records who did it and what changed. A file with any issue leaves
 * everything as it is; so does one that would strand live access, until an administrator confirms the list.
 * @param by an administrator's Slack id, and what they were shown: the file's hash, and whether it is this list; null for whoever
 *   runs the process
 * @returns `changed` if the file was not put in force, with what it would change and strand
 */
export function reloadPolicy(deps: Deps, by: ShownTo | null): Promise<Reload | Refused> {
  return deps.policyLock('file', () => reload(deps, by));
}

interface ShownTo {
  readonly personId: string;
  readonly hash: string;
  readonly wasShown: (stranded: readonly Stranded[]) => boolean;
}

async function reload(deps: Deps, by: ShownTo | null): Promise<Reload | Refused> {
  const admin = by && (await checkAdmin(deps, by.personId));
  if (admin && 'refused' in admin) return admin;
  const read = await compare(deps);
  if (!('policy' in read)) return read;
  const { policy, changes } = read;
  // The file may have been saved again: only the file that the administrator saw is put in force.
  const stranded = await strandedAnew(deps, policy);
  if (isSame(deps, policy, stranded)) {
    // The variables that the file names may have other values now, such as a new password.
    await deps.policyFile.use(policy);
    return { outcome: 'same' };
  }
  const wasShown = by?.hash === policy.hash && (stranded.length === 0 || by.wasShown(stranded));
  if (by ? !wasShown : stranded.length > 0) return changed(read, stranded);
  const recorded = [...changes, ...stranded.map(strandedLine)];
  await deps.store.commit({
    records: await keepPolicyText(deps.store, policy),
    events: [policyLoaded(policy, recorded, admin ? personActor(admin.person) : BOT)],
    jobs: policy.canary || deps.policy.canary ? [canaryJob(deps.clock.now())] : [],
  });
  await deps.policyFile.use(policy);
  return { outcome: 'in_force', hash: policy.hash, changes: recorded };
}

const isSame = (deps: Deps, { hash }: Policy, stranded: readonly Stranded[]): boolean =>
  hash === deps.policy.hash && stranded.length === 0;

/** The grants that this policy strands. With the text already in force, only those that can still be reached now count. */
async function strandedAnew(deps: Deps, policy: Policy): Promise<readonly Stranded[]> {
  const stranded = await strandedBy(deps, policy);
  if (policy.hash !== deps.policy.hash) return stranded;
  const now = deps.targets.placesOf(deps.policy);
  return stranded.filter(({ place }) => now.has(place));
}

const changed = (
  { policy, changes }: { policy: Policy; changes: readonly string[] },
  stranded: readonly Stranded[],
): Reload => ({ outcome: 'changed', hash: policy.hash, changes, stranded });

/** Stores the text of each policy that comes into force, so that an auditor can read it years later. */
export async function keepPolicyText(store: Store, { hash, source }: Policy): Promise<RecordChange[]> {
  const { value, version } = await store.record('policy_text', hash);
  return value ? [] : [{ kind: 'policy_text', key: hash, value: { text: source }, version }];
}

/**
 * What a start changes, compared with the policy that was in force before.
 * @param before hash of that policy; null if there was none
 * @param read parses a stored policy text
 */
export async function changesSince(
  store: Store,
  now: Policy,
  { before, read }: { before: string | null; read: PolicyTextReader },
): Promise<readonly string[]> {
  if (before === null || before === now.hash) return [];
  const { value } = await store.record('policy_text', before);
  const earlier = value ? read(value.text) : { problem: 'its text was not kept' };
  const wrong = 'policy' in earlier && earlier.policy.hash !== before ? 'its text was changed' : null;
  if ('policy' in earlier && wrong === null) return policyChanges(earlier.policy, now);
  const why = wrong ?? ('problem' in earlier ? earlier.problem : '');
  return [`another policy than before, and what it changes cannot be told: ${cut(why, MOST_TOLD)}`];
}

async function compare(
  deps: Deps,
): Promise<Extract<Reload, { outcome: 'unreadable' }> | { policy: Policy; changes: readonly string[] }> {
  const read = await deps.policyFile.read();
  if ('problem' in read) return { outcome: 'unreadable', problem: read.problem };
  const [before, after] = [deps.policy, read.policy];
  const each = await inSlices([...after.resources.values()], AT_A_TIME, async (resource) =>
    resourceChanges(before.resources.get(resource.id), resource),
  );
  return { policy: after, changes: [...changesAround(before, after), ...each.flat()] };
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
