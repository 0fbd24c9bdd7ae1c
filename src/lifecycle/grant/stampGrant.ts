import { isLive } from '../../domain/grant.ts';
import { ConflictError } from '../../ports/store.ts';
import type { Deps } from '../deps.ts';

/** Job key for every live grant from an earlier version. Any other key is a grant's id. */
export const EARLIER_GRANTS = 'earlier';
const PAGE = 100;

/**
 * Earlier versions recorded neither the place of a grant nor what it touched by the target's own ids. The first start
 * of this version does so, while the policy and the names are still the same.
 */
export async function stampGrants(deps: Deps, key: string): Promise<null> {
  if (key !== EARLIER_GRANTS) return stampIds(deps, key);
  let after = '';
  for (;;) {
    const page = await deps.store.liveWithoutPlace(after, PAGE);
    for (const { value: grant, version } of page) {
      const place = deps.targets.placeOf(grant.resourceId);
      after = grant.id;
      if (place === null) {
        deps.log.error(
          { grantId: grant.id, resource: grant.resourceId },
          'live access on a resource that is not in the policy file; put the resource back until it has ended',
        );
        continue;
      }
      try {
        await deps.store.commit({
          grants: [{ value: { ...grant, place }, version }],
          jobs: [{ kind: 'stamp', key: grant.id, dueAt: deps.clock.now() }],
        });
      } catch (error) {
        // Another commit was faster, most likely its end. The next try finds what is still without a place.
        if (!(error instanceof ConflictError)) throw error;
      }
    }
    if (page.length < PAGE) return null;
  }
}

/** Asks the target for its own ids of what a grant touched. @throws what the target threw; it is retried */
function stampIds(deps: Deps, grantId: string): Promise<null> {
  return deps.grantLock(grantId, async () => {
    const grant = (await deps.store.grant(grantId))?.value;
    if (grant && isLive(grant)) await deps.targets.stamp(grant);
    return null;
  });
}
