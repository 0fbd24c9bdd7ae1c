/** Ends several grants for one reason. None waits for another, nor for a database that cannot be written. */

import { inSlices } from '../../concurrency/slices.ts';
import { type ActiveGrant, type ProvisioningGrant, startRevoking } from '../../domain/grant.ts';
import { StorageError, type Versioned } from '../../ports/store.ts';
import type { Deps } from '../deps.ts';
import { beginEnding, type EndCause } from './endGrant.ts';

type Ending = Versioned<ProvisioningGrant | ActiveGrant>;

/** How many ends are begun at once: commits that are requested together share one sync of the disk. */
const AT_ONCE = 200;

/**
 * Begins the end of each grant. If an end cannot be recorded, access is still taken back at its target.
 * @throws the first problem, if any end could not be recorded: the caller is due work and will be retried
 */
export async function endTogether(deps: Deps, grants: readonly Ending[], cause: EndCause): Promise<void> {
  let isWritable = true;
  const tried = await inSlices(grants, AT_ONCE, async (grant) => {
    // If another program holds the database, each commit waits for its timeout. One wait is enough.
    const fault = isWritable ? await faultOf(beginEnding(deps, grant, cause)) : UNWRITABLE;
    if (fault instanceof StorageError) isWritable = false;
    return { grant, fault };
  });
  const unrecorded = tried.filter(({ fault }) => fault !== null);
  const [first] = unrecorded;
  if (!first) return;
  await Promise.allSettled(unrecorded.map(({ grant }) => takeBackUnrecorded(deps, grant, cause)));
  throw first.fault;
}

const UNWRITABLE = new StorageError('the database could not be written a moment ago');

const faultOf = (work: Promise<void>): Promise<unknown> =>
  work.then(
    () => null,
    (error: unknown) => error,
  );

/** Takes access back at its target and reads back that it is gone, without recording it. The grant in the ledger does not change. */
export function takeBackUnrecorded(deps: Deps, { value, version }: Ending, cause: EndCause): Promise<void> {
  return deps.grantLock(value.id, async () => {
    // If another commit was faster, its reason counts, and this one is decided again.
    if ((await deps.store.grant(value.id))?.version !== version) return;
    deps.log.error({ grantId: value.id, why: cause.why }, 'cannot record that a grant ends; it is still taken back');
    const revoking = startRevoking(value, cause, deps.clock.now());
    deps.takenBack.add(value.id);
    try {
      await deps.targets.revoke(revoking);
      if (await deps.targets.isActive(revoking)) throw new Error('the target still shows the access after revoking it');
    } catch (error) {
      deps.log.error({ err: error, grantId: value.id }, 'revoking failed; it is tried again');
      throw error;
    }
  });
}
