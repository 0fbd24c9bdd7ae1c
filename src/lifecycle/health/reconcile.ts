/**
 * After a restore: access that targets hold with the bot's mark, and that is not live in the copy, was granted after the copy
 * was made. It is revoked and read back as gone. Nothing is granted before that, nor until an administrator has looked at the rest.
 */

import type { NewEvent } from '../../domain/events.ts';
import { isLive } from '../../domain/grant.ts';
import { BOT } from '../../domain/person.ts';
import type { Resource } from '../../domain/policy.ts';
import { SECOND } from '../../domain/terms.ts';
import { counted, problemText } from '../../domain/text.ts';
import type { JobHandler } from '../../ports/jobs.ts';
import { StorageError } from '../../ports/store.ts';
import type { Holding } from '../../ports/targets.ts';
import type { Deps } from '../deps.ts';

/** After this many failures a target is named to the administrator, so that the others do not wait for ever. */
const TRIES = 6;
const LOOK_AGAIN = 2 * SECOND;

export const createReconcile = (deps: Deps): JobHandler => {
  let taken = 0;
  return async (_key, attempt) => {
    if (!deps.integrity.isRestored()) return null;
    // Access that the copy calls live ends first; if it becomes overdue, that is reported as usual.
    const ending = (await deps.store.liveGrants({})).filter(({ value }) => value.state !== 'overdue');
    if (ending.length > 0) return { notBefore: deps.clock.now() + LOOK_AGAIN, waiting: true };
    const unseen: string[] = [];
    let failure: unknown;
    for (const resource of deps.policy.resources.values()) {
      const { id } = resource;
      if (!deps.targets.showsMarks(id)) {
        unseen.push(`${id} (its target does not say for which grant it gave something)`);
        continue;
      }
      try {
        taken += await takeUnknown(deps, resource);
      } catch (error) {
        if (error instanceof StorageError) throw error;
        deps.log.error({ err: error, resource: id }, 'a target could not be compared with the ledger after a restore');
        failure = error;
        unseen.push(`${id} (${problemText(error)})`);
      }
    }
    if (failure !== undefined && attempt < TRIES) throw failure;
    await conclude(deps, taken, unseen);
    return null;
  };
};

/** Takes back what a target holds and the copy does not know as live. @returns how many were taken back */
async function takeUnknown(deps: Deps, resource: Resource): Promise<number> {
  const found = await unknownOn(deps, resource);
  for (const holding of found) {
    const finding = { ...holding, resource: resource.id, kind: 'standing' as const };
    // The finding is recorded before anything is removed.
    await deps.store.commit({ events: [drift('drift.found', finding)] });
    await deps.targets.remove(resource.id, holding);
    await deps.store.commit({ events: [drift('drift.removed', finding)] });
  }
  const [left] = found.length === 0 ? [] : await unknownOn(deps, resource);
  if (left) throw new Error(`the target still shows the access of ${left.account} after taking it back`);
  return found.length;
}

async function unknownOn(deps: Deps, resource: Resource): Promise<readonly Holding[]> {
  const unknown: Holding[] = [];
  for (const holding of await deps.targets.list(resource)) {
    if (holding.grantId === null) continue;
    const grant = (await deps.store.grant(holding.grantId))?.value;
    // Live access is overdue here: its end is retried for ever.
    if (!grant || !isLive(grant)) unknown.push(holding);
  }
  return unknown;
}

async function conclude(deps: Deps, taken: number, unseen: readonly string[]): Promise<void> {
  const found = `${counted(taken, 'access', 'accesses')} that the copy does not know ${taken === 1 ? 'was' : 'were'} found and taken back`;
  const rest =
    unseen.length === 0
      ? 'every target could say what was granted since'
      : `what was granted since on these has to be looked for by hand: ${unseen.join(', ')}`;
  const problem = `the ledger was put back from a copy: ${found}; ${rest}. A freeze, a rule that owners took out and a lock of one-time codes since the copy are not in it`;
  await deps.store.commit({
    events: [{ ...BY_BOT, grantId: null, type: 'ledger.reconciled', payload: { taken, unseen, problem } }],
  });
  deps.integrity.reconciled(problem);
  deps.log.error({ taken, unseen }, 'targets were compared with the restored ledger; now an administrator has to look');
}

const BY_BOT = { actor: BOT, requestId: null } as const;

const drift = (
  type: 'drift.found' | 'drift.removed',
  { resource, kind, account, role, grantId }: Holding & { resource: string; kind: 'standing' },
): NewEvent => ({ ...BY_BOT, grantId, type, payload: { resource, kind, account, role, grantId } });
