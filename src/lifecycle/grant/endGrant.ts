import type { NewEvent } from '../../domain/events.ts';
import {
  type ActiveGrant,
  conclude,
  type EndReason,
  type Grant,
  isLive,
  isRevoking,
  type LiveGrant,
  OVERDUE_AFTER_FAILURES,
  type ProvisioningGrant,
  type Residue,
  type RevokingGrant,
  startRevoking,
} from '../../domain/grant.ts';
import { type Actor, BOT, isSamePerson, named, personActor } from '../../domain/person.ts';
import { findRole } from '../../domain/policy.ts';
import { type Refused, refuse } from '../../domain/refusal.ts';
import type { Instant } from '../../domain/terms.ts';
import { cut, problemText } from '../../domain/text.ts';
import { type Change, ConflictError, type Versioned } from '../../ports/store.ts';
import type { Deps } from '../deps.ts';
import { isTheirAccount } from '../people/humans.ts';
import { retryOnConflict } from '../request/retryOnConflict.ts';
import { together } from '../together.ts';
import { type EndingAuthority, mayEnd, mayTakeAway, seenIn } from './takingAway.ts';

export type EndCause = { why: EndReason; by: Actor; problem: string | null; isHeld?: true; standingSeenAt?: Instant };

/** Commits that a grant has to end now, and makes its end due. The job touches the target. */
export async function beginEnding(
  deps: Deps,
  loaded: Versioned<ProvisioningGrant | ActiveGrant>,
  ending: EndCause,
): Promise<void> {
  await deps.store.commit(endNow(loaded, ending, deps.clock.now()));
}

const endNow = (loaded: Versioned<ProvisioningGrant | ActiveGrant>, ending: EndCause, now: Instant): Change => ({
  ...revokingChange(loaded, ending, now).change,
  jobs: [{ kind: 'end', key: loaded.value.id, dueAt: now }],
});

/** The change that makes a grant end now, without its due work. */
export function revokingChange(
  { value, version }: Versioned<ProvisioningGrant | ActiveGrant>,
  ending: EndCause,
  now: Instant,
): { revoking: RevokingGrant; change: Change } {
  const revoking = startRevoking(value, ending, now);
  const change: Change = {
    grants: [{ value: revoking, version }],
    events: [
      {
        type: 'grant.revoking',
        actor: ending.by,
        requestId: revoking.requestId,
        grantId: revoking.id,
        payload: {
          role: revoking.role,
          person: named(revoking.person),
          why: ending.why,
          problem: ending.problem,
          ...(ending.standingSeenAt !== undefined && { standingSeenAt: ending.standingSeenAt }),
        },
      },
    ],
    done: [{ kind: 'provision', key: revoking.id }],
  };
  return { revoking, change };
}

/**
 * Somebody ends a grant early: the person who holds it, an administrator, or a reviewer of the role.
 * @returns when the administrator was last confirmed, if Slack cannot confirm it now
 */
export function revokeGrant(
  deps: Deps,
  input: { grantId: string; personId: string },
): Promise<{ grant: Grant; seenAt: Instant | null } | Refused> {
  return retryOnConflict(async () => {
    const loaded = await deps.store.grant(input.grantId);
    if (!loaded) return refuse({ code: 'unknown_grant' });
    const grant = loaded.value;
    if (grant.state !== 'provisioning' && grant.state !== 'active') return refuse({ code: 'not_active' });
    const by = await whoEnds(deps, grant, input.personId);
    if ('refused' in by) return by;
    await beginEnding(
      deps,
      { value: grant, version: loaded.version },
      { why: 'revoked', by: personActor(by.person), problem: null, ...seenIn(by) },
    );
    return { grant, seenAt: by.seenAt };
  });
}

/** An administrator ends several grants at once, with one check of their authority and in one commit. @returns how many */
export async function revokeAll(
  deps: Deps,
  input: { grantIds: readonly string[]; personId: string },
): Promise<{ ended: number; seenAt: Instant | null } | Refused> {
  const by = await mayTakeAway(deps, input.personId, { others: [], no: { code: 'not_an_admin' } });
  if ('refused' in by) return by;
  const ending: EndCause = { why: 'revoked', by: personActor(by.person), problem: null, ...seenIn(by) };
  const ended = await retryOnConflict(async () => {
    const now = deps.clock.now();
    const found = await Promise.all([...new Set(input.grantIds)].map((grantId) => deps.store.grant(grantId)));
    const all = found.flatMap((loaded) =>
      loaded?.value.state === 'provisioning' || loaded?.value.state === 'active'
        ? [endNow({ value: loaded.value, version: loaded.version }, ending, now)]
        : [],
    );
    if (all.length > 0) await deps.store.commit(together(all));
    return all.length;
  });
  return { ended, seenAt: by.seenAt };
}

/** A holder who gives access back is identified by the click, which Slack has signed: no lookup is needed. */
async function whoEnds(
  deps: Deps,
  { person: holder, role: key }: Grant,
  personId: string,
): Promise<EndingAuthority | Refused> {
  if (await isTheirAccount(deps, holder, personId)) return { person: { ...holder, slackId: personId }, seenAt: null };
  const role = findRole(deps.policy, key);
  const others = role ? mayEnd(role) : [];
  const by = await mayTakeAway(deps, personId, { others, no: { code: 'not_yours' } });
  if (!('refused' in by) || by.refused.code !== 'not_yours') return by;
  // It may be the same human under another account of the same mailbox.
  const person = await deps.directory.person(personId);
  return person.known && isSamePerson(person.value, holder, deps.policy.samePerson)
    ? { person: person.value, seenAt: null }
    : by;
}

/**
 * Revokes access when its end is due, reads back that it is gone, and commits. Nothing but that
 * read-back ends a grant. The end was committed with the grant's intent, so that its record keeps no target waiting.
 * @returns when to run again, if the end is not due yet
 * @throws what the target threw; the job runner retries for ever
 */
export function endGrant(deps: Deps, grantId: string, attempt: number): Promise<{ notBefore: number } | null> {
  return deps.grantLock(grantId, async () => {
    const loaded = await deps.store.grant(grantId);
    if (!loaded || !isLive(loaded.value)) return null;
    const grant = loaded.value;
    if ((grant.state === 'active' || grant.state === 'provisioning') && deps.clock.now() < grant.endsAt) {
      return { notBefore: grant.endsAt };
    }
    const { value: revoking, recorded } = commitRevoking(deps, { value: grant, version: loaded.version });
    let left: readonly Residue[];
    try {
      left = await deps.targets.revoke(revoking);
      if (await deps.targets.isActive(revoking)) throw new Error('the target still shows the access after revoking it');
    } catch (error) {
      deps.log.error({ err: error, grantId, role: grant.role, attempt }, 'revoking failed; it is tried again');
      await noteFailure(deps, { value: revoking, ...(await recorded) }, attempt, error);
      throw error;
    }
    // Not when that could be written, which may be seconds later.
    const endedAt = deps.clock.now();
    await commitEnded(deps, { value: revoking, ...(await recorded) }, { left, endedAt });
    return null;
  });
}

/** A grant that ends, and what is on record of that. */
interface Ending {
  readonly value: RevokingGrant;
  /** @throws ConflictError if another commit was faster */
  readonly recorded: Promise<OnRecord>;
}
interface OnRecord {
  readonly version: number;
  /** What could not be recorded. It is recorded together with what comes next. */
  readonly missing: readonly NewEvent[];
}

function commitRevoking(deps: Deps, { value: grant, version }: Versioned<LiveGrant>): Ending {
  if (isRevoking(grant)) return { value: grant, recorded: Promise.resolve({ version, missing: [] }) };
  const ending: EndCause =
    grant.state === 'active'
      ? { why: grant.endsBecause, by: BOT, problem: null }
      : { why: 'provision_failed', by: BOT, problem: 'its time was over before it could be given' };
  const { revoking, change } = revokingChange({ value: grant, version }, ending, deps.clock.now());
  const recorded = deps.store.commit(change).then(
    () => ({ version: version + 1, missing: [] }),
    async (error: unknown) => {
      // If another commit was faster, the row has changed by now. If not, the database itself refuses the change.
      if (error instanceof ConflictError && (await deps.store.grant(grant.id))?.version !== version) throw error;
      deps.log.error({ err: error, grantId: grant.id }, 'cannot record that a grant ends; it is still taken back');
      return { version, missing: change.events ?? [] };
    },
  );
  // It is waited for only after the target has answered.
  recorded.catch(() => undefined);
  return { value: revoking, recorded };
}

async function noteFailure(
  deps: Deps,
  { value: grant, version, missing }: Versioned<RevokingGrant> & OnRecord,
  attempt: number,
  error: unknown,
): Promise<void> {
  const problem = problemText(error);
  // Retrying is pointless if the policy does not reach the place: people have to know at once.
  if (grant.state === 'overdue' || (attempt < OVERDUE_AFTER_FAILURES && isReachable(deps, grant))) return;
  await deps.store.commit({
    grants: [{ value: { ...grant, state: 'overdue' }, version }],
    events: [
      ...missing,
      {
        type: 'grant.overdue',
        actor: BOT,
        requestId: grant.requestId,
        grantId: grant.id,
        payload: { role: grant.role, person: named(grant.person), failures: attempt, problem },
      },
    ],
  });
}

/** Whether the place of the grant can be reached. */
export const isReachable = ({ targets }: Pick<Deps, 'targets'>, { place, resourceId }: Grant): boolean =>
  place === null ? targets.placeOf(resourceId) !== null : targets.knowsPlace(place);

async function commitEnded(
  deps: Deps,
  { value: grant, version, missing }: Versioned<RevokingGrant> & OnRecord,
  { left, endedAt }: { left: readonly Residue[]; endedAt: Instant },
): Promise<void> {
  const about = { actor: BOT, requestId: grant.requestId, grantId: grant.id } as const;
  const whose = { role: grant.role, person: named(grant.person) };
  await deps.store.commit({
    grants: [{ value: conclude(grant, endedAt), version }],
    events: [
      ...missing,
      grant.why === 'provision_failed'
        ? { ...about, type: 'grant.failed', payload: { ...whose, problem: grant.problem ?? 'unknown' } }
        : {
            ...about,
            type: 'grant.ended',
            payload: { ...whose, why: grant.why, ...openAfter(deps, grant, endedAt), ...leftAfter(left) },
          },
    ],
    done: [{ kind: 'end', key: grant.id }],
  });
}

/** Limit of leftovers named in the event. Holders choose the names, so the list could be longer than anybody can read. */
const LEFT_MAX = 50;
const LEFT_TEXT = 300;

function leftAfter(left: readonly Residue[]): { left?: readonly Residue[] } {
  if (left.length === 0) return {};
  const kept = left
    .slice(0, LEFT_MAX)
    .map(({ what, done }) => ({ what: cut(what, LEFT_TEXT), done: cut(done, LEFT_TEXT) }));
  const more = left.length - kept.length;
  if (more > 0) kept.push({ what: `${more} more`, done: 'the log of the bot names them' });
  return { left: kept };
}

/** When the last session of the access will have ended. */
function openAfter(deps: Deps, grant: RevokingGrant, endedAt: Instant): { openUntil?: Instant | null } {
  const afterlife = deps.targets.afterlife(grant);
  if (!grant.activation || afterlife === undefined) return {};
  return { openUntil: afterlife === null ? null : endedAt + afterlife };
}
