import type { NewEvent } from '../../domain/events.ts';
import { isLive, type LiveGrant } from '../../domain/grant.ts';
import { BOT } from '../../domain/person.ts';
import type { Resource } from '../../domain/policy.ts';
import type { DriftFinding } from '../../domain/records.ts';
import type { JobHandler } from '../../ports/jobs.ts';
import { StorageError } from '../../ports/store.ts';
import type { Holding } from '../../ports/targets.ts';
import type { Deps } from '../deps.ts';

/**
 * What targets hold, compared with what the ledger says. Three things can differ: something that the bot made is
 * still there after its grant has ended (leftover); somebody holds a role whom nobody granted it (standing); and
 * access that should be there is not (missing).
 */

export const createDriftRound = (deps: Deps): JobHandler => {
  return async () => {
    for (const resource of deps.policy.resources.values()) {
      try {
        await tidy(deps, resource);
        if (!deps.targets.canList(resource.id)) continue;
        await compareResource(deps, resource);
      } catch (error) {
        // A target that is down, or that was changed meanwhile, is looked at in the next round; the others now.
        if (error instanceof StorageError) throw error;
        deps.log.warn({ err: error, resource: resource.id }, 'a target could not be compared with the ledger');
      }
    }
    return { notBefore: deps.clock.now() + deps.policy.driftEvery };
  };
};

/** What could not be cleaned up when access ended, because somebody was using it, is tried again in each round. */
async function tidy(deps: Deps, { id }: Resource): Promise<void> {
  try {
    await deps.targets.tidy(id);
  } catch (error) {
    deps.log.warn({ err: error, resource: id }, 'what ended access left behind could not be cleaned up yet');
  }
}

async function compareResource(deps: Deps, resource: Resource): Promise<void> {
  // Live before and after, so that what begins or ends meanwhile is not taken for drift.
  const before = await liveOn(deps, resource.id);
  const holdings = await deps.targets.list(resource);
  const after = await liveOn(deps, resource.id);
  const found: { finding: DriftFinding; holding: Holding | null }[] = [];
  for (const holding of holdings) {
    const { grantId } = holding;
    if (grantId !== null && (before.has(grantId) || after.has(grantId))) continue;
    const kind = grantId === null ? 'standing' : await kindOf(deps, grantId);
    if (kind === null || resource.drift.expected.includes(holding.account)) continue;
    const { account, role } = holding;
    found.push({ finding: { kind, role, account, grantId }, holding });
  }
  for (const grant of after.values()) {
    // Past its end it may be gone already, with the record still to come.
    if (grant.endsAt <= deps.clock.now()) continue;
    if (before.get(grant.id)?.state !== 'active' || grant.state !== 'active') continue;
    if (holdings.some(({ grantId }) => grantId === grant.id) || (await isThere(deps, grant.id))) continue;
    const { role, activation, id } = grant;
    found.push({ finding: { kind: 'missing', role, account: activation.account, grantId: id }, holding: null });
  }
  await report(deps, resource, found);
}

const liveOn = async (deps: Deps, resourceId: string): Promise<ReadonlyMap<string, LiveGrant>> =>
  new Map((await deps.store.liveGrants({ resourceId })).map(({ value }) => [value.id, value]));

/** Something that was made for a grant: left behind by one that ended; or of a ledger that is not ours. */
async function kindOf(deps: Deps, grantId: string): Promise<'leftover' | 'standing' | null> {
  const grant = (await deps.store.grant(grantId))?.value;
  if (!grant) return 'standing';
  return isLive(grant) ? null : 'leftover';
}

/** Asked again under the grant's lock, where nobody else is at it. */
const isThere = (deps: Deps, grantId: string): Promise<boolean> =>
  deps.grantLock(grantId, async () => {
    const grant = (await deps.store.grant(grantId))?.value;
    return grant?.state !== 'active' || deps.targets.isActive(grant);
  });

const keyOf = (finding: DriftFinding): string => JSON.stringify(finding);

/** Tells of what is new and of what is no longer so, and removes what the policy says, where that is safe. */
async function report(
  deps: Deps,
  resource: Resource,
  found: readonly { finding: DriftFinding; holding: Holding | null }[],
): Promise<void> {
  const record = await deps.store.record('drift', resource.id);
  const known = new Map((record.value ?? []).map((finding) => [keyOf(finding), finding]));
  const now = new Map(found.map(({ finding }) => [keyOf(finding), finding]));
  const remaining = new Map(now);
  const events: NewEvent[] = [];
  const say = (type: 'drift.found' | 'drift.removed' | 'drift.gone', finding: DriftFinding) =>
    events.push({
      type,
      actor: BOT,
      requestId: null,
      grantId: finding.grantId,
      payload: { resource: resource.id, ...finding },
    });
  for (const [key, finding] of known) if (!now.has(key)) say('drift.gone', finding);
  for (const { finding } of found) if (!known.has(keyOf(finding))) say('drift.found', finding);
  // Nothing is removed before it is on record that it was found.
  const isNew = events.length > 0;
  if (isNew)
    await deps.store.commit({
      records: [{ kind: 'drift', key: resource.id, value: [...now.values()], version: record.version }],
      events: events.splice(0),
    });
  for (const { finding, holding } of found) {
    if (!holding || finding.kind === 'missing' || !resource.drift.remove.includes(finding.kind)) continue;
    // Of a grant that this ledger never saw, nobody here can say whether it is live.
    if (finding.kind === 'standing' && finding.grantId !== null) continue;
    try {
      await deps.targets.remove(resource.id, holding);
    } catch (error) {
      deps.log.error(
        { err: error, resource: resource.id, ...finding },
        'drift could not be removed; it is tried again',
      );
      continue;
    }
    say('drift.removed', finding);
    remaining.delete(keyOf(finding));
  }
  if (events.length > 0)
    await deps.store.commit({
      records: [
        {
          kind: 'drift',
          key: resource.id,
          value: [...remaining.values()],
          version: record.version + (isNew ? 1 : 0),
        },
      ],
      events,
    });
}
