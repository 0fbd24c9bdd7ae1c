import { dayEnd, dayStart } from '../domain/calendar.ts';
import { UsageError } from './usageError.ts';

/** The policy file that was named, or JIT_POLICY. */
export function policyPath(files: readonly string[]): string {
  if (files.length > 1) throw new UsageError(`one file at a time, not ${files.length}`);
  const path = files[0] ?? process.env.JIT_POLICY;
  if (!path) throw new UsageError('name the policy file, or set JIT_POLICY');
  return path;
}

export function databasePath(named: string | undefined): string {
  const path = named ?? process.env.JIT_DATABASE;
  if (!path)
    throw new UsageError('no database is named: set JIT_DATABASE, or give its file where the usage (--help) has it');
  return path;
}

/** Rows under each other, as wide as they need to be. */
export function table(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

/** The time zone that the command runs in: what whoever types a date means. */
export const ownZone = (): string => Intl.DateTimeFormat().resolvedOptions().timeZone;

/**
 * A date and time on the command line; null: it was not given.
 * @param edge of a date without a time: a day that a period ends with is in it
 */
export function instantOption(
  name: string,
  text: string | undefined,
  edge: 'begins' | 'ends' = 'begins',
): number | null {
  if (text === undefined) return null;
  const isDay = /^\d{4}-\d{2}-\d{2}$/.test(text);
  const at = isDay ? (edge === 'begins' ? dayStart : dayEnd)(text, ownZone()) : Date.parse(text);
  if (Number.isNaN(at)) throw new UsageError(`${name} ${text} is no date such as 2026-01-31 or 2026-01-31T18:00Z`);
  return at;
}
