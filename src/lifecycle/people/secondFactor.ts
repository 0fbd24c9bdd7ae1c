/** One-time codes: enrolment and checking. Every check is counted before its result is told. */

import type { NewEvent } from '../../domain/events.ts';
import { accountsBeside, isSameHuman, mailboxOf, named, type Person, personActor } from '../../domain/person.ts';
import type { Guesses, SecondFactor } from '../../domain/records.ts';
import { type Refused, refuse } from '../../domain/refusal.ts';
import { HOUR, type Instant, MINUTE, type Millis } from '../../domain/terms.ts';
import type { RecordChange } from '../../ports/store.ts';
import type { Deps } from '../deps.ts';
import { retryOnConflict } from '../request/retryOnConflict.ts';
import { checkAdmin } from './eligibility.ts';
import { humanBehind } from './humans.ts';

/** Wrong codes in a row before a pause: with three valid codes at a time, guessing is hopeless. */
const FAILURES_ALLOWED = 5;
/** The first pause. Each one within a day of the one before is twice as long, up to the longest. */
const FIRST_PAUSE: Millis = 15 * MINUTE;
const LONGEST_PAUSE: Millis = 24 * HOUR;
/** After this long without a pause, the next one is short again. A right code alone does not reset it. */
const FORGOTTEN_AFTER: Millis = 24 * HOUR;
const NO_GUESSES: Guesses = { failures: 0, lockedUntil: 0, pauses: 0 };
/** How long an accepted code counts for the person who gave it. */
const CONFIRMED_FOR: Millis = 5 * MINUTE;

const UNREADABLE =
  'one-time codes cannot be read with JIT_SECRET_KEY: set the key that they were made with as JIT_SECRET_KEY_BEFORE, or reset them';

declare const checked: unique symbol;
/** Proof that somebody gave a right code within the last minutes. Only this file creates it. */
export interface ConfirmedFactor {
  readonly [checked]: true;
  readonly personId: string;
  readonly at: Instant;
}

export const isConfirmed = (factor: ConfirmedFactor | null, personId: string, now: Instant): boolean =>
  factor?.personId === personId && now - factor.at <= CONFIRMED_FOR;

/** Whether somebody has set up one-time codes. */
export const hasSecondFactor = async (deps: Deps, personId: string): Promise<boolean> =>
  (await deps.store.record('second_factor', personId)).value?.confirmed === true;

/** Checks a code once: it is used up, or counted as wrong, before anything else happens. */
export function checkSecondFactor(deps: Deps, personId: string, code: string): Promise<ConfirmedFactor | Refused> {
  return retryOnConflict(async () => {
    const { value, version } = await deps.store.record('second_factor', personId);
    if (!value?.confirmed) return refuse({ code: 'second_factor_missing' });
    const outcome = await judge(deps, { personId, code, factor: value, version });
    return outcome ?? ({ personId, at: deps.clock.now() } as ConfirmedFactor);
  });
}

/** Creates a secret for somebody's authenticator app. It counts only after a code of it was given. */
export function beginEnrolment(deps: Deps, personId: string): Promise<{ secret: string; uri: string } | Refused> {
  return retryOnConflict(async () => {
    const person = await deps.directory.person(personId);
    if (!person.known) return refuse({ code: 'person_refused', problem: person.problem });
    const { value, version } = await deps.store.record('second_factor', personId);
    if (value?.confirmed) return refuse({ code: 'second_factor_enrolled' });
    const { sealed, secret, uri } = deps.codes.create(person.value.email);
    const fresh = { sealed, confirmed: false, lastStep: 0, human: mailboxOf(person.value.email) };
    await deps.store.commit({ records: [{ kind: 'second_factor', key: personId, value: fresh, version }] });
    return { secret, uri };
  });
}

export function confirmEnrolment(deps: Deps, personId: string, code: string): Promise<{ enrolled: true } | Refused> {
  return retryOnConflict(async () => {
    const person = await deps.directory.person(personId);
    if (!person.known) return refuse({ code: 'person_refused', problem: person.problem });
    const { value, version } = await deps.store.record('second_factor', personId);
    if (!value) return refuse({ code: 'second_factor_missing' });
    if (value.confirmed) return refuse({ code: 'second_factor_enrolled' });
    const events = [about(person.value, { type: 'second_factor.enrolled', payload: { person: named(person.value) } })];
    const outcome = await judge(deps, { personId, code, factor: value, version, events });
    return outcome ?? { enrolled: true };
  });
}

/** An administrator resets the codes of somebody who lost their phone. The event notifies that person. */
export function resetSecondFactor(
  deps: Deps,
  input: { adminId: string; personId: string },
): Promise<{ reset: true } | Refused> {
  return retryOnConflict(async () => {
    const admin = await checkAdmin(deps, input.adminId);
    if ('refused' in admin) return admin;
    const person = await deps.directory.person(input.personId);
    if (!person.known) return refuse({ code: 'person_refused', problem: person.problem });
    const [own, theirs] = await Promise.all([humanBehind(deps, admin.person), humanBehind(deps, person.value)]);
    if (isSameHuman(own, theirs)) return refuse({ code: 'own_second_factor' });
    const unseen = own.unseen ?? theirs.unseen;
    if (unseen) return refuse({ code: 'eligibility_unknown', problem: unseen });
    const { value, version } = await deps.store.record('second_factor', input.personId);
    if (!value) return refuse({ code: 'second_factor_missing' });
    await deps.store.commit({
      records: [{ kind: 'second_factor', key: input.personId, value: null, version }],
      events: [about(admin.person, { type: 'second_factor.reset', payload: { person: named(person.value) } })],
    });
    return { reset: true };
  });
}

interface Attempt {
  readonly personId: string;
  readonly code: string;
  readonly factor: SecondFactor;
  readonly version: number;
  /** Events to record if the code is right. */
  readonly events?: readonly NewEvent[];
}

/** @returns the refusal; null if the code was right, and is used up now */
async function judge(deps: Deps, attempt: Attempt): Promise<Refused | null> {
  const { personId, code, factor, version, events = [] } = attempt;
  if (!deps.codes.canOpen(factor.sealed)) {
    deps.log.error({ personId }, UNREADABLE);
    return refuse({ code: 'second_factor_unreadable' });
  }
  const now = deps.clock.now();
  const human = humanOf(deps, attempt);
  const { value, version: guessVersion } = await deps.store.record('factor_guesses', human);
  const guesses = value ?? NO_GUESSES;
  if (guesses.lockedUntil > now) return refuse({ code: 'second_factor_locked', until: guesses.lockedUntil });
  const count = (next: Guesses) =>
    ({ kind: 'factor_guesses', key: human, value: next, version: guessVersion }) as const;
  const step = deps.codes.stepOf(factor.sealed, code.replace(/\s/g, ''), now);
  if (step !== null && step > factor.lastStep) {
    const sealed = deps.codes.resealed(factor.sealed);
    const used = { ...factor, sealed, confirmed: true, lastStep: step };
    const records: RecordChange[] = [{ kind: 'second_factor', key: personId, value: used, version }];
    if (guesses.failures > 0) records.push(count({ ...guesses, failures: 0 }));
    await deps.store.commit({ records, events });
    return null;
  }
  const failures = guesses.failures + 1;
  if (failures < FAILURES_ALLOWED) {
    await deps.store.commit({ records: [count({ ...guesses, failures })] });
    return refuse(
      step === null
        ? { code: 'second_factor_wrong', left: FAILURES_ALLOWED - failures }
        : { code: 'second_factor_used' },
    );
  }
  const paused = pause(guesses, now);
  await deps.store.commit({ records: [count(paused)], events: await lockedEvents(deps, personId, paused.lockedUntil) });
  return refuse({ code: 'second_factor_locked', until: paused.lockedUntil });
}

/** The human that wrong codes count for: more accounts do not give more guesses. */
const humanOf = ({ policy }: Pick<Deps, 'policy'>, { personId, factor }: Attempt): string => {
  const beside = accountsBeside(personId, policy.samePerson);
  return beside.length > 0 ? ([...beside, personId].sort()[0] ?? personId) : factor.human || personId;
};

function pause({ lockedUntil, pauses }: Guesses, now: Instant): Guesses {
  const earlier = now - lockedUntil >= FORGOTTEN_AFTER ? 0 : pauses;
  const length = Math.min(FIRST_PAUSE * 2 ** earlier, LONGEST_PAUSE);
  return { failures: 0, lockedUntil: now + length, pauses: earlier + 1 };
}

async function lockedEvents(deps: Deps, personId: string, until: Instant): Promise<NewEvent[]> {
  const person = await deps.directory.person(personId);
  if (!person.known) return [];
  return [about(person.value, { type: 'second_factor.locked', payload: { person: named(person.value), until } })];
}

const about = (by: Person, event: Pick<NewEvent & { type: `second_factor.${string}` }, 'type' | 'payload'>): NewEvent =>
  ({ ...event, actor: personActor(by), requestId: null, grantId: null }) as NewEvent;
