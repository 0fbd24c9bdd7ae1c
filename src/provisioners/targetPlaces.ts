import type { Policy, Resource } from '../domain/policy.ts';
import { TARGET_FIELDS } from '../wording/targets/shared.ts';
import { withoutTexts } from './place.ts';
import type { Provisioner } from './provisioner.ts';
import { PROVISIONERS } from './registry.ts';

/** A target as the policy file has it, of a resource or retired. */
export type Target = Pick<Resource, 'kind' | 'target'>;

// biome-ignore lint/suspicious/noExplicitAny: kinds with different types stand in one list
export const provisionerOf = ({ kind: wanted }: { readonly kind: string }): Provisioner<any, any> => {
  const found = PROVISIONERS.find(({ kind }) => kind === wanted);
  if (!found) throw new Error(TARGET_FIELDS.noKind(wanted));
  return found;
};

/** Kind and place of a target; null: its secrets, and so what it is, are not at hand. */
export const placeOf = ({ kind, target }: Target, { passwords = [] }: Pick<Policy, 'passwords'>): string | null =>
  target === null || target === undefined
    ? null
    : `${kind} ${provisionerOf({ kind }).placeOf(withoutTexts(target, passwords))}`;

/** Every place that a policy can reach: of its resources, and of the targets that it names as retired. */
export const placesOf = (policy: Policy): ReadonlySet<string> =>
  new Set([...policy.resources.values(), ...policy.retiredTargets].flatMap((one) => placeOf(one, policy) ?? []));
