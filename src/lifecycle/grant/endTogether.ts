/** Several grants end for one reason, and none keeps another waiting; nor does a database that takes no write. */

import { inSlices } from '../../concurrency/slices.ts';
import { type ActiveGrant, type ProvisioningGrant, startRevoking } from '../../domain/grant.ts';
import { StorageError, type Versioned } from '../../ports/store.ts';
import type { Deps } from '../deps.ts';
import { beginEnding, type EndCause } from './endGrant.ts';

type Ending = Versioned<ProvisioningGrant | ActiveGrant>;

/** Commits that are asked for together share a sync of the disk. */
const AT_ONCE = 50;

/**
 * Begins the end of each. What cannot be recorded is taken back at its target all the same.
 * @throws the first problem, if any end could not be recorded: the caller is due work, and is done again
 */
export async function endTogether(deps: Deps, grants: readonly Ending[], cause: EndCause): Promise<void> {
  let isWritable = true;
  const tried = await inSlices(grants, AT_ONCE, async (grant) => {
    // A database that another program holds makes each commit wait: once is enough.
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

/** Takes access back at its target, and reads that back, without a record of it. The grant stays as it is in the ledger. */
export function takeBackUnrecorded(deps: Deps, { value, version }: Ending, cause: EndCause): Promise<void> {
  return deps.grantLock(value.id, async () => {
    // If another commit was faster, its reason counts, and this one is decided again.
    if ((await deps.store.grant(value.id))?.version !== version) return;
    deps.log.error(
      { grantId: value.id, why: cause.why },
      'cannot record that a grant ends; taking it back all the same',
    );
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
