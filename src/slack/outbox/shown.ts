import type { Grant } from '../../domain/grant.ts';
import { findRole, type Policy } from '../../domain/policy.ts';
import type { Request } from '../../domain/request.ts';
import { extensionLeft } from '../../lifecycle/grant/extendGrant.ts';
import type { Store } from '../../ports/store.ts';
import type { Targets } from '../../ports/targets.ts';
import type { CardInput } from './cardInput.ts';
import type { NoticeInput } from './toRequester.ts';

/** Everything that is shown of a request: the card needs its role, the messages what can still be done. */
export type Shown = CardInput & NoticeInput;

/** Loads a request with everything that is shown of it. */
export async function loadShown(
  {
    policy,
    store,
    targets,
  }: {
    readonly policy: Policy;
    readonly store: Pick<Store, 'grant'>;
    readonly targets: Pick<Targets, 'issuesCredentials'>;
  },
  request: Request,
): Promise<Shown> {
  const grant = request.state === 'approved' ? ((await store.grant(request.grantId))?.value ?? null) : null;
  const role = findRole(policy, request.role) ?? null;
  return {
    request,
    grant,
    role,
    roleName: roleNameIn(policy, request.role),
    ...possibleWith({ policy, targets }, grant),
  };
}

/** What the holder of a grant can do besides ending it. */
export const possibleWith = (
  { policy, targets }: { readonly policy: Policy; readonly targets: Pick<Targets, 'issuesCredentials'> },
  grant: Grant | null,
): Pick<NoticeInput, 'hasCredential' | 'canExtend'> => ({
  hasCredential: grant?.state === 'active' && targets.issuesCredentials(grant.resourceId),
  canExtend: grant?.state === 'active' && extensionLeft({ policy }, grant) > 0,
});

/** `Payments database (read)` */
export function roleNameIn(policy: Policy, key: string): string {
  const role = findRole(policy, key);
  const resource = role && policy.resources.get(role.resourceId);
  return role && resource ? `${resource.name} (${role.name})` : key;
}
