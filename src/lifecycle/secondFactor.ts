import { type NewEvent, named } from '../domain/events.ts';
import { type Person, personActor } from '../domain/person.ts';
import type { SecondFactor } from '../domain/records.ts';
import { type Refused, refuse } from '../domain/refusal.ts';
import { type Instant, MINUTE, type Millis } from '../domain/terms.ts';
import { decideAgain } from './decideAgain.ts';
import type { Deps } from './deps.ts';
import { checkAdmin } from './eligibility.ts';

/** One-time codes: enrolment and checking. Every check is counted before its result is told. */

/** Wrong codes in a row after which no code is taken for a while: with three valid codes at a time, guessing is hopeless. */
const FAILURES_ALLOWED = 5;
const LOCKED_FOR: Millis = 15 * MINUTE;
/** How long a code that was accepted stands for the person who gave it. */
const CONFIRMED_FOR: Millis = 5 * MINUTE;

declare const checked: unique symbol;
/** Proof that somebody gave a right code a moment ago. Only this file makes one. */
export interface ConfirmedFactor {
  readonly [checked]: true;
  readonly personId: string;
  readonly at: Instant;
}

export const isConfirmed = (factor: ConfirmedFactor | null, personId: string, now: Instant): boolean =>
  factor?.personId === personId && now - factor.at <= CONFIRMED_FOR;

/** Whether somebody has set one up. */
export const hasSecondFactor = async (deps: Deps, personId: string): Promise<boolean> =>
  (await deps.store.record('second_factor', personId)).value?.confirmed === true;

/** Takes a code, once: it is used up, or counted as wrong, before anything else happens. */
export function checkSecondFactor(deps: Deps, personId: string, code: string): Promise<ConfirmedFactor | Refused> {
  return decideAgain(async () => {
    const { value, version } = await deps.store.record('second_factor', personId);
    if (!value?.confirmed) return refuse({ code: 'second_factor_missing' });
    const outcome = await judge(deps, { personId, code, factor: value, version });
    return outcome ?? ({ personId, at: deps.clock.now() } as ConfirmedFactor);
  });
}

/** A fresh secret for somebody's authenticator app. It counts only once a code of it was given. */
export function beginEnrolment(deps: Deps, personId: string): Promise<{ secret: string; uri: string } | Refused> {
  return decideAgain(async () => {
    const person = await deps.directory.person(personId);
    if (!person.known) return refuse({ code: 'person_refused', problem: person.problem });
    const { value, version } = await deps.store.record('second_factor', personId);
    if (value?.confirmed) return refuse({ code: 'second_factor_enrolled' });
    const { sealed, secret, uri } = deps.codes.create(person.value.email);
    const fresh = { sealed, confirmed: false, lastStep: 0, failures: 0, lockedUntil: value?.lockedUntil ?? 0 };
    await deps.store.commit({ records: [{ kind: 'second_factor', key: personId, value: fresh, version }] });
    return { secret, uri };
  });
}

export function confirmEnrolment(deps: Deps, personId: string, code: string): Promise<{ enrolled: true } | Refused> {
  return decideAgain(async () => {
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

/** An administrator lets somebody who lost their phone enrol again. */
export function resetSecondFactor(
  deps: Deps,
  input: { adminId: string; personId: string },
): Promise<{ reset: true } | Refused> {
  return decideAgain(async () => {
    const admin = await checkAdmin(deps, input.adminId);
    if ('refused' in admin) return admin;
    const person = await deps.directory.person(input.personId);
    if (!person.known) return refuse({ code: 'person_refused', problem: person.problem });
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
  /** What is recorded where the code is right. */
  readonly events?: readonly NewEvent[];
}

/** @returns what is wrong with the code; null: it was right, and is used up */
async function judge(deps: Deps, { personId, code, factor, version, events = [] }: Attempt): Promise<Refused | null> {
  const now = deps.clock.now();
  if (factor.lockedUntil > now) return refuse({ code: 'second_factor_locked', until: factor.lockedUntil });
  const keep = (value: SecondFactor, more: readonly NewEvent[]) =>
    deps.store.commit({ records: [{ kind: 'second_factor', key: personId, value, version }], events: more });
  const step = deps.codes.stepOf(factor.sealed, code.replace(/\s/g, ''), now);
  if (step !== null && step > factor.lastStep) {
    await keep({ ...factor, confirmed: true, lastStep: step, failures: 0 }, events);
    return null;
  }
  const failures = factor.failures + 1;
  if (failures < FAILURES_ALLOWED) {
    await keep({ ...factor, failures }, []);
    return refuse(
      step === null
        ? { code: 'second_factor_wrong', left: FAILURES_ALLOWED - failures }
        : { code: 'second_factor_used' },
    );
  }
  const lockedUntil = now + LOCKED_FOR;
  const person = await deps.directory.person(personId);
  const locked: NewEvent[] = person.known
    ? [
        about(person.value, {
          type: 'second_factor.locked',
          payload: { person: named(person.value), until: lockedUntil },
        }),
      ]
    : [];
  await keep({ ...factor, failures: 0, lockedUntil }, locked);
  return refuse({ code: 'second_factor_locked', until: lockedUntil });
}

const about = (by: Person, event: Pick<NewEvent & { type: `second_factor.${string}` }, 'type' | 'payload'>): NewEvent =>
  ({ ...event, actor: personActor(by), requestId: null, grantId: null }) as NewEvent;
