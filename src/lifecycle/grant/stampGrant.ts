import { isLive } from '../../domain/grant.ts';
import { ConflictError } from '../../ports/store.ts';
import type { Deps } from '../deps.ts';

/** Job key: every live grant that an earlier version of the bot gave. Any other key is one grant's id. */
export const EARLIER_GRANTS = 'earlier';
const PAGE = 100;

/**
 * Earlier versions did not write down where a grant was given, nor what it touched by the target's own ids. The first start
 * of this version does, while the policy and the names are still as they were then.
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
        // Somebody was faster, most likely its end. Whatever is still without a place is found by the next try.
        if (!(error instanceof ConflictError)) throw error;
      }
    }
    if (page.length < PAGE) return null;
  }
}

/** Asks the target for its own ids of what a grant touched. @throws what the target threw; it is tried again */
function stampIds(deps: Deps, grantId: string): Promise<null> {
  return deps.grantLock(grantId, async () => {
    const grant = (await deps.store.grant(grantId))?.value;
    if (grant && isLive(grant)) await deps.targets.stamp(grant);
    return null;
  });
}
