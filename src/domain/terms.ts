/** A point in time: milliseconds since 1970-01-01 UTC. */
export type Instant = number;
/** A length of time in milliseconds. */
export type Millis = number;

export const SECOND: Millis = 1_000;
export const MINUTE: Millis = 60 * SECOND;
export const HOUR: Millis = 60 * MINUTE;

/** The last instant with a four-digit year. */
const LAST_INSTANT: Instant = 253_402_300_799_999;

/** Whether a number is an instant that can be written as a date. */
export const isInstant = (value: number): value is Instant =>
  Number.isInteger(value) && value >= 0 && value <= LAST_INSTANT;

/** An answer from the outside world, or the problem that prevented it. */
export type Known<T> =
  | { readonly known: true; readonly value: T }
  | { readonly known: false; readonly problem: string };

export const known = <T>(value: T): Known<T> => ({ known: true, value });
export const unknown = (problem: string): { known: false; problem: string } => ({
  known: false,
  problem,
});

/** Reference to a thing at PagerDuty: its id and the name people know it by. */
export interface Ref {
  readonly id: string;
  readonly name: string;
}

/** Makes the compiler check that a switch handles every case. @throws always: reaching it is a bug */
export function assertNever(value: never): never {
  throw new Error(`unhandled case: ${JSON.stringify(value)}`);
}

/** `90 min`, `1 h`, `1 h 30 min`: how durations are written for people. */
export function durationText(ms: Millis): string {
  const minutes = Math.round(ms / MINUTE);
  if (minutes < 1) return `${Math.round(ms / SECOND)} s`;
  const hours = Math.floor(minutes / 60);
  const rest = minutes % 60;
  if (hours === 0) return `${rest} min`;
  return rest === 0 ? `${hours} h` : `${hours} h ${rest} min`;
}

/** The key of a role, such as `payments-db/read`: see {@link roleKey}. In stored and recorded data, `role` is always this key. */
export type RoleKey = string;
