/** A point in time: milliseconds since 1970-01-01 UTC. */
export type Instant = number;
/** A length of time in milliseconds. */
export type Millis = number;

export const SECOND: Millis = 1_000;
export const MINUTE: Millis = 60 * SECOND;
export const HOUR: Millis = 60 * MINUTE;

/** The last moment that four digits of a year can name. */
const LAST_INSTANT: Instant = 253_402_300_799_999;

/** Whether a number is a point in time that people and programs can write down. */
export const isInstant = (value: number): value is Instant =>
  Number.isInteger(value) && value >= 0 && value <= LAST_INSTANT;

/** Something asked of the outside world: an answer, or the problem that kept us from having one. */
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

/** Marks a switch that must handle every case; reaching it is a fault in the program. */
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

/** `payments-db/read`: what names a role, {@link roleKey}. Where something is stored or recorded, `role` is always this key. */
export type RoleKey = string;
