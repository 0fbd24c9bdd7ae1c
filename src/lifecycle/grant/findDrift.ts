/**
 * Compares targets with the ledger. Three things can differ: something that the bot made is
 * still there after its grant has ended (leftover); somebody holds a role without a grant (standing); and
 * access that should be there is not (missing).
 */

import type { NewEvent } from '../../domain/events.ts';
import { isLive, type LiveGrant } from '../../domain/grant.ts';
import { BOT } from '../../domain/person.ts';
import type { Resource } from '../../domain/policy.ts';
import type { DriftFinding } from '../../domain/records.ts';
import type { JobHandler } from '../../ports/jobs.ts';
import { StorageError } from '../../ports/store.ts';
import type { Holding } from '../../ports/targets.ts';
import type { Deps } from '../deps.ts';

export const createDriftRound = (deps: Deps): JobHandler => {
  return async () => {
    for (const resource of deps.policy.resources.values()) {
      try {
        await tidy(deps, resource);
        if (!deps.targets.canList(resource.id)) continue;
        await compareResource(deps, resource);
      } catch (error) {
        // A target that is down, or that changed meanwhile, is compared in the next round. The others are compared now.
        if (error instanceof StorageError) throw error;
        deps.log.warn({ err: error, resource: resource.id }, 'a target could not be compared with the ledger');
      }
    }
    return { notBefore: deps.clock.now() + deps.policy.driftEvery };
  };
};

/** Retries in each round what could not be cleaned up at the end of access because it was in use. */
async function tidy(deps: Deps, { id }: Resource): Promise<void> {
  try {
    await deps.targets.tidy(id);
  } catch (error) {
    deps.log.warn({ err: error, resource: id }, 'leftovers of ended access could not be cleaned up yet');
  }
}

async function compareResource(deps: Deps, resource: Resource): Promise<void> {
  // Compare with what was live before and after, so that a start or end meanwhile does not look like drift.
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
  for (const id of deps.takenBack) if (before.has(id) && after.get(id)?.state !== 'active') deps.takenBack.delete(id);
  const shown = new Set(holdings.map(({ grantId }) => grantId));
  for (const grant of after.values()) {
    // After its end, access may already be gone without being recorded yet.
    if (grant.endsAt <= deps.clock.now()) continue;
    if (before.get(grant.id)?.state !== 'active' || grant.state !== 'active') continue;
    if (shown.has(grant.id) || deps.takenBack.has(grant.id) || (await isThere(deps, grant.id))) continue;
    const { role, activation, id } = grant;
    found.push({ finding: { kind: 'missing', role, account: activation.account, grantId: id }, holding: null });
  }
  await report(deps, resource, found);
}

const liveOn = async (deps: Deps, resourceId: string): Promise<ReadonlyMap<string, LiveGrant>> =>
  new Map((await deps.store.liveGrants({ resourceId })).map(({ value }) => [value.id, value]));

/** What kind of drift something is that was made for this grant. @returns null if it is none, because the grant is live */
async function kindOf(deps: Deps, grantId: string): Promise<'leftover' | 'standing' | null> {
  const grant = (await deps.store.grant(grantId))?.value;
  if (!grant) return 'standing';
  return isLive(grant) ? null : 'leftover';
}

/** Asks the target again under the grant's lock, while nothing else works on that grant. */
const isThere = (deps: Deps, grantId: string): Promise<boolean> =>
  deps.grantLock(grantId, async () => {
    const grant = (await deps.store.grant(grantId))?.value;
    return grant?.state !== 'active' || deps.targets.isActive(grant);
  });

const keyOf = (finding: DriftFinding): string => JSON.stringify(finding);

type Findings = ReadonlyMap<string, DriftFinding>;

interface Said {
  readonly type: 'drift.found' | 'drift.removed' | 'drift.gone';
  readonly finding: DriftFinding;
}

/** Limit of findings per commit: each blocks the event loop for about a tenth of a millisecond. */
const AT_A_TIME = 100;

/** Reports new and resolved drift, and removes what the policy says, if that is safe. */
async function report(
  deps: Deps,
  resource: Resource,
  found: readonly { finding: DriftFinding; holding: Holding | null }[],
): Promise<void> {
  const record = await deps.store.record('drift', resource.id);
  const known = new Map((record.value ?? []).map((finding) => [keyOf(finding), finding]));
  const now = new Map(found.map(({ finding }) => [keyOf(finding), finding]));
  const remaining = new Map(now);
  const news: Said[] = [];
  for (const [key, finding] of known) if (!now.has(key)) news.push({ type: 'drift.gone', finding });
  for (const { finding } of found) if (!known.has(keyOf(finding))) news.push({ type: 'drift.found', finding });
  // The finding is recorded before anything is removed.
  const version = await recordSaid(deps, resource, news, { before: known, after: now, version: record.version });
  const removed: Said[] = [];
  for (const { finding, holding } of found) {
    if (!holding || finding.kind === 'missing' || !resource.drift.remove.includes(finding.kind)) continue;
    // This ledger never saw the grant, so it may be live in another one.
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
    removed.push({ type: 'drift.removed', finding });
    remaining.delete(keyOf(finding));
  }
  await recordSaid(deps, resource, removed, { before: now, after: remaining, version });
}

/**
 * Records findings a few at a time. In between, the record holds what was reported so far, so that after a crash nothing is
 * reported twice or forgotten.
 * @returns the version that the record has then
 */
async function recordSaid(
  deps: Deps,
  { id }: Resource,
  all: readonly Said[],
  { before, after, version: first }: { before: Findings; after: Findings; version: number },
): Promise<number> {
  const soFar = new Map(before);
  let version = first;
  for (let from = 0; from < all.length; from += AT_A_TIME) {
    const some = all.slice(from, from + AT_A_TIME);
    for (const { type, finding } of some)
      if (type === 'drift.found') soFar.set(keyOf(finding), finding);
      else soFar.delete(keyOf(finding));
    const value = from + AT_A_TIME < all.length ? soFar : after;
    await deps.store.commit({
      records: [{ kind: 'drift', key: id, value: [...value.values()], version }],
      events: some.map(({ type, finding }) => eventOf(id, type, finding)),
    });
    version += 1;
  }
  return version;
}

const eventOf = (resource: string, type: Said['type'], finding: DriftFinding): NewEvent => ({
  type,
  actor: BOT,
  requestId: null,
  grantId: finding.grantId,
  payload: { resource, ...finding },
});
