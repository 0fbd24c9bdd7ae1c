import type { Grant } from '../domain/grant.ts';
import { type Meter, metered } from '../ports/meter.ts';
import type { Targets } from '../ports/targets.ts';

/** Wraps targets to count and time every grant, revoke, check and credential, by kind of target. */
export function meteredTargets<T extends Targets>(targets: T, meter: Meter): T {
  const count = <A>(verb: string, grant: Grant, work: () => Promise<A>): Promise<A> =>
    metered(meter, { service: 'target', kind: kindOf(targets, grant), verb }, work);
  return {
    ...targets,
    grant: (grant, expiresAt) => count('grant', grant, () => targets.grant(grant, expiresAt)),
    revoke: (grant) => count('revoke', grant, () => targets.revoke(grant)),
    isActive: (grant) => count('read_back', grant, () => targets.isActive(grant)),
    issueCredential: (grant) => count('issue_credential', grant, () => targets.issueCredential(grant)),
  };
}

/**
 * A place begins with the kind. Empty if an earlier version did not record the place and the policy does not say
 * either.
 */
const kindOf = (targets: Pick<Targets, 'placeOf'>, { place, resourceId }: Grant): string =>
  (place ?? targets.placeOf(resourceId) ?? '').split(' ')[0] ?? '';
