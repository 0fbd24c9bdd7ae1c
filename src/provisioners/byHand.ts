import type { Grant } from '../domain/grant.ts';
import type { Policy } from '../domain/policy.ts';
import { TARGETS } from '../wording/targets/shared.ts';
import type { ToTakeBack } from './provisioner.ts';
import { placeOf, provisionerOf } from './targetPlaces.ts';

/** What an administrator of the target does to end a grant without the bot, derived only from a copy and the policy. */
export function statementsFor(grant: Grant, policy: Policy): readonly string[] {
  const known = [...policy.resources.values(), ...policy.retiredTargets];
  const own = policy.resources.get(grant.resourceId);
  const at = grant.place === null ? own : known.find((one) => placeOf(one, policy) === grant.place);
  const kind = grant.place?.split(' ')[0] ?? own?.kind;
  if (kind === undefined) return [TARGETS.unknownResource(grant.resourceId)];
  const { id: grantId, person, role: roleKey, grants: role } = grant;
  const activation = 'activation' in grant ? grant.activation : null;
  const one: ToTakeBack<unknown> = { grantId, person, roleKey, role, account: activation?.account ?? null };
  return provisionerOf({ kind }).byHand(one, at?.target ?? null);
}
