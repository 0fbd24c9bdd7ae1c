/**
 * The canary: at an interval, a grant to nobody is given, seen at the target, taken back, and seen to be gone. Its request and its grant
 * are like any other's, so that whatever ends access ends this one; here is only what begins it, looks at it and
 * says what became of it.
 */

import { CANARY_ID, type Canary, type CanaryRule, type CanaryRun, nextCanary } from '../../domain/canary.ts';
import { type EventType, type LedgerEvent, type NewEvent, subjectOf } from '../../domain/events.ts';
import { type ActiveGrant, type Grant, isLive } from '../../domain/grant.ts';
import { BOT } from '../../domain/person.ts';
import { type Instant, MINUTE, type Millis } from '../../domain/terms.ts';
import type { Job } from '../../ports/jobs.ts';
import { JOB_KEYS } from '../../ports/keys.ts';
import type { Change, Versioned } from '../../ports/store.ts';
import type { Deps } from '../deps.ts';
import { revokingChange } from '../grant/endGrant.ts';
import { grantingBlocked } from '../health/freeze.ts';
import { refusalReason } from '../request/mayBeGiven.ts';
import { retryOnConflict } from '../request/retryOnConflict.ts';
import { together } from '../together.ts';
import { beginCanary, stateFor } from './beginCanary.ts';
import { type Load, loadCanary, saved } from './canaryState.ts';

/** How often it is tried to begin while something is in the way. */
const AGAIN: Millis = MINUTE;
/** How often it is written down that something still is. */
const HELD_AGAIN: Millis = 5 * MINUTE;
/** How often it is tried to begin, and how often a target is asked that does not show yet what it gave. */
const TRIES = 3;
/** By then the ledger has been checked, and compared with the audit channel. */
const AFTER_START: Millis = MINUTE;
/** A bot that has written nothing for so long was off. */
const OFF: Millis = 5 * MINUTE;

type Next = { readonly notBefore: Instant } | null;

/** When its work is next to be done. */
export const canaryJob = (dueAt: Instant): Job => ({ kind: 'canary', key: JOB_KEYS.canary, dueAt });

/** What becomes of its grant is looked at when it happens. */
export const canaryJobs = (event: LedgerEvent): Job[] =>
  DECISIVE.has(event.type) && subjectOf(event)?.slackId === CANARY_ID ? [canaryJob(event.at)] : [];

const DECISIVE: ReadonlySet<EventType> = new Set([
  'grant.activated',
  'grant.ended',
  'grant.declared_gone',
  'grant.failed',
  'grant.overdue',
]);

/**
 * What a start changes about it. A run that is under way is looked at now, and another begins once the ledger has been checked,
 * which nothing is granted before. A bot that was off owes no result.
 * @param aliveAt when the bot last wrote anything
 */
export async function canaryAtStart(
  { store, policy, clock }: Pick<Deps, 'store' | 'policy' | 'clock'>,
  aliveAt: Instant,
): Promise<Change> {
  const loaded = await loadCanary({ store });
  const { value } = loaded;
  const now = clock.now();
  const wasOff = value !== null && now - aliveAt > OFF;
  return {
    ...(wasOff && saved({ ...value, heldAt: now }, loaded)),
    jobs: policy.canary || value ? [canaryJob(value?.run ? now : now + AFTER_START)] : [],
  };
}

/** Does what is due about the canary. @returns when to look again; null: the policy has none, and none is under way */
export function tendCanary(deps: Deps, attempt: number): Promise<Next> {
  return retryOnConflict(async () => {
    const loaded = await loadCanary(deps);
    const { value } = loaded;
    if (value?.run) return follow(deps, { value, version: loaded.version }, { run: value.run, attempt });
    const rule = deps.policy.canary;
    if (!rule) {
      if (value) await deps.store.commit(saved(null, loaded));
      return null;
    }
    const due = value === null ? deps.clock.now() : nextCanary(value, rule);
    if (value === null || due <= deps.clock.now()) return begin(deps, loaded, { rule, attempt });
    // By the interval that is in force, it is known whether a result is missing.
    if (value.every !== rule.every) await deps.store.commit(saved({ ...value, every: rule.every }, loaded));
    return { notBefore: due };
  });
}

/** @throws what is in the way, while tries are left: it may be gone in a moment */
async function begin(
  deps: Deps,
  loaded: Load,
  { rule, attempt }: { rule: CanaryRule; attempt: number },
): Promise<Next> {
  const now = deps.clock.now();
  const blocked = await grantingBlocked(deps);
  // One at a time: what could not be taken back yet is overdue, and has failed already.
  const isThere = (await deps.store.liveGrants({ slackId: CANARY_ID })).length > 0;
  const held = blocked ? refusalReason(blocked) : null;
  if (held !== null || isThere) {
    const state = stateFor(rule, loaded);
    const heldAt = held === null ? state.heldAt : now;
    const waits: Canary = { ...state, beganAt: loaded.value?.beganAt ?? now, held, heldAt };
    if (loaded.value === null || isNews(loaded.value, waits)) await deps.store.commit(saved(waits, loaded));
    return { notBefore: now + AGAIN };
  }
  const problem = await beginCanary(deps, loaded, rule);
  if (problem === null) return { notBefore: now + rule.lasts };
  if (attempt < TRIES) throw new Error(`the canary cannot begin: ${problem}`);
  const failed: Canary = { ...stateFor(rule, loaded), beganAt: now, held: null };
  return conclude(deps, { value: failed, version: loaded.version }, `it could not begin: ${problem}`);
}

const isNews = (before: Canary, now: Canary): boolean =>
  before.held !== now.held || (now.heldAt ?? 0) - (before.heldAt ?? 0) >= HELD_AGAIN;

async function follow(
  deps: Deps,
  canary: Versioned<Canary>,
  { run, attempt }: { run: CanaryRun; attempt: number },
): Promise<Next> {
  const loaded = await deps.store.grant(run.grantId);
  const grant = loaded?.value;
  if (!grant) return conclude(deps, canary, 'its grant is not in the database');
  if (grant.state === 'active' && run.seen === null)
    return lookAt(deps, canary, { run, grant, version: loaded.version, isLast: attempt >= TRIES });
  if (isLive(grant) && grant.state !== 'overdue')
    return { notBefore: Math.max(grant.endsAt, deps.clock.now() + AGAIN) };
  const cut = cutShort(grant);
  return cut === null ? conclude(deps, canary, problemOf(grant, run)) : letGo(deps, canary, cut);
}

/** What ended a run before the target was asked, and says nothing of the target; null if nothing did. Once it was asked, the bot itself ends it. */
function cutShort(grant: Grant): string | null {
  if (grant.state !== 'ended' && grant.state !== 'failed') return null;
  if (grant.isHeld) return grant.problem;
  if (grant.why === 'frozen') return 'a freeze ended it before the target was asked';
  if (grant.why === 'restored') return 'a restore ended it before the target was asked';
  return grant.by.kind === 'person' ? `${grant.by.name} ended it before the target was asked` : null;
}

/** It is tried again soon, as if it had not begun. */
async function letGo(deps: Deps, canary: Versioned<Canary>, held: string): Promise<Next> {
  const now = deps.clock.now();
  await deps.store.commit(saved({ ...canary.value, run: null, held, heldAt: now }, canary));
  return { notBefore: now + AGAIN };
}

/** Asks the target whether it is there, and ends it whatever the answer. @throws what the target throws; it is asked again */
async function lookAt(
  deps: Deps,
  canary: Versioned<Canary>,
  { run, grant, version, isLast }: { run: CanaryRun; grant: ActiveGrant; version: number; isLast: boolean },
): Promise<Next> {
  const isThere = await deps.targets.isActive(grant);
  if (!isThere && !isLast) throw new Error('the target does not show what it has just given the canary');
  const now = deps.clock.now();
  const seen = { ...run, seen: isThere ? 'there' : 'not there' } as const;
  const { change } = revokingChange({ value: grant, version }, { why: 'revoked', by: BOT, problem: null }, now);
  const end: Job = { kind: 'end', key: grant.id, dueAt: now };
  await deps.store.commit(together([{ ...change, jobs: [end] }, saved({ ...canary.value, run: seen }, canary)]));
  return { notBefore: now + AGAIN };
}

/** What was wrong with a run whose grant is over, or overdue; null if nothing was. */
function problemOf(grant: Grant, { seen }: CanaryRun): string | null {
  if (grant.state === 'overdue') return 'it could not be ended, and is tried again';
  if (grant.state === 'failed') return `it could not be given: ${grant.problem ?? 'unknown'}`;
  if (seen === 'not there') return 'the target did not show what it had just given';
  return seen === 'there' ? null : 'the target never said whether it was there';
}

/** Records what became of it. */
async function conclude(deps: Deps, canary: Versioned<Canary>, problem: string | null): Promise<Next> {
  const { role, run, beganAt } = canary.value;
  const at = deps.clock.now();
  const took = at - beganAt;
  const rule = deps.policy.canary;
  const every = rule?.every ?? canary.value.every;
  const next: Canary = { ...canary.value, every, run: null, last: { at, problem, took } };
  const about = { actor: BOT, requestId: run?.requestId ?? null, grantId: run?.grantId ?? null };
  const event: NewEvent =
    problem === null
      ? { ...about, type: 'canary.passed', payload: { role, took } }
      : { ...about, type: 'canary.failed', payload: { role, problem } };
  await deps.store.commit({ ...saved(next, canary), events: [event] });
  if (problem !== null) deps.log.error({ role, problem }, 'the canary failed');
  return { notBefore: rule ? nextCanary(next, rule) : at };
}
