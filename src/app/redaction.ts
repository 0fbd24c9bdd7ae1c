/** Redacts secrets in text from outside, before people, the ledger or the log see it. */

import type { Strike } from '../domain/secrets.ts';
import type { Log } from '../ports/host.ts';

/**
 * Wraps a port so that its problems and errors contain no secret. Text that people typed, and what they are shown on
 * purpose, such as their own new password, is not changed.
 */
export function withoutSecrets<T extends object>(port: T, strike: Strike): T {
  return new Proxy(port, {
    get: (target, key) => {
      const value: unknown = Reflect.get(target, key, target);
      if (typeof value !== 'function') return value;
      return (...args: unknown[]) => {
        const failed = (error: unknown): never => {
          throw scrubbed(error, strike);
        };
        try {
          const result: unknown = Reflect.apply(value, target, args);
          return result instanceof Promise
            ? result.then((one) => cleaned(one, strike), failed)
            : cleaned(result, strike);
        } catch (error) {
          return failed(error);
        }
      };
    },
  });
}

/** The fields that hold the text of a problem, a finding or a residue. */
const TOLD: readonly string[] = ['problem', 'what', 'fix', 'why', 'note'];

function cleaned(value: unknown, strike: Strike): unknown {
  if (Array.isArray(value)) return value.map((one) => (typeof one === 'object' ? cleaned(one, strike) : one));
  if (value instanceof Map) return new Map([...value].map(([key, one]) => [key, cleaned(one, strike)]));
  if (typeof value !== 'object' || value === null || Object.getPrototypeOf(value) !== Object.prototype) return value;
  const entries = Object.entries(value);
  if (!entries.some(([name, one]) => typeof one === 'string' && TOLD.includes(name))) return value;
  return Object.fromEntries(
    entries.map(([name, one]) => [name, typeof one === 'string' && TOLD.includes(name) ? strike(one) : one]),
  );
}

/**
 * Copies an error with secrets redacted in its message, stack, other texts and cause. Objects that it refers to, such
 * as a connection, belong to others and are not changed.
 */
export function scrubbed(error: unknown, strike: Strike, seen = new Set<unknown>()): unknown {
  if (typeof error === 'string') return strike(error);
  if (!(error instanceof Error) || seen.has(error)) return error;
  seen.add(error);
  for (const key of Reflect.ownKeys(error)) {
    const value: unknown = Reflect.get(error, key);
    const next = Array.isArray(value) ? value.map((one) => scrubbed(one, strike, seen)) : scrubbed(value, strike, seen);
    if (next === value) continue;
    const isDone = Reflect.defineProperty(error, key, { value: next, configurable: true, writable: true });
    if (!isDone) return new Error(strike(error.message));
  }
  return error;
}

/** Wraps a log so that its facts contain no secret. */
export function logWithoutSecrets(log: Log, strike: Strike): Log {
  const facts = (given: object): object =>
    Object.fromEntries(Object.entries(given).map(([name, value]) => [name, scrubbed(value, strike)]));
  return {
    info: (given, message) => log.info(facts(given), strike(message)),
    warn: (given, message) => log.warn(facts(given), strike(message)),
    error: (given, message) => log.error(facts(given), strike(message)),
  };
}
