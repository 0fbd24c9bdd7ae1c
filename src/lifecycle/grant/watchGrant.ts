/**
 * Access that was given for a shift or an incident ends with it. The end of a shift is known beforehand; a swapped
 * shift or a resolved incident is found by asking (PagerDuty's webhooks only make it
 * sooner). A missing answer changes nothing: access then ends as planned.
 */

import { isCanary } from '../../domain/canary.ts';
import type { OnCallEntry } from '../../domain/evidence.ts';
import { type ActiveGrant, isWatched, retie, type Ties } from '../../domain/grant.ts';
import { BOT, named, type Person } from '../../domain/person.ts';
import { type Instant, MINUTE, type Millis } from '../../domain/terms.ts';
import type { Job } from '../../ports/jobs.ts';
import { StorageError, type Versioned } from '../../ports/store.ts';
import type { Deps } from '../deps.ts';
import { offerToSuccessors } from '../request/offerAccess.ts';
import { retryOnConflict } from '../request/retryOnConflict.ts';
import { takeBackUnrecorded } from './endTogether.ts';

/** How often PagerDuty is asked about a grant's shift and incident. */
const WATCH_EVERY: Millis = 5 * MINUTE;
/** Longest time between the reminder and the end; a quarter of the duration for short grants. */
const REMIND_BEFORE: Millis = 10 * MINUTE;

/** The due work of an active grant before its end. */
export function watchJobs(grant: ActiveGrant, now: Instant): Job[] {
  if (isCanary(grant.person)) return [];
  const lead = Math.min(REMIND_BEFORE, (grant.endsAt - grant.activation.at) / 4);
  const jobs: Job[] = [{ kind: 'remind', key: grant.id, dueAt: Math.max(now, Math.floor(grant.endsAt - lead)) }];
  const watchAt = nextWatch(grant.ties, now);
  if (watchAt !== null) jobs.push({ kind: 'watch', key: grant.id, dueAt: watchAt });
  return jobs;
}

function nextWatch(ties: Ties, now: Instant): Instant | null {
  if (!isWatched(ties)) return null;
  const shiftEnd = ties.shift && !ties.shift.over ? ties.shift.end : null;
  return Math.min(now + WATCH_EVERY, Math.max(now, shiftEnd ?? Infinity));
}

/** By grant: a shift or incident that is over, where the database could not record it. Its grace has begun and does not begin again. */
export type UnrecordedTies = Map<string, { readonly ties: Ties; readonly version: number }>;

/**
 * Checks whether the shift and the incident of a grant still hold, and moves its end if they do not. If that cannot be
 * recorded, the end happens at the target all the same.
 */
export function watchGrant(
  deps: Deps,
  grantId: string,
  unrecorded: UnrecordedTies = new Map(),
): Promise<{ notBefore: number } | null> {
  return retryOnConflict(async () => {
    const loaded = await deps.store.grant(grantId);
    if (loaded?.value.state !== 'active') {
      unrecorded.delete(grantId);
      return null;
    }
    const grant = { value: loaded.value, version: loaded.version };
    const seen = unrecorded.get(grantId);
    const ties = await tiesNow(
      deps,
      loaded.value.person,
      seen?.version === grant.version ? seen.ties : grant.value.ties,
    );
    const again = nextWatch(ties, deps.clock.now());
    if (JSON.stringify(ties) !== JSON.stringify(grant.value.ties)) {
      try {
        await commitTies(deps, grant, ties);
      } catch (error) {
        if (error instanceof StorageError) await endUnrecorded(deps, grant, ties, unrecorded);
        throw error;
      }
    }
    unrecorded.delete(grantId);
    return again === null ? null : { notBefore: again };
  });
}

async function endUnrecorded(
  deps: Deps,
  grant: Versioned<ActiveGrant>,
  ties: Ties,
  unrecorded: UnrecordedTies,
): Promise<void> {
  unrecorded.set(grant.value.id, { ties, version: grant.version });
  const { endsAt, endsBecause } = retie(grant.value, { ties });
  if (endsAt <= deps.clock.now()) await takeBackUnrecorded(deps, grant, { why: endsBecause, by: BOT, problem: null });
}

async function tiesNow(deps: Deps, person: Person, ties: Ties): Promise<Ties> {
  const now = deps.clock.now();
  const { shift, incident } = ties;
  const [entries, found] = await Promise.all([
    shift && !shift.over ? deps.onCall.entries(person, 'check') : null,
    incident && incident.resolvedAt === null ? deps.onCall.incident(incident.id, 'check') : null,
  ]);
  let next = ties;
  if (shift && entries) {
    // After its planned end the shift is over, even if PagerDuty does not answer.
    const isPast = shift.end !== null && shift.end <= now;
    const current = entries.known
      ? entries.value.find((entry) => isSameShift(entry, shift) && isCurrent(entry, now))
      : null;
    if (isPast) next = { ...next, shift: { ...shift, over: true } };
    else if (entries.known && !current) next = { ...next, shift: { ...shift, end: now, over: true } };
    // The end never moves later. If the shift became longer, the person can ask for an extension.
    else if (current && current.end !== null && (shift.end === null || current.end < shift.end))
      next = { ...next, shift: { ...shift, end: current.end } };
  }
  if (incident && found?.known && found.value.status === 'resolved')
    next = { ...next, incident: { ...incident, resolvedAt: now } };
  return next;
}

/** Another level counts as the same shift only if the rule that gave the access accepts it. */
const isSameShift = (entry: OnCallEntry, shift: NonNullable<Ties['shift']>): boolean => {
  const { min, max } = shift.levels ?? { min: shift.level, max: shift.level };
  const isLevelAccepted = entry.level >= min && (max === null || entry.level <= max);
  const isSamePlace = shift.schedule === null || entry.schedule?.id === shift.schedule.id;
  return entry.escalationPolicy.id === shift.escalationPolicy.id && isSamePlace && isLevelAccepted;
};

const isCurrent = (entry: OnCallEntry, at: Instant): boolean =>
  (entry.start ?? at) <= at && (entry.end === null || entry.end > at);

async function commitTies(deps: Deps, { value: grant, version }: Versioned<ActiveGrant>, ties: Ties): Promise<void> {
  const next = retie(grant, { ties });
  const shiftIsOver = ties.shift?.over === true && grant.ties.shift?.over === false;
  const offers = shiftIsOver ? await offerToSuccessors(deps, next) : [];
  const isSooner = next.endsAt < grant.endsAt;
  // Report it even if the end was planned so: its reason is over now.
  const isNews = isSooner || shiftIsOver;
  await deps.store.commit({
    grants: [{ value: next, version }],
    events: [
      ...(isNews
        ? ([
            {
              type: 'grant.shortened',
              actor: BOT,
              requestId: grant.requestId,
              grantId: grant.id,
              payload: { role: grant.role, person: named(grant.person), endsAt: next.endsAt, why: next.endsBecause },
            },
          ] as const)
        : []),
      ...offers,
    ],
    jobs: isSooner
      ? [
          { kind: 'end', key: grant.id, dueAt: next.endsAt },
          { kind: 'remind', key: grant.id, dueAt: next.endsAt },
        ]
      : [],
  });
}
