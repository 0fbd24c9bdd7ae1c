import { findRole } from '../../domain/policy.ts';
import type { Deps } from '../deps.ts';
import { retryOnConflict } from './retryOnConflict.ts';

/** load → decide → commit, one at a time for roles with limits, whose counts must not change in between. */
export function serializeLimited<T>(
  deps: Deps,
  roles: readonly string[],
  decideAndCommit: () => Promise<T>,
): Promise<T> {
  const work = () => retryOnConflict(decideAndCommit);
  const isLimited = roles.some((role) => (findRole(deps.policy, role)?.limits.length ?? 0) > 0);
  return isLimited ? deps.limitLock('limits', work) : work();
}
